import { driftScript } from "../../components/host/script.ts";
import { judgeDrift, type DriftInput, type DriftReport } from "../../plan/drift.ts";
import { readDeclared, type Declared } from "../../plan/declared.ts";
import { parseDriftLook } from "../../plan/driftlook.ts";
import { printable } from "../../plan/printable.ts";
import { administratorOf } from "../cluster/administrator.ts";
import type { EngineContext } from "../pulumi/context.ts";
import type { StackInput } from "../project/inventory.ts";
import { readOutputs, type Outputs } from "../pulumi/outputs.ts";
import { CliError } from "../errors.ts";
import { ClusterApi } from "../cluster/api.ts";
import { askHosts, readAnswer } from "../cluster/ask.ts";
import { lookAtObjects } from "../cluster/objects.ts";
import { runPulumi } from "../pulumi/cli.ts";

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

async function readObjects(kubeconfig: string | undefined, { objects }: Declared): Promise<DriftInput["objects"]> {
  if (objects.length === 0) return { objects: [] };
  if (kubeconfig === undefined) return { error: "the stack has no kubeconfig yet" };
  const seen = await lookAtObjects(kubeconfig, objects);
  const errors = seen.flatMap(({ reading }) => ("error" in reading ? [printable(reading.error, 500)] : []));
  const [first] = errors;
  // One word for all of them, where the API does not answer.
  if (first !== undefined && errors.length === seen.length) return { error: first };
  return { objects: seen };
}

function lastUp(outputs: Outputs, stack: string): Omit<DriftInput["last"], "nodes"> {
  const { clusterId, hosts, versions } = outputs;
  if (clusterId === undefined || hosts === undefined) {
    throw new CliError(
      `There is nothing to compare with: stack "${stack}" has never been brought up ("./plinth up --stack ${stack}").`,
    );
  }
  return { clusterId, hosts: new Set(Object.keys(hosts)), kubernetesVersion: versions?.kubernetes };
}

/** Looks at all hosts and the cluster at once, and compares them with what the last `up` has left. */
export async function readDrift(input: StackInput, context: EngineContext): Promise<DriftReport> {
  const { stack } = context;
  const look = async () => {
    const outputs = await readOutputs(context, { secrets: true });
    const run = lastUp(outputs, stack);
    const [declared, kubeconfig] = await Promise.all([
      runPulumi(context, ["stack", "export", "--show-secrets"]).then(readDeclared),
      administratorOf(context, outputs),
    ]);
    const nothing = { nodes: [] };
    const [nodes, objects] = await Promise.all([
      input.planned.machinesOnly ? nothing : readNodes(kubeconfig),
      readObjects(kubeconfig, declared),
    ]);
    return { last: { ...run, nodes: declared.nodes }, nodes, objects };
  };
  const [answers, { last, nodes, objects }] = await Promise.all([askHosts(input, driftScript(), LOOK_SECONDS), look()]);
  const readings: DriftInput["readings"] = new Map(
    [...answers].map(([name, answer]) => [name, readAnswer(answer, (text) => ({ look: parseDriftLook(text) }))]),
  );
  const { hosts, planned } = input;
  return judgeDrift({ hosts, bundlesOf: planned.bundlesOf, stack, last, readings, nodes, objects });
}
