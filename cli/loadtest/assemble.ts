import { withRole, type Host } from "../../plan/inventory.ts";
import { compare, comparisonRemarks } from "../../plan/loadtest/compare.ts";
import { memberRemarks, memberResult, type MemberReading, type MemberResult } from "../../plan/loadtest/etcd.ts";
import { clientResult, rulesFor, type ClientResult } from "../../plan/loadtest/gaps.ts";
import { balancerEvents, changesOf, holdersOf, type Glance } from "../../plan/loadtest/meanwhile.ts";
import { judgeOperations, timelineOf } from "../../plan/loadtest/objectives.ts";
import { judgePods } from "../../plan/loadtest/podstart.ts";
import type { Load } from "../../plan/loadtest/profiles.ts";
import type { LoadTestReport } from "../../plan/loadtest/report.ts";
import { clientNames, rounded, type ClientName } from "../../plan/loadtest/samples.ts";
import { generatorRemarks, problemsOf } from "../../plan/loadtest/verdict.ts";
import type { Observation } from "../status/types.ts";
import type { LoadTestFacts } from "./run.ts";
import { steadyEvery } from "./steady.ts";

interface Surroundings {
  stack: string;
  endpoint: string;
  load: Load;
  hosts: readonly Host[];
  /** Seconds that a gap may have. */
  maxGap: number;
  /** Of the same stack. */
  earlier: readonly LoadTestReport[];
}

/** Makes the report of what was seen. */
export function reportOf(facts: LoadTestFacts, about: Surroundings): LoadTestReport {
  const { stack, endpoint, load, hosts, maxGap, earlier } = about;
  const { samples, from, to, heldBack, watches, glances, pods: lives } = facts;
  const seconds = (to - from) / 1000;
  const operations = judgeOperations(samples);
  const pods = lives === undefined ? undefined : judgePods(lives.lives, lives.pulled, lives.until);
  const clients = clientNames.flatMap((client) => clientOf(facts, client, load));
  const etcd = membersOf(facts, hosts);
  const delay = rounded(facts.delay);
  const problems = [
    ...problemsOf({ operations, pods, clients, maxGap }),
    ...facts.spoilt.map((sentence) => `the cluster is not healthy any more: ${sentence}`),
  ];
  const comparison = compare({ load, operations, etcd, ...(pods === undefined ? {} : { pods }) }, earlier);
  const remarks = [
    ...(lives === undefined ? ["no Node takes pods of everybody: their start was not measured"] : []),
    ...generatorRemarks({ heldBack, delay }),
    ...memberRemarks(etcd),
    ...journalRemarks(glances.at(-1)),
    ...(comparison === undefined ? [] : comparisonRemarks(comparison)),
  ];
  return {
    ...{
      format: 1 as const,
      stack,
      id: facts.id,
      begun: facts.begun.toISOString(),
      seconds: rounded(seconds),
      endpoint,
      load,
    },
    ...{ result: problems.length === 0 ? ("ok" as const) : ("failed" as const), problems, remarks, operations },
    ...(pods === undefined ? {} : { pods }),
    ...{
      clients,
      timeline: timelineOf(
        samples.filter(({ client }) => client === "load"),
        from,
        seconds,
      ),
      etcd,
    },
    ...nodesOf(facts.after),
    ...meanwhile(glances),
    generator: { heldBack, delay, watches },
    ...(comparison === undefined ? {} : { comparison }),
  };
}

function clientOf(
  { samples, from, to }: LoadTestFacts,
  client: ClientName,
  { rate }: Load,
): (ClientResult & { client: ClientName })[] {
  const own = samples.filter((sample) => sample.client === client);
  if (own.length === 0) return [];
  // Pods are made as there is room for them: that nothing was asked is no silence.
  const every = client === "pods" ? Infinity : client === "load" ? 1000 / rate : steadyEvery[client];
  return [{ client, ...clientResult(own, from, to, rulesFor(every)) }];
}

/** What a look tells of the member of a host. */
function memberReading({ readings }: Observation, host: string): MemberReading {
  const reading = readings.get(host);
  if (reading === undefined) return { error: "the host was not looked at" };
  if ("error" in reading) return reading;
  return reading.probe.etcd ?? { error: "it has no member of etcd" };
}

function membersOf({ before, after }: LoadTestFacts, hosts: readonly Host[]): MemberResult[] {
  return withRole(hosts, "etcd").map(({ name }) =>
    memberResult(name, memberReading(before, name), memberReading(after, name)),
  );
}

function nodesOf({ nodes }: Observation): Pick<LoadTestReport, "nodes"> {
  if (!("nodes" in nodes)) return {};
  return { nodes: { ready: nodes.nodes.filter(({ ready }) => ready === true).length, all: nodes.nodes.length } };
}

function meanwhile(glances: readonly Glance[]): Pick<LoadTestReport, "holders" | "changes" | "balancer"> {
  const [first, last] = [glances.at(0), glances.at(-1)];
  if (first === undefined || last === undefined) return { holders: {}, changes: [], balancer: [] };
  const [begin, end] = [holdersOf(first.hosts), holdersOf(last.hosts)];
  const vips = [...new Set([...begin.keys(), ...end.keys()])];
  return {
    holders: Object.fromEntries(
      vips.map((vip) => {
        const [before, after] = [begin.get(vip), end.get(vip)];
        return [
          vip,
          { ...(before === undefined ? {} : { first: before }), ...(after === undefined ? {} : { last: after }) },
        ];
      }),
    ),
    changes: changesOf(glances).map((change) => ({ ...change, at: rounded(change.at) })),
    balancer: balancerEvents(first, last),
  };
}

/** Where a balancer was not heard, its silence says nothing. */
function journalRemarks(last: Glance | undefined): string[] {
  return [...(last?.hosts ?? [])].flatMap(([host, glance]) => {
    if ("error" in glance) return [`what the load balancer of ${host} said is not known: ${glance.error}`];
    return glance.eventsError === undefined
      ? []
      : [`what the load balancer of ${host} said is not known: ${glance.eventsError}`];
  });
}
