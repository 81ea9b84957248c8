import { statusScript } from "../../components/host/script.ts";
import { failoverUnits, type FailoverHost } from "../../plan/failover/hosts.ts";
import { isNode, type Host } from "../../plan/inventory.ts";
import { ports } from "../../plan/ports.ts";
import type { ClusterApi } from "../cluster/api.ts";
import { askHosts, readAnswer } from "../cluster/ask.ts";
import type { StackInput } from "../project/inventory.ts";
import { defragmentationLooks } from "../etcd/look.ts";
import { parseProbe } from "../status/probe.ts";
import type { ProbeReading } from "../status/types.ts";

/** Seconds for a whole look at a host. */
const lookSeconds = 30;

/** What a look at a host tells of it. */
export function failoverHost(
  host: Host,
  reading: ProbeReading,
  seen: Pick<FailoverHost, "apiserver" | "node">,
  vip: string | undefined,
): FailoverHost {
  const [member] = host.roles.includes("etcd")
    ? defragmentationLooks(
        new Map([[host.name, "probe" in reading ? (reading.probe.etcd ?? { error: "it has no member" }) : reading]]),
      )
    : [];
  const common = { name: host.name, ...(member === undefined ? {} : { member }), ...seen };
  const unknown = (error: string): FailoverHost => ({ ...common, error, holdsVip: false, units: new Map() });
  if ("error" in reading) return unknown(reading.error);
  const { addresses, report, reportError, failoverUntil } = reading.probe;
  if (report === undefined) return unknown(reportError ?? "it has no host script: run up");
  return {
    ...common,
    holdsVip: vip !== undefined && vip in addresses,
    ...(failoverUntil === undefined ? {} : { failoverUntil }),
    units: failoverUnits(report.bundles),
  };
}

/** Looks at every host with the role etcd or control-plane, at its API server and its Node. */
export async function lookForFailover(
  { hosts, config }: Pick<StackInput, "hosts" | "config">,
  api: ClusterApi,
): Promise<FailoverHost[]> {
  const looked = hosts.filter(({ roles }) => roles.includes("etcd") || roles.includes("control-plane"));
  const [answers, nodes, servers] = await Promise.all([
    askHosts({ hosts: looked, config }, statusScript(), lookSeconds),
    api.nodes(),
    Promise.all(
      looked.map(async ({ roles, address }) => {
        if (!roles.includes("control-plane")) return undefined;
        const { ready, message } = await api.readiness(`https://${address}:${ports.apiserver}`);
        return ready ? "ok" : message;
      }),
    ),
  ]);
  const nodeOf = (host: Host): boolean | string => {
    if (!isNode(host)) return true;
    if ("error" in nodes) return `unknown: ${nodes.error}`;
    return (
      nodes.value.find(({ name }) => name === host.name)?.ready ?? "unknown to the cluster, or has not been heard of"
    );
  };
  return looked.map((host, index) => {
    const answer = answers.get(host.name) ?? { error: "unreachable" };
    const reading = readAnswer(answer, (text): ProbeReading => ({ probe: parseProbe(text) }));
    const apiserver = servers[index];
    const seen = { ...(apiserver === undefined ? {} : { apiserver }), node: nodeOf(host) };
    return failoverHost(host, reading, seen, config.vip);
  });
}
