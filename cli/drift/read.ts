import { driftScript } from "../../components/host/script.ts";
import { judgeDrift, type DriftInput, type DriftReport } from "../../plan/drift.ts";
import { parseDriftLook } from "../../plan/driftlook.ts";
import { administratorOf } from "../cluster/administrator.ts";
import type { EngineContext } from "../pulumi/context.ts";
import type { StackInput } from "../project/inventory.ts";
import { readOutputs, type Outputs } from "../pulumi/outputs.ts";
import { CliError } from "../errors.ts";
import { ClusterApi } from "../cluster/api.ts";
import { askHosts, readAnswer } from "../cluster/ask.ts";

/** Seconds for a whole look at a host, which reads all of its binaries. */
const LOOK_SECONDS = 120;

async function readNodes(kubeconfig: string | undefined): Promise<DriftInput["nodes"]> {
  if (kubeconfig === undefined) return { error: "the stack has no kubeconfig yet" };
  const api = new ClusterApi(kubeconfig);
  try {
    const nodes = await api.nodes();
    return "error" in nodes ? nodes : { nodes: nodes.value };
  } finally {
    api.close();
  }
}

function lastUp(outputs: Outputs, stack: string): { clusterId: string; hosts: Set<string> } {
  const { clusterId, hosts } = outputs;
  if (clusterId === undefined || hosts === undefined) {
    throw new CliError(
      `There is nothing to compare with: stack "${stack}" has never been brought up ("./plinth up --stack ${stack}").`,
    );
  }
  return { clusterId, hosts: new Set(Object.keys(hosts)) };
}

/** Looks at all hosts and the cluster at once, and compares them with what the last `up` has left. */
export async function readDrift(input: StackInput, context: EngineContext): Promise<DriftReport> {
  const { stack } = context;
  const [answers, { last, nodes }] = await Promise.all([
    askHosts(input, driftScript(), LOOK_SECONDS),
    readOutputs(context, { secrets: true }).then(async (outputs) => ({
      last: lastUp(outputs, stack),
      nodes: await readNodes(await administratorOf(context, outputs)),
    })),
  ]);
  const readings: DriftInput["readings"] = new Map(
    [...answers].map(([name, answer]) => [name, readAnswer(answer, (text) => ({ look: parseDriftLook(text) }))]),
  );
  const { hosts, planned } = input;
  return judgeDrift({ hosts, bundlesOf: planned.bundlesOf, stack, last, readings, nodes });
}
