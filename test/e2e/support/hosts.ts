import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import type { Project } from "./project.ts";

export const hosts = ["cp1", "cp2", "cp3"] as const;
/** Hosts that are workers only. */
export const workers = ["w1", "w2"] as const;
export const allHosts = [...hosts, ...workers];
export const units = [
  ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "haproxy", "keepalived"],
  ...["containerd", "kubelet", "kube-proxy", "flanneld"],
];

/** Everything on a host that a run without changes must leave alone: files, and when each unit was started. */
export async function fingerprint(project: Project): Promise<string> {
  const script = [
    "find /etc /opt/plinth /usr/local/lib/plinth /var/lib/plinth -type f -exec sha256sum {} + | sort -k2",
    `systemctl show -p Id,ActiveEnterTimestampMonotonic,NRestarts ${units.join(" ")}`,
  ].join("; ");
  const all = await Promise.all(allHosts.map(async (host) => `${host}\n${await project.read(host, script)}`));
  return all.join("\n");
}

/** When each unit of a host was last started, as systemd tells it; nothing for units that it does not have. */
export async function startTimes(project: Project, host: string): Promise<Record<string, string>> {
  const text = await project.read(host, `systemctl show -p Id,ActiveEnterTimestampMonotonic ${units.join(" ")}`);
  const blocks = text.trim().split("\n\n");
  return Object.fromEntries(
    blocks.map((block) => {
      const fields = new Map(
        block.split("\n").map((line): [string, string] => [line.split("=")[0] ?? "", line.split("=")[1] ?? ""]),
      );
      return [fields.get("Id")?.replace(".service", "") ?? "", fields.get("ActiveEnterTimestampMonotonic") ?? ""];
    }),
  );
}

const vip = "10.27.0.10";

/** Waits until all hosts send to the VIP's holder, and no other host keeps connections from or to the VIP as its own. */
export async function vipFound(project: Project, seconds: number): Promise<void> {
  await eventually("every host sends to the holder of the VIP", seconds, async () => {
    const [holder, second] = await vipHolders(project, hosts);
    // Just after a partition two hosts hold it, until they have heard of one another.
    if (holder === undefined || second !== undefined) return undefined;
    const link = (
      await project.read(holder, `ip -o link show $(ip -o -4 address show to ${vip} | cut -d' ' -f2)`)
    ).trim();
    const mac = /link\/ether (\S+)/.exec(link)?.[1];
    if (mac === undefined) return undefined; // It has given the VIP up meanwhile.
    const others = allHosts.filter((host) => host !== holder);
    const found = await Promise.all(
      others.map(async (host) => {
        const neighbour = await project.read(host, `ip -4 neighbour show ${vip}`);
        const own = await project.read(host, `ss --no-header --tcp state established src ${vip}`);
        return (!neighbour.includes("lladdr") || neighbour.includes(mac)) && own === "";
      }),
    );
    return found.every(Boolean) ? true : undefined;
  });
}

async function vipHolders(project: Project, among: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    among.map(async (host) => {
      const run = await project.onHost(host, "ip -o -4 address show");
      return run.code === 0 && run.stdout.includes(`${vip}/`) ? host : undefined;
    }),
  );
  return found.filter((host) => host !== undefined);
}

/** The host that has the VIP, by its addresses. */
export async function vipHolder(project: Project, among: readonly string[] = hosts): Promise<string> {
  const holders = await vipHolders(project, among);
  if (holders.length !== 1 || holders[0] === undefined)
    throw new Error(`the VIP is held by ${holders.length === 0 ? "nobody" : holders.join(", ")}`);
  return holders[0];
}

/** When units of a host were being restarted, seconds since the epoch. */
export interface Span {
  host: string;
  /** The first of them was stopped. */
  from: number;
  /** The last of them was ready again. */
  to: number;
}

/** The last restart of some units of a host, taken as one, from the journal. */
export async function lastRestart(project: Project, host: string, restarted: readonly string[]): Promise<Span> {
  const times = await Promise.all(
    restarted.map(async (unit) => {
      const journal = await project.read(
        host,
        `journalctl -u ${unit} -o short-unix --no-pager | grep 'systemd\\[1\\]'`,
      );
      const last = (pattern: RegExp): number => {
        const line = journal
          .split("\n")
          .filter((text) => pattern.test(text))
          .at(-1);
        assert.ok(line, `${host}: ${pattern} in the journal of ${unit}`);
        return Number(line.trim().split(" ")[0]);
      };
      return { from: last(new RegExp(`: Stopping ${unit}`)), to: last(new RegExp(`: Started ${unit}`)) };
    }),
  );
  return { host, from: Math.min(...times.map((time) => time.from)), to: Math.max(...times.map((time) => time.to)) };
}

/** Fails when two hosts were being restarted at the same time. */
export function assertOneAtATime(spans: readonly Span[]): void {
  const ordered = [...spans].sort((a, b) => a.from - b.from);
  ordered.slice(1).forEach((span, index) => {
    const earlier = ordered[index];
    assert.ok(
      earlier !== undefined && span.from > earlier.to,
      `${span.host} was stopped before ${earlier?.host ?? "?"} was ready`,
    );
  });
}
