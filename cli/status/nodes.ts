import { leavingTaint } from "../../plan/bundles/serviceports.ts";
import { ownerAnnotation } from "../../plan/roster.ts";
import type { NodeStatus } from "./types.ts";

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

interface Node {
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: { unschedulable?: boolean; taints?: { key: string }[] };
  status?: {
    conditions?: Condition[];
    nodeInfo?: { kubeletVersion?: string; machineID?: string };
    addresses?: { type: string; address: string }[];
  };
}

interface Lease {
  metadata: { name: string };
  spec?: { renewTime?: string };
}

const ROLE_LABEL = "node-role.kubernetes.io/";

function describe({ reason, message, type }: Condition): string {
  return [reason ?? type, message].filter((part) => part !== undefined && part !== "").join(": ");
}

/** Everything but Ready says that something is wrong when it is True. */
function complaintsOf(conditions: readonly Condition[]): string[] {
  const ready = conditions.find(({ type }) => type === "Ready");
  if (ready === undefined) return ["its kubelet has not reported yet"];
  const wrong = conditions.filter(({ type, status }) => (type === "Ready" ? status !== "True" : status === "True"));
  return wrong.map(describe);
}

function readyOf(conditions: readonly Condition[]): boolean | undefined {
  const status = conditions.find(({ type }) => type === "Ready")?.status;
  return status === "Unknown" ? undefined : status === "True";
}

/**
 * Reads the API's lists of Nodes and of their leases.
 *
 * @param at milliseconds since the epoch.
 */
export function parseNodes(nodesJson: string, leasesJson: string, at: number): NodeStatus[] {
  const { items } = JSON.parse(nodesJson) as { items: Node[] };
  const leases = JSON.parse(leasesJson) as { items: Lease[] };
  const renewed = new Map(leases.items.map(({ metadata, spec }) => [metadata.name, spec?.renewTime]));
  return items.map(({ metadata, spec, status }) => {
    const conditions = status?.conditions ?? [];
    const renewTime = renewed.get(metadata.name);
    return {
      name: metadata.name,
      ready: readyOf(conditions),
      complaints: complaintsOf(conditions),
      version: (status?.nodeInfo?.kubeletVersion ?? "").replace(/^v/, ""),
      roles: Object.keys(metadata.labels ?? {})
        .filter((label) => label.startsWith(ROLE_LABEL))
        .map((label) => label.slice(ROLE_LABEL.length))
        .sort(),
      schedulable: spec?.unschedulable !== true,
      leaving: spec?.taints?.some(({ key }) => key === leavingTaint) === true,
      heartbeat: renewTime === undefined ? undefined : Math.max(0, (at - Date.parse(renewTime)) / 1000),
      machineId: status?.nodeInfo?.machineID ?? "",
      address: status?.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "",
      owner: metadata.annotations?.[ownerAnnotation],
    };
  });
}
