import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { resolveAccess } from "../../components/host/access.ts";
import { PlinthError } from "../../plan/findings.ts";
import { withRole } from "../../plan/inventory.ts";
import { ports } from "../../plan/ports.ts";
import { sharedPool, type SshTarget } from "../../ssh/index.ts";
import type { StackInput } from "../engine/inventory.ts";
import { readApiserver, readLeader, type ApiCredentials } from "./api.ts";
import { parseProbe } from "./probe.ts";
import type { ApiserverStatus, HostReading, LeaderStatus, Observation } from "./types.ts";

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

/** Looks at every host, every API server and the leases, all at once. Hosts that are down only cost their time limit. */
export async function observe(input: StackInput, credentials: ApiCredentials | undefined): Promise<Observation> {
  const { hosts, config } = input;
  const { access, findings } = await resolveAccess(hosts, config);
  if (access.size === 0 && findings.length > 0) throw new PlinthError(findings);
  const script = await readFile(join(import.meta.dirname, "probe.sh"), "utf8");
  const readings = hosts.map(async ({ name }): Promise<[string, HostReading]> => {
    const target = access.get(name);
    const missing = findings.find((finding) => finding.hosts.includes(name))?.message;
    return [name, target === undefined ? { error: missing ?? "unreachable" } : await readHost(target, script)];
  });
  const apiservers = withRole(hosts, "control-plane").map(
    async ({ name, address }): Promise<[string, ApiserverStatus]> => [
      name,
      credentials === undefined
        ? { ready: false, message: "the stack has no kubeconfig yet" }
        : await readApiserver(`https://${address}:${ports.apiserver}`, credentials),
    ],
  );
  const leaders = LEASES.map(async (lease): Promise<LeaderStatus> =>
    credentials === undefined
      ? { lease, holder: undefined, age: undefined, message: "the stack has no kubeconfig yet" }
      : readLeader(lease, credentials),
  );
  return {
    at: Date.now(),
    readings: new Map(await Promise.all(readings)),
    apiservers: new Map(await Promise.all(apiservers)),
    leaders: await Promise.all(leaders),
  };
}
