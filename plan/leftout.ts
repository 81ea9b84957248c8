import type { HostFailure, HostReading } from "./facts.ts";
import { describeFinding, type Finding } from "./findings.ts";
import type { Host } from "./inventory.ts";
import type { PreviousRun } from "./previousrun.ts";
import { batchSize } from "./waves.ts";

/** Hosts that a run leaves as they are, by name, and why. */
export type LeftOut = ReadonlyMap<string, HostFailure>;

/** How the warning about a host begins that is left as it is, so that the command line can tell it from others. */
export const leftOutPrefix = "left as it is: ";

/** The warning about a host that is left as it is. */
export function leftOutWarning(name: string, { failure, message }: HostFailure): string {
  const next = failure === "unreachable" ? "run again when it is back" : "put that right and run again";
  return `${leftOutPrefix}${name}: ${message}; ${next}, or take it out of the inventory and say --lost ${name}`;
}

/** Hosts of a cluster in service that a run can do without, and that nobody but they themselves depends on. */
function workersInService(hosts: readonly Host[], previous: Pick<PreviousRun, "hosts"> | undefined): Set<string> {
  return new Set(
    hosts
      .filter(({ name, roles }) => previous?.hosts[name] !== undefined && roles.every((role) => role === "worker"))
      .map(({ name }) => name),
  );
}

/**
 * The hosts that cannot be read. Of those that make the control plane only the ones that do not answer at all: that they
 * answer and are not as they should be is for the operator to look at first.
 *
 * @param bootstrapped a first bring-up needs all of its hosts.
 */
export function unreadable(
  hosts: readonly Host[],
  readings: ReadonlyMap<string, HostReading>,
  previous: Pick<PreviousRun, "hosts"> | undefined,
  bootstrapped: boolean,
): LeftOut {
  if (!bootstrapped) return new Map();
  const workers = workersInService(hosts, previous);
  return new Map(
    hosts.flatMap(({ name }) => {
      const reading = readings.get(name);
      if (reading === undefined || !("failure" in reading) || previous?.hosts[name] === undefined) return [];
      return reading.failure === "unreachable" || workers.has(name) ? [[name, reading] as const] : [];
    }),
  );
}

/** What decides whether a run can do without a host. */
export interface LeavingOut {
  hosts: readonly Host[];
  previous: Pick<PreviousRun, "hosts"> | undefined;
  /** A first bring-up needs all of its hosts. */
  bootstrapped: boolean;
  /** As `plinth:maxUnavailable`. */
  maxUnavailable: string;
}

/**
 * Parts what is wrong: what hosts say about workers in service only leaves those out, and the rest of the run goes on. A
 * worker says what it likes, and must not be able to keep others from being changed. Where it is about more workers than may
 * be unavailable at a time, it is the run that does not fit them: then it refuses.
 *
 * @param findings all of them.
 * @param saidByHosts those that follow from what hosts say, and from nothing else.
 */
export function leaveOut(
  findings: readonly Finding[],
  saidByHosts: readonly Finding[],
  { hosts, previous, bootstrapped, maxUnavailable }: LeavingOut,
): { refused: Finding[]; leftOut: LeftOut } {
  const workers = bootstrapped ? workersInService(hosts, previous) : new Set<string>();
  // Where a worker says the same as one other host, it is the worker that is left out.
  const isAboutWorkers = (finding: Finding): boolean =>
    finding.hosts.some((name) => workers.has(name)) && finding.hosts.filter((name) => !workers.has(name)).length < 2;
  const tolerable = findings.filter((finding) => saidByHosts.includes(finding) && isAboutWorkers(finding));
  const reasons = Map.groupBy(
    tolerable.flatMap((finding) =>
      finding.hosts.filter((name) => workers.has(name)).map((name) => ({ name, finding })),
    ),
    ({ name }) => name,
  );
  if (reasons.size > batchSize(maxUnavailable, workers.size)) return { refused: [...findings], leftOut: new Map() };
  const leftOut = [...reasons].map(([name, given]): [string, HostFailure] => {
    const message = given.map(({ finding }) =>
      describeFinding({ ...finding, hosts: finding.hosts.filter((other) => other !== name) }),
    );
    return [name, { failure: "refused", message: message.join("; ") }];
  });
  return { refused: findings.filter((finding) => !tolerable.includes(finding)), leftOut: new Map(leftOut) };
}
