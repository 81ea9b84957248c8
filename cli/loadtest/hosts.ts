import { withRole, type Host } from "../../plan/inventory.ts";
import { parseGlance } from "../../plan/loadtest/hostlook.ts";
import type { Glance } from "../../plan/loadtest/meanwhile.ts";
import { loadTestScript } from "../../plan/scripts.ts";
import { askHosts, readAnswer } from "../cluster/ask.ts";
import type { StackInput } from "../project/inventory.ts";
import type { ProbeReading } from "../status/types.ts";

/** Seconds for one short look at a host: one that has lost its power must not hold up the next look. */
const glanceSeconds = 8;
/** The same where the journal is read, too. */
const journalSeconds = 40;

/** Plinth's units on each host, as a look at its status has told them. */
export function unitsOf(readings: ReadonlyMap<string, ProbeReading>): Map<string, string[]> {
  return new Map(
    [...readings].map(([host, reading]) => {
      const bundles = "probe" in reading ? (reading.probe.report?.bundles ?? []) : [];
      const units = bundles.flatMap((bundle) => Object.keys(bundle.units));
      return [host, [...new Set(units)].filter((unit) => /^\w.*\.(service|socket|timer)$/.test(unit))];
    }),
  );
}

/** Hosts that are looked at while the load runs; the others before and after. */
export function watchedHosts(hosts: readonly Host[]): Host[] {
  const roles = ["control-plane", "etcd", "load-balancer"] as const;
  const watched = new Set(roles.flatMap((role) => withRole(hosts, role)));
  return hosts.filter((host) => watched.has(host));
}

export interface HostLook {
  input: Pick<StackInput, "hosts" | "config">;
  units: ReadonlyMap<string, readonly string[]>;
  /** Tests pass what hosts say. */
  ask?: typeof askHosts;
}

/**
 * Looks at hosts for a moment.
 *
 * @param hosts those that are looked at.
 * @param since of a host: seconds since the epoch, by its clock, from which on its balancer is heard.
 */
export async function glanceAt(
  { input, units, ask = askHosts }: HostLook,
  hosts: readonly Host[],
  since?: (host: string) => number | undefined,
): Promise<Glance["hosts"]> {
  const vips = [input.config.vip, input.config.serviceVip].filter((vip) => vip !== undefined);
  const script = (host: string): string => loadTestScript(units.get(host) ?? [], since?.(host));
  const answers = await ask(
    { ...input, hosts: [...hosts] },
    script,
    since === undefined ? glanceSeconds : journalSeconds,
  );
  return new Map([...answers].map(([host, answer]) => [host, readAnswer(answer, (text) => parseGlance(text, vips))]));
}
