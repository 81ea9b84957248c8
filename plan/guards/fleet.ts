import { certainOffset, certainSkews, type ClockReading } from "../clock.ts";
import type { HostReading } from "../facts.ts";
import type { Finding } from "../findings.ts";
import { withRole, type Host } from "../inventory.ts";

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

/**
 * All of them together may differ by this many seconds from the machine on which certificates are made. Those are valid from some
 * minutes earlier on only where the bundled plugin makes them; without that, services wait for about as long as this.
 */
const operatorSkewSeconds = 60;

interface NamedClock extends ClockReading {
  name: string;
}

/** Clocks compared with this machine's. Where there is a control plane, its hosts speak for all. */
function operatorFindings(hosts: readonly Host[], clocks: readonly NamedClock[]): Finding[] {
  const controlPlane = new Set(withRole(hosts, "control-plane").map(({ name }) => name));
  const speaking = controlPlane.size === 0 ? clocks : clocks.filter(({ name }) => controlPlane.has(name));
  const offset = certainOffset(speaking);
  if (Math.abs(offset) <= operatorSkewSeconds) return [];
  const message = `their clocks are ${Math.abs(offset).toFixed(1)} s ${offset < 0 ? "behind" : "ahead of"} this machine's, ${operatorSkewSeconds} s are allowed: certificates that are made here would ${offset < 0 ? "not be valid there yet" : "end early there"}`;
  const remedy = "set up time synchronisation here, or on the hosts, and wait until all are in step";
  return [{ rule: "clock-skew", kind: "guard", hosts: speaking.map(({ name }) => name), message, remedy }];
}

/** Clocks compared with this machine's, and with each other: against the middle one, and only as far as the reading of both is certain. */
export function clockFindings(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): Finding[] {
  const clocks = hosts.flatMap((host): NamedClock[] => {
    const reading = readings.get(host.name);
    if (reading === undefined || !("facts" in reading) || reading.facts.skew === undefined) return [];
    const { skew, skewUncertainty = 0 } = reading.facts;
    return [{ name: host.name, skew, skewUncertainty }];
  });
  const skews = certainSkews(clocks);
  const apart = clocks.flatMap(({ name }, index) => {
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
  return [...apart, ...operatorFindings(hosts, clocks)];
}
