import { bundlesOf, isTakenBack } from "../bringup.ts";
import { planBundle } from "../bundles/index.ts";
import type { ClusterConfig } from "../config.ts";
import type { HostReading } from "../facts.ts";
import type { Host } from "../inventory.ts";
import { surroundingsOf } from "../surroundings.ts";
import { rolesOf } from "./part.ts";
import { roleBundle, stages } from "./shape.ts";

/**
 * Who of a host's roles goes in whose turn: a file belongs to one bundle, so a role that gives one up goes before the one that gets it. The
 * others stay in the order of the project's list, and so do roles that would each have to go before the other: there the host refuses, and
 * nothing is lost.
 *
 * @param linkMtu see `linkMtuOf`.
 */
export function roleTurns(
  hosts: readonly Host[],
  config: ClusterConfig,
  readings: ReadonlyMap<string, HostReading>,
  linkMtu: number,
): Pick<ClusterConfig, "roleTurns"> {
  const turns = hosts.flatMap((host): [string, Record<string, string>][] => {
    const reading = readings.get(host.name);
    if (reading === undefined || !("facts" in reading)) return [];
    const { facts } = reading;
    const roles = rolesOf(host, config).map(({ name, stage }) => ({ bundle: roleBundle(name), stage }));
    const staying = new Set(roles.map(({ bundle }) => bundle));
    const holders = new Map(
      facts.roleFiles?.filter(({ bundle }) => staying.has(bundle)).map((one) => [one.path, one.bundle]),
    );
    if (holders.size === 0) return [];
    const surroundings = surroundingsOf(host, facts, linkMtu);
    const giving = new Map(
      bundlesOf(host, config)
        .filter(({ name }) => staying.has(name) && !isTakenBack(host.name, name, config))
        .map((entry) => {
          const {
            files,
            secrets,
            downloads = [],
            links = [],
          } = planBundle(entry, { host, hosts, config, surroundings });
          return [
            entry.name,
            new Set([...files, ...secrets, ...downloads, ...links].flatMap(({ path }) => holders.get(path) ?? [])),
          ];
        }),
    );
    const own = stages.flatMap((stage) => {
      const listed = roles.filter((role) => role.stage === stage).map(({ bundle }) => bundle);
      const ordered = giversFirst(listed, giving);
      return listed.flatMap((bundle, index): [string, string][] => {
        const other = ordered[index];
        return other === undefined || other === bundle ? [] : [[bundle, other]];
      });
    });
    return own.length === 0 ? [] : [[host.name, Object.fromEntries(own)]];
  });
  return turns.length === 0 ? {} : { roleTurns: Object.fromEntries(turns) };
}

/** @param giving bundle → those that have had files of its own so far. */
function giversFirst(bundles: readonly string[], giving: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const ordered: string[] = [];
  let waiting = [...bundles];
  const waits = (bundle: string): boolean =>
    waiting.some((other) => other !== bundle && giving.get(bundle)?.has(other) === true);
  for (;;) {
    const next = waiting.find((bundle) => !waits(bundle)) ?? waiting[0];
    if (next === undefined) return ordered;
    ordered.push(next);
    waiting = waiting.filter((bundle) => bundle !== next);
  }
}
