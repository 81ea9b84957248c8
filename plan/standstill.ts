import { hasEnded } from "./certificates.ts";
import { etcdCertificates } from "./bundles/etcd.ts";
import type { HostReading } from "./facts.ts";
import { withRole, type Host } from "./inventory.ts";
import type { LiveCluster } from "./livecluster.ts";
import { quorumOf } from "./membership.ts";

/**
 * Whether etcd stands still because certificates of its members have ended, so that no member can be brought back before others are: then
 * the control plane is changed on all hosts at once, as on a first bring-up. Nothing is lost by that, since nobody is served.
 *
 * A member with a certificate that is good can be a member of a quorum again; one whose host cannot be looked at, or that has none yet,
 * is not counted on. Where members that are good suffice for a quorum, they keep it, or find it again, while the others are changed one by one.
 *
 * @param hosts of the inventory.
 * @param at milliseconds since the epoch.
 */
export function standsStill(
  hosts: readonly Host[],
  readings: ReadonlyMap<string, HostReading>,
  live: Pick<LiveCluster, "members">,
  at: number,
): boolean {
  // Members are listed by whoever has a quorum.
  if (live.members !== undefined) return false;
  const members = withRole(hosts, "etcd");
  const ends = members.map(({ name }): "ended" | "good" | "unknown" => {
    const reading = readings.get(name);
    if (reading === undefined || !("facts" in reading)) return "unknown";
    const own = reading.facts.certificates.filter(({ path }) => etcdCertificates.includes(path));
    if (own.some((certificate) => hasEnded(certificate, at))) return "ended";
    return own.length === 0 ? "unknown" : "good";
  });
  const good = ends.filter((end) => end === "good").length;
  return ends.includes("ended") && good < quorumOf(members.length);
}

/** Says that nothing is changed one by one. */
export const standstillWarning =
  "certificates of etcd's members have ended, and there is no quorum without them: they are renewed on all hosts of the control plane at once";
