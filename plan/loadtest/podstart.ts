import { z } from "zod";
import { printable } from "../printable.ts";
import * as told from "../told.ts";
import { percentilesOf, podObjective, type Percentiles } from "./samples.ts";

const podSchema = z.object({
  metadata: z.object({ name: told.nodeName, resourceVersion: z.string().max(64) }),
  spec: z.object({ nodeName: told.nodeName.optional() }),
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().default("") }))
        .default([]),
      containerStatuses: z
        .array(
          z.object({
            state: z
              .object({
                running: z.object({}).optional(),
                waiting: z.object({ reason: z.string().default(""), message: z.string().default("") }).optional(),
                terminated: z.object({}).optional(),
              })
              .default({}),
          }),
        )
        .default([]),
    })
    .prefault({}),
});

/** A pod as the API tells it. */
export interface SeenPod {
  name: string;
  node?: string;
  /** All of its containers have started. */
  started: boolean;
  /** Why it has not, in the cluster's words; empty where nothing is said. */
  reason: string;
  version: string;
}

/** @returns undefined where it has another form. */
export function parsePod(object: unknown): SeenPod | undefined {
  const { data } = podSchema.safeParse(object);
  if (data === undefined) return undefined;
  const states = data.status.containerStatuses.map(({ state }) => state);
  const waiting = states.flatMap((state) => state.waiting ?? [])[0];
  const unscheduled = data.status.conditions.find(({ type, status }) => type === "PodScheduled" && status === "False");
  const words = waiting === undefined ? [unscheduled?.message ?? ""] : [waiting.reason, waiting.message];
  return {
    name: data.metadata.name,
    ...(data.spec.nodeName === undefined ? {} : { node: data.spec.nodeName }),
    started:
      states.length > 0 && states.every(({ running, terminated }) => running !== undefined || terminated !== undefined),
    reason: printable(words.filter((word) => word !== "").join(": "), 300),
    version: data.metadata.resourceVersion,
  };
}

const podList = z.object({
  metadata: z.object({ resourceVersion: z.string().max(64) }),
  items: z.array(z.unknown()),
});

/** @throws Error with a sentence when it is no list of pods. */
export function parsePodList(object: unknown): { version: string; pods: SeenPod[] } {
  const { data } = podList.safeParse(object);
  if (data === undefined) throw new Error("the API server's list of pods makes no sense");
  return { version: data.metadata.resourceVersion, pods: data.items.flatMap((item) => parsePod(item) ?? []) };
}

const watchEvent = z.object({ type: z.string(), object: z.unknown() });

/** One line of a watch: `over` where it has to begin anew. */
export function parseWatchLine(line: string): { pod: SeenPod; gone: boolean } | "over" | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "over";
  }
  const { data } = watchEvent.safeParse(value);
  if (data === undefined || data.type === "ERROR") return "over";
  const pod = parsePod(data.object);
  return pod === undefined ? undefined : { pod, gone: data.type === "DELETED" };
}

const eventList = z.object({
  items: z.array(z.object({ involvedObject: z.object({ name: z.string().default("") }) })),
});

/** Names of the pods that events are about. */
export function podsOfEvents(list: unknown): Set<string> {
  return new Set((eventList.safeParse(list).data?.items ?? []).map(({ involvedObject }) => involvedObject.name));
}

/** One pod of a test. Milliseconds of one clock. */
export interface PodLife {
  name: string;
  /** When its creation was sent. */
  made: number;
  /** When a watch told that its containers had started. */
  started?: number;
  node?: string;
  /** Why it has not started, where something is known. */
  reason?: string;
}

/** How pods came up. */
export interface PodResult {
  made: number;
  started: number;
  /** Those that had not started within the time that they had. */
  late: number;
  /** Those for which an image was pulled: they do not count. */
  pulled: number;
  /** Milliseconds, from the creation until a watch tells that all containers have started. */
  latency?: Percentiles;
  objective: number;
  /** Undefined where no pod could be made. */
  met?: boolean;
  /** Node → pods that started there. */
  nodes: Record<string, number>;
  /** Why pods were late; the last of them. */
  reasons: string[];
}

/** Milliseconds in which a pod has to start. */
export const podPatience = 60_000;

const mostReasons = 5;

/**
 * Judges how pods came up. One that is late took as long as it was waited for.
 *
 * @param pulled names of pods for which an image was pulled.
 * @param until when the last look was, by the pods' clock. Pods that have not started and had no time to are left out.
 */
export function judgePods(all: readonly PodLife[], pulled: ReadonlySet<string>, until: number): PodResult {
  const known = all.filter(({ started, made }) => started !== undefined || until - made >= podPatience);
  const counted = known.filter(({ name }) => !pulled.has(name));
  const latency = percentilesOf(counted.map(({ made, started = made + podPatience }) => started - made));
  const late = known.filter(({ started }) => started === undefined);
  const nodes: Record<string, number> = {};
  for (const { node, started } of known) {
    if (node !== undefined && started !== undefined) nodes[node] = (nodes[node] ?? 0) + 1;
  }
  return {
    ...{ made: all.length, started: known.length - late.length, late: late.length },
    pulled: known.length - counted.length,
    ...(latency === undefined ? {} : { latency, met: latency.p99 <= podObjective }),
    ...{ objective: podObjective, nodes },
    reasons: [...new Set(late.flatMap(({ reason }) => (reason === undefined || reason === "" ? [] : [reason])))].slice(
      -mostReasons,
    ),
  };
}
