import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { resolveAccess } from "../../components/host/targets.ts";
import { PlinthError } from "../../plan/findings.ts";
import { withRole } from "../../plan/inventory.ts";
import { ports } from "../../plan/ports.ts";
import { sharedPool, type SshTarget } from "../../ssh/index.ts";
import type { StackInput } from "../engine/inventory.ts";
import { readApiserver, readLeader, readNodes, type ApiCredentials } from "./api.ts";
import { parseProbe } from "./probe.ts";
import type { ApiserverStatus, HostReading, LeaderStatus, NodesReading, Observation } from "./types.ts";

const LEASES = ["kube-controller-manager", "kube-scheduler"];
const AS_ROOT = 'if [ "$(id -u)" -eq 0 ]; then exec /bin/sh -s; else exec sudo -n /bin/sh -s; fi';
/** Seconds for a login, and for a whole look at a host. */
const DIAL_SECONDS = 5;
const PROBE_SECONDS = 30;

async function readHost(target: SshTarget, script: string): Promise<HostReading> {
  try {
    const signal = AbortSignal.timeout(PROBE_SECONDS * 1000);
    const quick = { ...target, dialErrorLimit: 0, perDialTimeout: DIAL_SECONDS };
    const result = await sharedPool.exec(quick, AS_ROOT, { stdin: script, signal });
    if (signal.aborted) return { error: `no answer within ${PROBE_SECONDS} s` };
    if (result.code !== 0) {
      return { error: result.stderr.trim().split("\n").at(-1) ?? `exit code ${String(result.code)}` };
    }
    return { probe: parseProbe(result.stdout) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

const NO_KUBECONFIG = "the stack has no kubeconfig yet";

/** Looks at every host. One connection and one command each. */
async function readHosts({ hosts, config }: StackInput): Promise<[string, HostReading][]> {
  const { access, findings } = await resolveAccess(hosts, config);
  if (access.size === 0 && findings.length > 0) throw new PlinthError(findings);
  const script = await readFile(join(import.meta.dirname, "probe.sh"), "utf8");
  return Promise.all(
    hosts.map(async ({ name }): Promise<[string, HostReading]> => {
      const target = access.get(name);
      const missing = findings.find((finding) => finding.hosts.includes(name))?.message;
      return [name, target === undefined ? { error: missing ?? "unreachable" } : await readHost(target, script)];
    }),
  );
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
