import { z } from "zod";
import { known, words, type LineReaders } from "./look.ts";
import { annotations, nodeLabels, taints } from "./names.ts";
import { printable } from "./printable.ts";
import * as told from "./told.ts";

/** What a Node carries, as the API tells it. */
export interface NodeContent {
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  taints: readonly { key: string; value: string; effect: string }[];
}

/** A Node of Kubernetes, as far as a change depends on it. */
export interface KubeNode {
  name: string;
  /** Undefined: its kubelet has not been heard of for so long that nobody knows. */
  ready: boolean | undefined;
  /** /etc/machine-id of the machine that its kubelet runs on. */
  machineId?: string;
  /** Its first internal address. */
  address?: string;
  /** The stack that answers for it, see `ownerOf` in plan/roster.ts: its label, or where it has none the annotation of earlier releases. */
  owner?: string;
  /** It has our taint of Nodes that leave, and was `uncordon` or `cordoned` before (annotation `plinth/leaving`). */
  leaving?: string;
  /** Annotation `plinth/drained`: it was drained for another runtime, and was `uncordon` or `cordoned` before. */
  drained?: string;
}

/** The same with what is told besides about its state, where the API is asked itself. */
export interface ListedNode extends KubeNode {
  /** Why it is not ready, and what else its conditions complain about, as `reason: message`. */
  complaints: string[];
  /** Of its kubelet, without the leading v. */
  version: string;
  roles: string[];
  cordoned: boolean;
  /** It carries the taint that takes it out of the load balancers. */
  unserved: boolean;
  /** It carries something that only Plinth puts there. */
  ours: boolean;
  /** What it carries, as the cluster tells it: to be compared, and shown escaped. */
  content: NodeContent;
}

/** Field manager of everything that Plinth declares about a Node, and the prefix of its annotations. */
const plinth = "plinth";

const roleLabel = "node-role.kubernetes.io/";

/** What the condition Ready says. Without one its kubelet has not reported yet. */
function isReady(status: string | undefined): boolean | undefined {
  return status === "Unknown" ? undefined : status === "True";
}

/** What a Node says of itself and has no such form is as good as not said: it may not keep anybody from reading the others. */
const ifFits = <Value>(schema: z.ZodType<Value, string>) => schema.optional().catch(undefined);

const heldBack = z.enum(["uncordon", "cordoned"]);

/** The fields of a Node that its own kubelet can write. */
const ownWords = z.object({
  machineId: ifFits(told.machineId),
  address: ifFits(told.address),
  owner: ifFits(told.label),
  leaving: ifFits(heldBack),
  drained: ifFits(heldBack),
});

const encoded = z.string().transform((word, context) => {
  try {
    return decodeURIComponent(word.replaceAll("+", " "));
  } catch {
    context.addIssue("is not encoded");
    return z.NEVER;
  }
});

/** `NAME READY MACHINE-ID INTERNAL-IPS OWNER LEAVING DRAINED`, each encoded as in a URL, and `-` where there is nothing. */
const nodeWords = z
  .tuple([told.nodeName, encoded, encoded, encoded, encoded, encoded, encoded])
  .transform(([name, ready, ...own]): KubeNode => {
    const [machineId, addresses, owner, leaving, drained] = own.map((text) => (text === "-" ? undefined : text));
    const fields = ownWords.parse({ machineId, address: addresses?.split(" ")[0], owner, leaving, drained });
    return { name, ready: isReady(ready), ...known(fields) };
  });

/** Reads the lines about Nodes. `nodes` is called once the API server of the host has answered. */
export function nodeReaders(nodes: () => KubeNode[]): LineReaders {
  return {
    nodes: words("Nodes", z.tuple([told.count]), () => {
      nodes();
    }),
    node: words("Nodes", nodeWords, (node) => {
      nodes().push(node);
    }),
  };
}

const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

type Condition = z.infer<typeof condition>;

const taint = z.object({ key: z.string(), value: z.string().default(""), effect: z.string().default("") });

type Taint = z.infer<typeof taint>;

const texts = z.record(z.string(), z.string()).default({});

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: told.nodeName,
        labels: texts,
        annotations: texts,
        managedFields: z.array(z.object({ manager: z.string().optional() })).default([]),
      }),
      spec: z
        .object({
          unschedulable: z.boolean().default(false),
          taints: z.array(taint).default([]),
        })
        .prefault({}),
      status: z
        .object({
          conditions: z.array(condition).default([]),
          nodeInfo: z.object({ kubeletVersion: z.string().default(""), machineID: z.string().optional() }).prefault({}),
          addresses: z.array(z.object({ type: z.string(), address: z.string() })).default([]),
        })
        .prefault({}),
    }),
  ),
});

function readNodeList(json: string): z.infer<typeof nodeList> {
  try {
    return nodeList.parse(JSON.parse(json));
  } catch (error) {
    throw new Error("the API server's list of Nodes makes no sense", { cause: error });
  }
}

function describe({ reason, message, type }: Condition): string {
  return printable([reason ?? type, message].filter((part) => part !== undefined && part !== "").join(": "), 500);
}

/** Everything but Ready says that something is wrong when it is True. */
function complaintsOf(conditions: readonly Condition[]): string[] {
  if (!conditions.some(({ type }) => type === "Ready")) return ["its kubelet has not reported yet"];
  const wrong = conditions.filter(({ type, status }) => (type === "Ready" ? status !== "True" : status === "True"));
  return wrong.map(describe);
}

/** As the readers on hosts tell it (scripts/look/nodes.sh): by our taint, which a kubelet cannot set about its Node. */
function leavingAs(its: readonly Taint[], notes: Readonly<Record<string, string>>): string | undefined {
  if (!its.some(({ key, value }) => key === taints.leaving && value === plinth)) return undefined;
  return notes[annotations.leaving] ?? (notes[annotations.drained] === undefined ? "cordoned" : undefined);
}

/**
 * Reads the API's list of Nodes.
 *
 * @throws Error with a sentence when it is none.
 */
export function parseNodeList(json: string): ListedNode[] {
  return readNodeList(json).items.map(({ metadata, spec, status }) => {
    const { name, labels, annotations: notes, managedFields } = metadata;
    return {
      name,
      ready: isReady(status.conditions.find(({ type }) => type === "Ready")?.status),
      ...known(
        ownWords.parse({
          machineId: status.nodeInfo.machineID,
          address: status.addresses.find(({ type }) => type === "InternalIP")?.address,
          owner: labels[nodeLabels.owner] ?? notes[annotations.owner],
          leaving: leavingAs(spec.taints, notes),
          drained: notes[annotations.drained],
        }),
      ),
      complaints: complaintsOf(status.conditions),
      version: printable(status.nodeInfo.kubeletVersion.replace(/^v/, ""), 64),
      roles: Object.keys(labels)
        .filter((label) => label.startsWith(roleLabel))
        .map((label) => printable(label.slice(roleLabel.length), 63))
        .sort(),
      cordoned: spec.unschedulable,
      unserved: spec.taints.some(({ key }) => key === taints.leaving),
      ours:
        labels[nodeLabels.owner] !== undefined ||
        Object.keys(notes).some((key) => key.startsWith(`${plinth}/`)) ||
        managedFields.some(({ manager }) => manager === plinth),
      content: { labels, annotations: notes, taints: spec.taints },
    };
  });
}
