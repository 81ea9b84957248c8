import { isDeepStrictEqual } from "node:util";
import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";
import { configFor, onceEach, placesOf } from "../settings/layers.ts";
import type { Place } from "../settings/place.ts";
import { ports } from "../ports.ts";
import { isObject } from "../merge.ts";
import type { Placement } from "./part.ts";

type SettingsKey =
  "apiserverArgs" | "controllerManagerArgs" | "schedulerArgs" | "etcdArgs" | "kubeletConfig" | "kubeProxyConfig";

/**
 * What the rest of Plinth goes by in the settings of a service. It follows from what Plinth sets itself: whatever is a place there
 * (an address, a port, a path, a network of the cluster) is where others look for it. Exceptions stand beside the settings.
 */
export interface Reliance {
  /** The key of the configuration that is laid over the settings. */
  key: SettingsKey;
  /** Plinth's own settings of one host, without those. */
  own: (placement: Placement) => Readonly<Record<string, unknown>>;
  /** Which hosts have the service. */
  appliesTo: (host: Host) => boolean;
  /** Settings that are no place and are relied on all the same. */
  binding?: readonly string[];
  /** Places that are followed wherever they are needed, or that nobody else needs. */
  free?: readonly string[];
  /** Other values that do as well. */
  accepts?: Readonly<
    Record<string, (value: unknown, host: Host, config: ClusterConfig, hosts: readonly Host[]) => boolean>
  >;
  /** What Plinth leaves at its default and relies on: name → why it cannot be set. */
  never?: Readonly<Record<string, string>>;
  /** What to set in its place. */
  instead?: Readonly<Record<string, string>>;
}

/** Whether a value says where something is. */
function isPlace(value: unknown, host: Host, config: ClusterConfig): boolean {
  if (typeof value === "boolean" || isObject(value)) return false;
  const texts = (Array.isArray(value) ? value : [value]).map(String);
  const known: readonly string[] = [
    ...Object.values(ports).map(String),
    ...[config.podCidr, config.serviceCidr, config.clusterDomain],
  ];
  return texts.some(
    (text) =>
      /^(unix:\/)?\/|^https?:|^127\./.test(text) || text.split(/[:/]/).includes(host.address) || known.includes(text),
  );
}

type Entry = [path: readonly string[], value: unknown];

/** A structure as its values, each with the keys that lead to it. */
function entriesOf(settings: Readonly<Record<string, unknown>>, above: readonly string[] = []): Entry[] {
  return Object.entries(settings).flatMap(([key, value]): Entry[] =>
    isObject(value) ? entriesOf(value, [...above, key]) : [[[...above, key], value]],
  );
}

/** What is laid over a setting; undefined where nothing is. A null takes it away, or all of what it is part of. */
function laidOver(theirs: Readonly<Record<string, unknown>>, [key = "", ...rest]: readonly string[]): unknown {
  const value = theirs[key];
  return rest.length > 0 && isObject(value) ? laidOver(value, rest) : value;
}

const same = (a: unknown, b: unknown): boolean => isDeepStrictEqual(a, b) || String(a) === String(b);

/** Settings of the configuration that the rest of Plinth could not follow. */
export function relianceFindings(
  reliances: readonly Reliance[],
  hosts: readonly Host[],
  config: ClusterConfig,
): Finding[] {
  return reliances.flatMap((reliance) => {
    const members = hosts.filter(reliance.appliesTo).map((host) => {
      const own = configFor(host, config);
      return { host, config: own, theirs: own[reliance.key], place: placesOf(host, config) };
    });
    const report = (name: string, { name: where, hosts: whose }: Place, problem: string): Finding => ({
      rule: "relied-on",
      kind: "input",
      hosts: whose,
      // Without what was set: it may be a secret.
      message: `${where} ${problem}`,
      remedy: reliance.instead?.[name] ?? "remove it",
    });
    const contradicted = members.flatMap(({ host, config: own, theirs, place }) =>
      entriesOf(reliance.own({ host, hosts, config: own })).flatMap(([path, value]) => {
        const name = path.join(".");
        const over = laidOver(theirs, path);
        if (over === undefined || same(over, value) || reliance.free?.includes(name) === true) return [];
        if (reliance.binding?.includes(name) !== true && !isPlace(value, host, config)) return [];
        if (reliance.accepts?.[name]?.(over, host, own, hosts) === true) return [];
        return [{ name, ours: String(value), where: place(reliance.key, path) }];
      }),
    );
    const never = members.flatMap(({ theirs, place }) =>
      Object.entries(reliance.never ?? {})
        .filter(([name]) => laidOver(theirs, name.split(".")) !== undefined)
        .map(([name, why]) => report(name, place(reliance.key, name.split(".")), `cannot be set: ${why}`)),
    );
    const byPlace = Map.groupBy(contradicted, ({ name, where }) => JSON.stringify([name, where]));
    return [
      ...[...byPlace.values()].flatMap((group) => {
        const values = new Set(group.map(({ ours }) => ours));
        const value = values.size === 1 ? ` (${[...values].join("")})` : "";
        return group
          .slice(0, 1)
          .map(({ name, where }) => report(name, where, `is not what Plinth sets and the rest of it goes by${value}`));
      }),
      ...onceEach(never),
    ];
  });
}

/** The entries of a list in one text, separated by commas. */
export function listIn(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** The values of a list with one by name, `A=true,B=false`. */
export function settingsIn(text: string | undefined): Map<string, string> {
  return new Map(
    listIn(text).map((entry): [string, string] => {
      const [name = "", value = "true"] = entry.split("=").map((part) => part.trim());
      return [name, value];
    }),
  );
}

/** Whether a value is one that Go takes for true (strconv.ParseBool). */
export const isOn = (value: string): boolean => /^(1|t|T|true|TRUE|True)$/.test(value);

/** An argument that holds a list: Plinth's entries, and those of others that are not among them. */
export function unionOf(own: string, theirs: string | undefined): string {
  return [...new Set([...listIn(own), ...listIn(theirs)])].join(",");
}

/** The same of a list with one value by name (`A=true,B=false`): others' values win. */
export function unionByName(own: string, theirs: string | undefined): string {
  const byName = new Map([...listIn(own), ...listIn(theirs)].map((entry) => [entry.split("=")[0] ?? entry, entry]));
  return [...byName.values()].join(",");
}
