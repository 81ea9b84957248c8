import { compareBundles, unifiedDiff, type BundleChanges } from "../../plan/bundlechanges.ts";
import { claimedHost } from "../../plan/names.ts";
import { compareRosters, type RosterChanges } from "../../plan/rosterchanges.ts";
import type { PlannedStep } from "../pulumi/events.ts";
import type { Ordered } from "../../plan/runs/order.ts";
import { displayNameOf, kindOf } from "../render/display-name.ts";
import { isPartOfCertificate, isProvider } from "../render/steps.ts";
import { keyOf, parseUrn } from "../render/urn.ts";
import { hostsIn, isCommand } from "./resources.ts";
import { wavesOf } from "./waves.ts";

/** One change of a preview, as far as a reviewer cares. */
export interface ReviewItem {
  op: string;
  /** `types::name`, see {@link Ordered}. */
  key: string;
  /** For example `etcd`. */
  what: string;
  host?: string;
  sort: "bundle" | "roster" | "claim" | "release" | "certificate" | "object" | "other";
  bundle?: BundleChanges;
  roster?: RosterChanges;
  /** Diff of a text that is neither a bundle nor of the roster. */
  text?: string[];
  /** Keys, certificates or tokens change; what they are is never shown. */
  credentials: boolean;
  /** Names of other inputs that change. */
  inputs: string[];
}

function textOf(inputs: Readonly<Record<string, unknown>> | undefined, name: string): string | undefined {
  const value = inputs?.[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function changedInputs({ metadata }: PlannedStep): string[] {
  const paths = [...Object.keys(metadata.detailedDiff ?? {}), ...(metadata.diffs ?? []), ...(metadata.keys ?? [])];
  return [...new Set(paths.map((path) => path.split(/[.[]/, 1)[0] ?? path))].sort();
}

/** Standard input that is no secret: the engine shows those in brackets. */
function shownStdin(inputs: Readonly<Record<string, unknown>> | undefined): string {
  const text = textOf(inputs, "stdin") ?? "";
  return text === "[secret]" ? "" : text;
}

function commandItem(step: PlannedStep, base: ReviewItem): ReviewItem | undefined {
  const { op, metadata } = step;
  const [old, now] = [metadata.old?.inputs, metadata.new?.inputs];
  const name = parseUrn(step.urn)?.name ?? "";
  if (op === "delete") {
    // Without a command for it, what goes is an entry of the state.
    return textOf(old, "delete") === undefined ? undefined : { ...base, sort: "release" };
  }
  const before = op === "create" ? undefined : textOf(old, "create");
  const after = textOf(now, "create") ?? "";
  if (claimedHost(name) !== undefined) {
    return { ...base, sort: "claim", ...(before === undefined ? {} : { text: unifiedDiff(before, after) }) };
  }
  const bundle = compareBundles(before, after);
  if (bundle !== undefined) return { ...base, sort: "bundle", bundle };
  const was = before === undefined ? undefined : { text: before, stdin: shownStdin(old) };
  return { ...base, sort: "roster", roster: compareRosters(was, { text: after, stdin: shownStdin(now) }) };
}

function itemOf(step: PlannedStep, hosts: readonly string[]): ReviewItem | undefined {
  const { op, urn } = step;
  const { what, host } = displayNameOf(urn, hosts);
  const inputs = op === "create" || op === "delete" ? [] : changedInputs(step);
  const base: ReviewItem = {
    op,
    key: keyOf(urn),
    what,
    ...(host === undefined ? {} : { host }),
    sort: "other",
    credentials: inputs.includes("stdin"),
    inputs: inputs.filter((input) => !["stdin", "create", "update", "connection"].includes(input)),
  };
  if (isCommand(urn)) return commandItem(step, base);
  const type = parseUrn(urn)?.type ?? "";
  if (type.startsWith("tls:")) return { ...base, sort: "certificate", inputs: [] };
  return { ...base, sort: type.startsWith("kubernetes:") ? "object" : "other" };
}

/** The changes of a preview, in the engine's order; a replacement once, and no certificate's key. */
export function reviewItems(planned: readonly PlannedStep[], inventory: readonly string[]): ReviewItem[] {
  const hosts = hostsIn(
    planned.map(({ urn }) => urn),
    inventory,
  );
  return planned
    .filter(
      ({ op, urn, custom }) =>
        custom && !isProvider(urn) && !isPartOfCertificate(urn) && !/^(create-replacement|delete-replaced)$/.test(op),
    )
    .flatMap((step) => itemOf(step, hosts) ?? []);
}

/** Whether a change does something to hosts or cluster, as opposed to the state. */
export function hasEffect(item: ReviewItem): boolean {
  if (item.sort === "roster") return item.roster?.moved !== true || item.credentials || item.inputs.length > 0;
  return ["bundle", "claim", "release", "object"].includes(item.sort);
}

/** The changes in waves. What is deleted comes last: the engine deletes when everything else is done. */
export function itemWaves(items: readonly ReviewItem[], order: readonly Ordered[]): ReviewItem[][] {
  const active = items.filter(hasEffect);
  const [last, first] = [active.filter(({ op }) => op === "delete"), active.filter(({ op }) => op !== "delete")];
  const byKey = new Map(first.map((item) => [item.key, item]));
  const waves = wavesOf(order, [...byKey.keys()]).map((keys) => keys.flatMap((key) => byKey.get(key) ?? []));
  return [...waves, last].filter((wave) => wave.length > 0);
}

/** The kinds of what is done on hosts, by wave: what the history of a stack tells the usual durations of. */
export function kindWaves(waves: readonly (readonly ReviewItem[])[]): string[][] {
  return waves.map((wave) => wave.filter(({ sort }) => sort !== "object").map((item) => kindOf(item.op, item)));
}

function list(verb: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${verb} ${names.join(", ")}`];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function bundleEffects(bundle: BundleChanges, item: ReviewItem): string[] {
  const restarts = [...bundle.restarted, ...bundle.reloaded];
  // Which of the certificates changes is not in what may be shown.
  const perhaps = item.credentials ? bundle.readsSecrets.filter((unit) => !restarts.includes(unit)) : [];
  const versions = bundle.binaries.flatMap(({ name, before, after }) =>
    before !== undefined && after !== undefined ? [`${name} ${before} → ${after}`] : [],
  );
  const effects = [
    ...versions,
    ...list("restarts", bundle.restarted),
    ...list("reloads", bundle.reloaded),
    ...list("starts", bundle.started),
    ...list("stops", bundle.stopped),
    ...list("new keys or certificates, restarts of these those that read them:", perhaps),
    ...(bundle.repairs ? ["repaired: the host is not as it was left"] : []),
  ];
  if (effects.length > 0) return effects;
  const shown = bundle.files.length + bundle.binaries.length;
  return [shown > 0 ? `${count(shown, "file")}, no restart` : "no restart"];
}

/** What a step does about who belongs to the cluster. Hosts join by their own steps, the roster only lets hosts leave. */
function membershipEffects(step: string, { members, nodes }: RosterChanges): string[] {
  const changes = [members, nodes].flatMap(({ joining, leaving, replaced }) => [...joining, ...leaving, ...replaced]);
  if (changes.length === 0) return [];
  const effects =
    step === "evacuation"
      ? list("drained:", [...nodes.leaving, ...nodes.replaced])
      : [
          ...list("leaves etcd:", members.leaving),
          ...list("another address or machine in etcd:", members.replaced),
          ...list("Node is deleted:", nodes.leaving),
          ...list("Node on another machine:", nodes.replaced),
        ];
  return effects.length > 0 ? effects : [step === "evacuation" ? "nothing to drain" : "nobody leaves"];
}

/** What the step before a host's runtime does: for a Node it drains, for another host it opens the door. */
function drainEffect(op: string, { variables }: RosterChanges): string {
  if (op === "create") return "nothing to drain yet, the host may join";
  const diffs = new Map(variables.map(({ name, diff }) => [name, diff]));
  if (diffs.has("RUNTIME")) return "pods move away";
  // Earlier releases had no generation here.
  const anew = ["MACHINE_ID", "GENERATION"].some((name) => diffs.get(name)?.some((line) => line.startsWith("-")));
  return anew || diffs.has("INCARNATION") ? "the host may join anew" : "nothing to drain";
}

const variableEffects: Readonly<Record<string, string>> = {
  MANIFEST: "labels or annotations",
  TAINTS: "taints",
  RUNTIME: "back in service with another runtime",
  GENERATION: "registers anew",
  MACHINE_ID: "another machine",
  INCARNATION: "again, in a new cluster",
};

/** What a change does, in short: `restarts etcd.service`. */
export function effectsOf(item: ReviewItem): string[] {
  const { op, what, host, bundle, roster } = item;
  if (bundle !== undefined) return bundleEffects(bundle, item);
  if (item.sort === "claim") return [op === "create" ? "claims the host" : "host script or claim"];
  if (item.sort === "release") return ["cleaned up: units stopped, files removed, etcd's data set aside"];
  if (item.sort === "object") return [op === "create" ? "created" : op === "delete" ? "deleted" : "changed"];
  if (item.sort === "certificate")
    return [op === "create" ? "issued" : op === "delete" ? "no longer needed" : "renewed"];
  if (roster === undefined) return [];
  const membership = membershipEffects(what, roster);
  if (membership.length > 0) return membership;
  if (!hasEffect(item)) return ["runs on another control-plane host from now on; nothing to do"];
  if (host !== undefined && what === "drain") return [drainEffect(op, roster)];
  if (host !== undefined && what === "register" && op === "create") return ["Node joins"];
  const variables = roster.variables.map(({ name }) => variableEffects[name] ?? name);
  if (item.credentials) variables.push("new credentials");
  return variables.length > 0 ? variables : ["runs again"];
}

/** One host and what becomes of it. */
export interface ReviewHost {
  name: string;
  /** Roles by the inventory; none for a host that leaves. */
  roles: string[];
  change: "joins" | "leaves" | "replaced" | "changes";
  items: ReviewItem[];
}

/** What the roster of the whole cluster does with one host. */
export function membershipOf(name: string, items: readonly ReviewItem[]): string[] {
  const effects = items.flatMap(({ roster }) =>
    roster === undefined
      ? []
      : [
          ...(roster.nodes.leaving.includes(name) ? ["Node is drained and deleted"] : []),
          ...(roster.members.leaving.includes(name) ? ["leaves etcd"] : []),
          ...(roster.members.joining.includes(name) ? ["joins etcd"] : []),
          ...(roster.nodes.joining.includes(name) ? ["Node joins"] : []),
          ...(roster.members.replaced.includes(name) ? ["another address or machine in etcd"] : []),
          ...(roster.nodes.replaced.includes(name) ? ["Node on another machine"] : []),
        ],
  );
  return [...new Set(effects)];
}

/** The hosts that change, in the order of the inventory, those that leave behind them. */
export function reviewHosts(
  items: readonly ReviewItem[],
  inventory: readonly { name: string; roles: readonly string[] }[],
): ReviewHost[] {
  const union = (pick: (changes: RosterChanges) => readonly string[]): string[] =>
    items.flatMap(({ roster }) => (roster === undefined ? [] : pick(roster)));
  const released = items.flatMap(({ sort, host }) => (sort === "release" && host !== undefined ? [host] : []));
  const gone = [...released, ...union(({ members, nodes }) => [...members.leaving, ...nodes.leaving])];
  const claimed = items.flatMap(({ sort, op, host }) =>
    sort === "claim" && op === "create" && host !== undefined ? [host] : [],
  );
  const replaced = union(({ members, nodes }) => [...members.replaced, ...nodes.replaced]);
  const names = [...inventory.map(({ name }) => name), ...gone.sort()];
  // A step of the roster that merely runs elsewhere from now on changes nothing about its host.
  const touched = items.filter((item) => item.sort !== "roster" || hasEffect(item)).flatMap(({ host }) => host ?? []);
  return [...new Set(names)].flatMap((name): ReviewHost[] => {
    const known = inventory.find((host) => host.name === name);
    const own = items.filter(({ host }) => host === name);
    const leaves = known === undefined && gone.includes(name);
    if (!leaves && !touched.includes(name) && !replaced.includes(name)) return [];
    const change = leaves
      ? "leaves"
      : claimed.includes(name)
        ? "joins"
        : replaced.includes(name)
          ? "replaced"
          : "changes";
    return [{ name, roles: [...(known?.roles ?? [])], change, items: own }];
  });
}

/** `etcd on cp1, cp2 (restarts etcd.service)`: changes that are alike are told once. */
export function describeWave(wave: readonly ReviewItem[]): string[] {
  const groups = new Map<string, { item: ReviewItem; hosts: string[]; others: string[]; effect: string }>();
  for (const item of wave) {
    const effect = effectsOf(item).join("; ");
    const alike =
      item.sort === "object" ? `object ${effect}` : `${item.what}\n${effect}\n${String(item.host === undefined)}`;
    const group = groups.get(alike) ?? { item, hosts: [], others: [], effect };
    if (item.host === undefined) group.others.push(item.what);
    else group.hosts.push(item.host);
    groups.set(alike, group);
  }
  return [...groups.values()].map(({ item, hosts, others, effect }) => {
    const tail = effect === "" ? "" : ` (${effect})`;
    if (item.sort === "object" && others.length > 1) return `${others.length} objects in the cluster${tail}`;
    return hosts.length === 0 ? `${item.what}${tail}` : `${item.what} on ${hosts.join(", ")}${tail}`;
  });
}
