import { certainSkews } from "../clock.ts";
import type { HostReading } from "../facts.ts";
import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";

/** Clocks may differ by this many seconds: leases and certificates start to suffer beyond it. */
const clockSkewSeconds = 2;

/** Two names in the inventory that turn out to be one machine, or copies of one disk. */
export function sameMachineFindings(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): Finding[] {
  const readable = hosts.flatMap((host) => {
    const reading = readings.get(host.name);
    return reading !== undefined && "facts" in reading ? [{ name: host.name, id: reading.facts.machineId }] : [];
  });
  return [...Map.groupBy(readable, (host) => host.id)]
    .filter(([id, group]) => id !== "" && group.length > 1)
    .map(([id, group]) => ({
      rule: "duplicate-machine-id",
      kind: "guard",
      hosts: group.map((host) => host.name),
      message: `they report the same machine id ${id}, so they are one machine or copies of one disk`,
      remedy:
        "correct the addresses, or make new ids on the copies (rm /etc/machine-id; systemd-machine-id-setup; reboot)",
    }));
}

/** Clocks compared with each other: against the middle one, and only as far as the reading of both is certain. */
export function clockFindings(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): Finding[] {
  const clocks = hosts.flatMap((host) => {
    const reading = readings.get(host.name);
    if (reading === undefined || !("facts" in reading) || reading.facts.skew === undefined) return [];
    const { skew, skewUncertainty = 0 } = reading.facts;
    return [{ name: host.name, skew, skewUncertainty }];
  });
  const skews = certainSkews(clocks);
  return clocks.flatMap(({ name }, index) => {
    const skew = skews[index] ?? 0;
    if (Math.abs(skew) <= clockSkewSeconds) return [];
    return [
      {
        rule: "clock-skew",
        kind: "guard" as const,
        hosts: [name],
        message: `its clock differs by ${skew.toFixed(1)} s from the other hosts, ${clockSkewSeconds} s are allowed`,
        remedy: "set up time synchronisation (chrony or systemd-timesyncd) and wait until it is in step",
      },
    ];
  });
}
