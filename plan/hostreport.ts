import { ownerAnnotation } from "./roster.ts";

/** One thing of a bundle that is not as it was left, as `plinth-host status` tells it. */
export interface BundleDifference {
  /** See scripts/lib/status.sh. */
  kind: string;
  /** A path, a unit, a parameter of the kernel, and so on. */
  name: string;
  /** A sentence without its subject. Never a content. */
  detail: string;
}

export interface BundleReport {
  bundle: string;
  state: "complete" | "half-done" | "failed";
  /** Why it has failed. */
  reason?: string;
  units: string[];
  drift: BundleDifference[];
}

/** A member as `etcdctl member list` has it. */
export interface ListedMember {
  /** Hexadecimal. */
  id: string;
  started: boolean;
  /** Empty until it has started. */
  name: string;
  peerUrls: string[];
  isLearner: boolean;
}

/** What one host says about itself. */
export interface HostReport {
  claim: { cluster: string; clusterId: string; host: string } | undefined;
  /** The host script: as it was installed, edited, or gone. */
  script: "ok" | "changed" | "missing";
  bundles: BundleReport[];
  /** Files that change units besides their own. */
  dropIns: string[];
  /** etcd's members, where the host has a member that answers. */
  members: ListedMember[] | undefined;
  /** Why there are none although there should be. */
  membersError: string | undefined;
}

/** What a host said, or why it could not be asked. */
export type HostReportReading = { report: HostReport } | { error: string };

/** What of a Node matters here. */
export interface ListedNode {
  name: string;
  /** It carries something that only Plinth puts there. */
  ours: boolean;
  /** The stack that answers for it, as its annotation says. */
  owner?: string;
  cordoned: boolean;
  /** A drain of ours has marked it. */
  drained: boolean;
}

export type NodeListReading = { nodes: ListedNode[] } | { error: string };

type Json = Record<string, unknown>;

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function records(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** Reads `etcdctl member list`, one line a member: `ID, started, NAME, PEER URLS, CLIENT URLS, false`. */
export function parseMemberList(text: string): ListedMember[] | undefined {
  const members = text.split("\n").flatMap((line): ListedMember[] => {
    const [id = "", status = "", name = "", peers = "", , learner = ""] = line.split(", ");
    if (!/^[0-9a-f]+$/.test(id) || (status !== "started" && status !== "unstarted")) return [];
    const peerUrls = peers.split(",").filter((url) => url !== "");
    return [{ id, started: status === "started", name, peerUrls, isLearner: learner.trim() === "true" }];
  });
  // A cluster without members does not answer.
  return members.length === 0 ? undefined : members;
}

function bundleReport(bundle: Json): BundleReport {
  const { state, reason, units } = bundle;
  return {
    bundle: textOf(bundle["bundle"]),
    state: state === "complete" || state === "failed" ? state : "half-done",
    ...(typeof reason === "string" ? { reason } : {}),
    units: isRecord(units) ? Object.keys(units) : [],
    drift: records(bundle["drift"]).map(({ kind, name, detail }) => ({
      kind: textOf(kind),
      name: textOf(name),
      detail: textOf(detail),
    })),
  };
}

/**
 * Reads what cli/drift/look.sh prints: sections that begin with `== NAME`.
 *
 * @throws Error with a sentence when the answer is cut off or makes no sense.
 */
export function parseHostReport(text: string): HostReport {
  const sections = new Map(
    `${text}\n`
      .split(/^== /m)
      .slice(1)
      .map((section): [string, string] => {
        const end = section.indexOf("\n");
        return [section.slice(0, end).trim(), section.slice(end + 1).trim()];
      }),
  );
  if (!text.includes("plinth-drift 1\n") || !sections.has("end")) throw new Error("the answer of the host is cut off");
  const statusText = sections.get("status") ?? "";
  const line = statusText.split("\n").findLast((candidate) => candidate.startsWith("{"));
  let status: unknown;
  try {
    status = JSON.parse(line ?? "");
  } catch {
    throw new Error(`the host could not be compared: ${statusText.split("\n").at(-1) || "no answer"}`);
  }
  if (!isRecord(status)) throw new Error("the host could not be compared: its answer makes no sense");
  const { claim, script } = status;
  const membersText = sections.get("members");
  const members = membersText === undefined ? undefined : parseMemberList(membersText);
  return {
    claim: isRecord(claim)
      ? { cluster: textOf(claim["cluster"]), clusterId: textOf(claim["clusterId"]), host: textOf(claim["host"]) }
      : undefined,
    script: script === "changed" || script === "missing" ? script : "ok",
    bundles: records(status["bundles"]).map(bundleReport),
    dropIns: (sections.get("drop-ins") ?? "").split("\n").filter((path) => path !== ""),
    members,
    membersError:
      membersText !== undefined && members === undefined ? membersText.split("\n").at(-1) || "no answer" : undefined,
  };
}

interface NodeObject {
  metadata: { name: string; annotations?: Record<string, string>; managedFields?: { manager?: string }[] };
  spec?: { unschedulable?: boolean };
}

/** Field manager of everything that Plinth declares about a Node. */
const owner = "plinth";

/** Reads the API's list of Nodes. */
export function parseNodeList(json: string): ListedNode[] {
  const { items } = JSON.parse(json) as { items: NodeObject[] };
  return items.map(({ metadata, spec }) => {
    const annotations = Object.keys(metadata.annotations ?? {});
    const stack = metadata.annotations?.[ownerAnnotation];
    return {
      name: metadata.name,
      ...(stack === undefined ? {} : { owner: stack }),
      ours:
        annotations.some((name) => name.startsWith(`${owner}/`)) ||
        metadata.managedFields?.some(({ manager }) => manager === owner) === true,
      cordoned: spec?.unschedulable === true,
      drained: annotations.includes(`${owner}/drained`),
    };
  });
}
