import type { ClusterConfig } from "../config.ts";
import { containerdSchema } from "../containerdsettings.ts";
import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";
import { isObject, lay } from "../merge.ts";
import { placementLabels } from "../roster.ts";
import { stackPlace, type PlaceOf } from "./place.ts";
import { settingKeys, type Group, type SettingKey, type Settings } from "./schema.ts";

/** Who says what a setting is. Plinth's own defaults are below all of them. */
export type Origin =
  | { kind: "stack" }
  /** `index`: of `plinth:groups`, from 0. */
  | { kind: "group"; index: number; selector: Group["selector"] }
  | { kind: "host" };

/** What one of them says. */
export interface Layer {
  origin: Origin;
  settings: Readonly<Partial<Record<SettingKey, Record<string, unknown>>>>;
}

/** Whether a host is in a group. */
export function isSelected(host: Host, { selector }: Pick<Group, "selector">): boolean {
  const labels = placementLabels(host);
  return Object.entries(selector).every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value);
}

function settingsOf(source: (Settings & Pick<Host, "parameters">) | ClusterConfig): Layer["settings"] {
  return Object.fromEntries(
    settingKeys.flatMap((key) => {
      const value: unknown = source[key];
      return isObject(value) ? [[key, value]] : [];
    }),
  );
}

/** What is laid over Plinth's own for a host, the lowest first: the stack, groups in their order, the host itself. */
export function layersOf(host: Host, config: ClusterConfig): Layer[] {
  return [{ origin: { kind: "stack" }, settings: settingsOf(config) }, ...ownLayers(host, config)];
}

function ownLayers(host: Host, config: ClusterConfig): Layer[] {
  return [
    ...config.groups.flatMap((group, index): Layer[] => {
      if (!isSelected(host, group)) return [];
      const origin = { kind: "group", index, selector: group.selector } as const;
      return [{ origin, settings: settingsOf(group) }];
    }),
    ...(hasOwn(host)
      ? [{ origin: { kind: "host" } as const, settings: settingsOf({ ...host.settings, parameters: host.parameters }) }]
      : []),
  ];
}

function hasOwn(host: Host): boolean {
  return host.settings !== undefined || host.parameters !== undefined;
}

const known = new WeakMap<ClusterConfig, WeakMap<Host, ClusterConfig>>();

/**
 * The configuration as it is for one host: maps are merged key by key, lists and values of a later layer replace those of an earlier
 * one. A null stays, and takes away what Plinth has there. What neither groups nor hosts set is the stack's very own.
 *
 * Of its own outcome it makes the same again.
 */
export function configFor(host: Host, config: ClusterConfig): ClusterConfig {
  if (config.groups.length === 0 && !hasOwn(host)) return config;
  const ofConfig = known.get(config) ?? new WeakMap<Host, ClusterConfig>();
  known.set(config, ofConfig);
  const before = ofConfig.get(host);
  if (before !== undefined) return before;
  const merged = ownLayers(host, config).reduce<ClusterConfig>(
    (below, { settings }) => ({
      ...below,
      ...Object.fromEntries(
        Object.entries(settings).map(([key, value]) => [key, lay(below[key as SettingKey], value)]),
      ),
    }),
    config,
  );
  // A runtime of which each layer says a part is whole now.
  const containerd =
    merged.containerd === config.containerd ? config.containerd : containerdSchema.parse(merged.containerd);
  const outcome = { ...merged, containerd };
  ofConfig.set(host, outcome);
  return outcome;
}

/** What a layer says at a place; undefined where it says nothing. A null above a place takes that away, too. */
export function saidAt(settings: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return settings;
  if (!isObject(settings)) return settings;
  return Object.hasOwn(settings, key) ? saidAt(settings[key], rest) : undefined;
}

/** Who decides about a setting: the last one who says something there. Undefined: nobody but Plinth. */
export function originOf(layers: readonly Layer[], key: string, path: readonly string[]): Origin | undefined {
  return layers.findLast(({ settings }) => saidAt(settings[key as SettingKey], path) !== undefined)?.origin;
}

const dotted = (...parts: readonly string[]): string => parts.join(".");

/** Where the settings of a host stand. */
export function placesOf(host: Host, config: ClusterConfig): PlaceOf {
  const layers = layersOf(host, config);
  return (key, path) => {
    const origin = originOf(layers, key, path);
    if (origin?.kind === "host") {
      const above = key === "parameters" ? [] : ["settings"];
      return { name: dotted(...above, key, ...path), hosts: [host.name] };
    }
    if (origin?.kind === "group") return { name: dotted(`plinth:groups.${origin.index}`, key, ...path), hosts: [] };
    return stackPlace(key, path);
  };
}

/**
 * Judges the settings of the stack, and of every host that has others. What is wrong at one place is told once.
 *
 * @param validate given a configuration as it is for a host, and where its settings stand.
 */
export function settingsFindings(
  hosts: readonly Host[],
  config: ClusterConfig,
  validate: (config: ClusterConfig, place: PlaceOf) => Finding[],
): Finding[] {
  const found = [
    ...validate(config, stackPlace),
    ...hosts.flatMap((host) => {
      const own = configFor(host, config);
      return own === config ? [] : validate(own, placesOf(host, config));
    }),
  ];
  return onceEach(found);
}

/** Findings that say the same once. */
export function onceEach(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}
