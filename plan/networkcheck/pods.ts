import { z } from "zod";
import { printable } from "../printable.ts";
import * as told from "../told.ts";

/** A probe that runs and answers the kubelet of its Node. */
export interface ReadyProbe {
  name: string;
  uid: string;
  node: string;
  address: string;
}

/** A probe that does not run (yet). */
export interface WaitingProbe {
  name: string;
  node: string;
  /** In words of the cluster. */
  reason: string;
  /** Whether it says something about the network: without room or image there is nothing to test with. */
  tellsOfNetwork: boolean;
}

export interface Probes {
  ready: ReadyProbe[];
  waiting: WaitingProbe[];
}

const condition = z.object({ type: z.string(), status: z.string(), message: z.string().default("") });
const waitingState = z.object({ reason: z.string().default(""), message: z.string().default("") });

const nodeFields = z
  .object({
    nodeAffinity: z.object({
      requiredDuringSchedulingIgnoredDuringExecution: z.object({
        nodeSelectorTerms: z.array(
          z.object({ matchFields: z.array(z.object({ values: z.array(z.string()).default([]) })).default([]) }),
        ),
      }),
    }),
  })
  .optional()
  .catch(undefined);

const podSchema = z.object({
  metadata: z.object({ name: told.nodeName, uid: z.uuid(), deletionTimestamp: z.string().optional() }),
  spec: z.object({ nodeName: told.nodeName.optional(), affinity: nodeFields }),
  status: z
    .object({
      podIP: z.ipv4().optional().catch(undefined),
      conditions: z.array(condition).default([]),
      containerStatuses: z
        .array(z.object({ state: z.object({ waiting: waitingState.optional() }).default({}) }))
        .default([]),
    })
    .prefault({}),
});
type Pod = z.output<typeof podSchema>;

const podList = z.object({ items: z.array(podSchema) });

/** Words of a kubelet for an image that it does not get. */
const withoutImage = /^(ErrImage|ImagePull|ImageInspect|InvalidImageName|RegistryUnavailable)/;

/**
 * Reads the API's list of the probes.
 *
 * @throws Error with a sentence when it is none.
 */
export function parseProbes(list: unknown): Probes {
  const { success, data } = podList.safeParse(list);
  if (!success) throw new Error("the API server's list of the probes makes no sense");
  const probes: Probes = { ready: [], waiting: [] };
  for (const pod of data.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)) {
    const { name, uid } = pod.metadata;
    const node = nodeOf(pod);
    if (node === undefined) continue;
    const address = pod.status.podIP;
    if (address !== undefined && conditionOf(pod, "Ready")?.status === "True") {
      probes.ready.push({ name, uid, node, address });
    } else probes.waiting.push({ name, node, ...whyNot(pod) });
  }
  return probes;
}

const conditionOf = ({ status }: Pod, name: string) => status.conditions.find(({ type }) => type === name);

/** Its Node, or the one that the controller of DaemonSets has meant it for. */
function nodeOf({ spec }: Pod): string | undefined {
  const terms = spec.affinity?.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms ?? [];
  return spec.nodeName ?? terms.flatMap(({ matchFields }) => matchFields.flatMap(({ values }) => values))[0];
}

function whyNot(pod: Pod): Pick<WaitingProbe, "reason" | "tellsOfNetwork"> {
  const scheduled = conditionOf(pod, "PodScheduled");
  if (scheduled?.status === "False") {
    return { reason: `there is no room: ${printable(scheduled.message, 300)}`, tellsOfNetwork: false };
  }
  const waiting = pod.status.containerStatuses.flatMap(({ state }) => state.waiting ?? [])[0];
  if (waiting === undefined) {
    const runs = pod.status.podIP !== undefined;
    const reason = runs ? "it runs and does not answer its kubelet" : "its kubelet has not started it";
    return { reason, tellsOfNetwork: true };
  }
  const reason = printable([waiting.reason, waiting.message].filter((text) => text !== "").join(": "), 300);
  return { reason, tellsOfNetwork: !withoutImage.test(waiting.reason) };
}

const eventList = z.object({
  items: z.array(
    z.object({
      type: z.string().optional(),
      message: z.string().default(""),
      involvedObject: z.object({ name: z.string().default("") }),
    }),
  ),
});

/** Name of a pod → the last warning about it. Empty where the list makes no sense: it only adds to what is known. */
export function parseWarnings(list: unknown): Map<string, string> {
  const items = eventList.safeParse(list).data?.items ?? [];
  return new Map(
    items
      .filter(({ type }) => type === "Warning")
      .map(({ involvedObject, message }) => [involvedObject.name, printable(message, 300)]),
  );
}
