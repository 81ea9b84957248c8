import type { HostFacts } from "../facts.ts";

/** KiB as people read them: `512 MiB`, `15.6 GiB`. */
export function amount(kiB: number): string {
  if (kiB < 1024 ** 2) return `${Math.round(kiB / 1024)} MiB`;
  return `${(kiB / 1024 ** 2).toFixed(1)} GiB`;
}

const orNone = (values: readonly string[]): string => (values.length === 0 ? "none" : values.join(", "));

function entries(record: Readonly<Record<string, string | number>>, between = " "): string[] {
  return Object.entries(record).map(([key, value]) => `${key}${between}${value}`);
}

function diskLines({ diskFreeKiB, diskSizeKiB }: HostFacts): string[] {
  return Object.entries(diskFreeKiB).map(([path, free]) => {
    const size = diskSizeKiB[path];
    return `${path}: ${amount(free)} free${size === undefined ? "" : ` of ${amount(size)}`}`;
  });
}

function clockText({ timeSync, skew, skewUncertainty = 0 }: HostFacts): string {
  const services = `set by ${orNone(timeSync)}`;
  return skew === undefined ? services : `${services}; ${skew.toFixed(1)} s off (± ${skewUncertainty.toFixed(1)} s)`;
}

/** The facts of one host that people ask for first, as [what, value]; a value may be several lines. */
export function factRows(facts: HostFacts): [string, string[]][] {
  const { claim } = facts;
  const rows: [string, string[]][] = [
    ["hostname", [facts.hostname]],
    ["system", [`${facts.os}, ${facts.arch}${facts.container === undefined ? "" : `, in ${facts.container}`}`]],
    ["kernel", [facts.kernel]],
    ["systemd", [facts.systemd]],
    ["machine id", [facts.machineId]],
    ["boot id", [facts.bootId]],
    ["memory", [`${amount(facts.memoryAvailableKiB)} free of ${amount(facts.memoryKiB)}`]],
    ["swap", [facts.swapKiB === 0 ? "none" : `${amount(facts.swapUsedKiB)} used of ${amount(facts.swapKiB)}`]],
    ["disks", diskLines(facts)],
    ["clock", [clockText(facts)]],
    ["addresses", entries(facts.addresses)],
    ["MTU", entries(facts.linkMtus)],
    ["control groups", [`${facts.cgroup}: ${orNone(facts.cgroupControllers)}`]],
    ["SELinux", [facts.selinux ?? "off"]],
    ["tools", entries(facts.versions)],
    ["claim", [claim === undefined ? "none" : `cluster ${claim.cluster}, stack ${claim.stack}, host ${claim.host}`]],
    ["bundles", entries(Object.fromEntries(Object.entries(facts.bundles).map(([name, { state }]) => [name, state])))],
    [
      "listens",
      facts.listeners.map(({ protocol, address, port, command }) => `${protocol} ${address} ${port} ${command}`),
    ],
  ];
  return rows.map(([what, lines]) => [what, lines.length === 0 ? ["none"] : lines]);
}

/** Headings of {@link factCells}. */
export const factColumns = ["system", "arch", "kernel", "memory free", "disk free", "clock", "bundles"] as const;

/** The same of one host as one row of a table. */
export function factCells(facts: HostFacts): string[] {
  const bundles = Object.values(facts.bundles);
  const complete = bundles.filter(({ state }) => state === "complete").length;
  const free = Object.values(facts.diskFreeKiB);
  return [
    facts.os,
    facts.arch,
    facts.kernel,
    `${amount(facts.memoryAvailableKiB)} of ${amount(facts.memoryKiB)}`,
    free.length === 0 ? "-" : amount(Math.min(...free)),
    facts.skew === undefined ? "-" : `${facts.skew.toFixed(1)} s off`,
    bundles.length === 0 ? "none" : `${complete} of ${bundles.length} complete`,
  ];
}
