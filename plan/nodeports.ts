import type { ClusterConfig } from "./config.ts";

/** The ports of Nodes that Services may have, both ends included. */
export interface NodePortRange {
  first: number;
  last: number;
}

/** What kube-apiserver has where nothing else is said (`--service-node-port-range`). */
const defaultRange = "30000-32767";

/** The range as it is written. */
export function writtenNodePorts({ apiserverArgs }: Pick<ClusterConfig, "apiserverArgs">): string {
  const text = apiserverArgs["service-node-port-range"]?.trim() ?? "";
  return text === "" ? defaultRange : text;
}

/**
 * The ports of Nodes that the API server gives to Services.
 *
 * @returns undefined where `service-node-port-range` of `plinth:apiserverArgs` is none. Its forms are those of kube-apiserver: `30000-32767`,
 *   `30000+2767` (a port and how many follow it) and `30000`.
 */
export function nodePortRange(config: Pick<ClusterConfig, "apiserverArgs">): NodePortRange | undefined {
  const form = /^(\d{1,5})\s*(?:([-+])\s*(\d{1,5}))?$/.exec(writtenNodePorts(config));
  if (form === null) return undefined;
  const first = Number(form[1]);
  const second = Number(form[3]);
  const last = form[2] === undefined ? first : form[2] === "-" ? second : Math.min(first + second, 65535);
  return first >= 1 && first <= last && last <= 65535 ? { first, last } : undefined;
}
