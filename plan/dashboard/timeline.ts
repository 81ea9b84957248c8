import { isTold } from "../expiry.ts";
import { kubeletCredentials } from "../names.ts";
import type { StatusDocument } from "./document.ts";

const DAY = 86_400_000;

/** Kinds of certificates, each a line of its own. */
const lanes = {
  authority: "authorities",
  leaf: "services",
  kubelet: "kubelets",
  kubeconfig: "kubeconfigs",
} as const;
type Kind = keyof typeof lanes;

export type Urgency = "ended" | "soon" | "ok";

/** Certificates that end at about the same time. */
export interface Mark {
  /** Of the width, 0 to 100. */
  position: number;
  count: number;
  urgency: Urgency;
  /** ISO 8601: when the first of them ends. */
  first: string;
  /** What they are, at most six: `cp1: /etc/kubernetes/pki/etcd-server.crt`. */
  names: readonly string[];
}

export interface Lane {
  title: string;
  marks: readonly Mark[];
}

export interface Timeline {
  lanes: readonly Lane[];
  ticks: readonly { position: number; text: string }[];
}

interface Ending {
  kind: Kind;
  name: string;
  notAfter: string;
  urgency: Urgency;
}

const ticks: readonly (readonly [days: number, text: string])[] = [
  [0, "now"],
  [7, "7 days"],
  [30, "30 days"],
  [90, "90 days"],
  [365, "1 year"],
  [3 * 365, "3 years"],
  [10 * 365, "10 years"],
];

/** So many names a mark has, and so near are marks that become one, in parts of the width. */
const most = 6;
const near = 1.5;

/** Where a time stands: soon is wide and far is narrow, so that a day matters as much as it does to whoever has to act. */
export function positionOf(time: number, at: number, horizon: number): number {
  const scaled = (days: number): number => Math.log1p(Math.max(0, days) / 7);
  return Math.min(100, (100 * scaled((time - at) / DAY)) / scaled(horizon));
}

function urgencyOf(kind: Kind, notBefore: string | undefined, notAfter: string, at: number): Urgency {
  if (Date.parse(notAfter) <= at) return "ended";
  // What a kubeconfig's certificate began with is not told: a year before it ends, as Plinth makes them.
  const since = notBefore ?? new Date(Date.parse(notAfter) - 365 * DAY).toISOString();
  return isTold(kind, { notBefore: since, notAfter, subject: "", isAuthority: kind === "authority" }, at)
    ? "soon"
    : "ok";
}

function endingsOf({ hosts, kubeconfigs, at }: StatusDocument): Ending[] {
  const kubelets = new Set<string>(Object.values(kubeletCredentials));
  const authorities = new Map<string, Ending>();
  const others: Ending[] = [];
  for (const [host, reading] of Object.entries(hosts)) {
    if (!("probe" in reading)) continue;
    for (const { path, subject, notBefore, notAfter, isAuthority } of reading.probe.certificates) {
      if (Number.isNaN(Date.parse(notAfter))) continue;
      const kind: Kind = isAuthority ? "authority" : kubelets.has(path) ? "kubelet" : "leaf";
      const name = isAuthority ? subject : `${host}: ${path}`;
      const ending = { kind, name, notAfter, urgency: urgencyOf(kind, notBefore, notAfter, at) };
      // Each authority once, whatever hosts have it.
      if (isAuthority) authorities.set(`${subject} ${notAfter}`, ending);
      else others.push(ending);
    }
  }
  const ofUsers = kubeconfigs
    .filter(({ notAfter }) => !Number.isNaN(Date.parse(notAfter)))
    .map(({ owner, notAfter }): Ending => {
      return { kind: "kubeconfig", name: owner, notAfter, urgency: urgencyOf("kubeconfig", undefined, notAfter, at) };
    });
  return [...authorities.values(), ...others, ...ofUsers];
}

/** Marks from the first to the last; those that would cover each other are one. */
function marksOf(endings: readonly Ending[], at: number, horizon: number): Mark[] {
  const sorted = endings.toSorted((a, b) => Date.parse(a.notAfter) - Date.parse(b.notAfter));
  const groups: { position: number; endings: Ending[] }[] = [];
  for (const ending of sorted) {
    const position = positionOf(Date.parse(ending.notAfter), at, horizon);
    const last = groups.at(-1);
    if (last !== undefined && position - last.position < near) last.endings.push(ending);
    else groups.push({ position, endings: [ending] });
  }
  return groups.map(({ position, endings: its }) => ({
    ...{ position, count: its.length, first: its[0]?.notAfter ?? "" },
    urgency: (["ended", "soon"] as const).find((urgency) => its.some((each) => each.urgency === urgency)) ?? "ok",
    names: its.slice(0, most).map(({ name }) => name),
  }));
}

/** When certificates end, as a line for each kind of them. */
export function timelineOf(document: StatusDocument): Timeline {
  const { at } = document;
  const endings = endingsOf(document);
  const last = endings.reduce((latest, { notAfter }) => Math.max(latest, Date.parse(notAfter)), at + 365 * DAY);
  const horizon = (last - at) / DAY;
  return {
    lanes: (Object.keys(lanes) as Kind[]).flatMap((kind) => {
      const its = endings.filter((ending) => ending.kind === kind);
      return its.length === 0 ? [] : [{ title: lanes[kind], marks: marksOf(its, at, horizon) }];
    }),
    ticks: ticks
      .filter(([days]) => days <= horizon)
      .map(([days, text]) => ({ position: positionOf(at + days * DAY, at, horizon), text })),
  };
}
