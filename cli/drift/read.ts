import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { feed, hostScript } from "../../components/host/script.ts";
import { judgeDrift, type DriftReport } from "../../plan/drift.ts";
import { parseHostReport, parseNodeList, type HostReportReading, type NodeListReading } from "../../plan/hostreport.ts";
import type { StackInput } from "../project/inventory.ts";
import { administratorOf } from "../cluster/administrator.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { readOutputs, type Outputs } from "../pulumi/outputs.ts";
import { CliError } from "../errors.ts";
import { parseKubeconfig, readNodeList } from "../status/api.ts";
import { askHosts, type Answer } from "../status/exec.ts";

/** Seconds for a whole look at a host, which reads all of its binaries. */
const LOOK_SECONDS = 120;

/** What is fed to every host: the look, then the host script with the verb that compares. */
export async function lookScript(): Promise<string> {
  const look = await readFile(join(import.meta.dirname, "look.sh"), "utf8");
  const compare = feed(hostScript(), `timeout ${LOOK_SECONDS - 10} /bin/sh -s -- status --verify 2>&1`);
  return `${look}echo '== status'\n${compare}echo '== end'\n`;
}

function readReport(answer: Answer): HostReportReading {
  if ("error" in answer) return answer;
  try {
    return { report: parseHostReport(answer.text) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

async function readNodes(kubeconfig: string | undefined): Promise<NodeListReading> {
  const credentials = kubeconfig === undefined ? undefined : parseKubeconfig(kubeconfig);
  if (credentials === undefined) return { error: "the stack has no kubeconfig yet" };
  const list = await readNodeList(credentials);
  if ("error" in list) return list;
  try {
    return { nodes: parseNodeList(list.json) };
  } catch {
    return { error: "the API's answer makes no sense" };
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
    lookScript().then((script) => askHosts(input, script, LOOK_SECONDS)),
    readOutputs(context, { secrets: true }).then(async (outputs) => ({
      last: lastUp(outputs, stack),
      nodes: await readNodes(await administratorOf(context, outputs)),
    })),
  ]);
  const readings = new Map([...answers].map(([name, answer]) => [name, readReport(answer)]));
  const { hosts, planned } = input;
  return judgeDrift({ hosts, bundlesOf: planned.bundlesOf, stack, last, readings, nodes });
}
