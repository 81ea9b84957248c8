import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { withRole } from "../../plan/inventory.ts";
import { ports } from "../../plan/ports.ts";
import type { StackInput } from "../project/inventory.ts";
import { readApiserver, readLeader, readNodes, type ApiCredentials } from "./api.ts";
import { askHosts, type Answer } from "./exec.ts";
import { parseProbe } from "./probe.ts";
import type { ApiserverStatus, HostReading, LeaderStatus, NodesReading, Observation } from "./types.ts";

const LEASES = ["kube-controller-manager", "kube-scheduler"];
/** Seconds for a whole look at a host. */
const PROBE_SECONDS = 30;

const NO_KUBECONFIG = "the stack has no kubeconfig yet";

function readProbe(answer: Answer): HostReading {
  if ("error" in answer) return answer;
  try {
    return { probe: parseProbe(answer.text) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Looks at every host. */
async function readHosts(input: StackInput): Promise<[string, HostReading][]> {
  const script = await readFile(join(import.meta.dirname, "probe.sh"), "utf8");
  const answers = await askHosts(input, script, PROBE_SECONDS);
  return [...answers].map(([name, answer]) => [name, readProbe(answer)]);
}

function readApiservers(
  { hosts }: StackInput,
  credentials: ApiCredentials | undefined,
): Promise<[string, ApiserverStatus][]> {
  return Promise.all(
    withRole(hosts, "control-plane").map(async ({ name, address }): Promise<[string, ApiserverStatus]> => [
      name,
      credentials === undefined
        ? { ready: false, message: NO_KUBECONFIG }
        : await readApiserver(`https://${address}:${ports.apiserver}`, credentials),
    ]),
  );
}

function readLeaders(credentials: ApiCredentials | undefined): Promise<LeaderStatus[]> {
  return Promise.all(
    LEASES.map(async (lease) =>
      credentials === undefined
        ? { lease, holder: undefined, age: undefined, message: NO_KUBECONFIG }
        : readLeader(lease, credentials),
    ),
  );
}

/**
 * Looks at every host, every API server, the leases and the Nodes, all at once. Hosts that are down only cost their time
 * limit.
 *
 * @param credentials still being read, which takes as long as looking at the hosts; undefined when the stack has none.
 */
export async function observe(
  input: StackInput,
  credentials: Promise<ApiCredentials | undefined>,
): Promise<Observation> {
  const api = credentials.then((known) =>
    Promise.all([
      readApiservers(input, known),
      readLeaders(known),
      known === undefined ? ({ error: NO_KUBECONFIG } satisfies NodesReading) : readNodes(known),
    ]),
  );
  const [readings, [apiservers, leaders, nodes]] = await Promise.all([readHosts(input), api]);
  return { at: Date.now(), readings: new Map(readings), apiservers: new Map(apiservers), leaders, nodes };
}
