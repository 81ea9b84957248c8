import { randomBytes } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { configMapObject, namespaceOf, writtenName } from "../../plan/loadtest/objects.ts";
import { renewSeconds } from "../../plan/loadtest/claim.ts";
import type { Glance } from "../../plan/loadtest/meanwhile.ts";
import type { PodLife } from "../../plan/loadtest/podstart.ts";
import { longestSeconds, phaseSeconds, type Load } from "../../plan/loadtest/profiles.ts";
import type { Sample } from "../../plan/loadtest/samples.ts";
import type { ClusterApi } from "../cluster/api.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { operatorName, thisProcess } from "../process/self.ts";
import type { StatusLook } from "../status/look.ts";
import { unitsOf, type HostLook } from "./hosts.ts";
import { Mixture } from "./mixture.ts";
import { Monitor } from "./monitor.ts";
import type { TestObjects } from "./objects.ts";
import { Pods } from "./pods.ts";
import { Recorder } from "./recorder.ts";
import { Lanes } from "./request.ts";
import { SteadyClients } from "./steady.ts";
import { sweep } from "./sweep.ts";

/** Milliseconds between two looks at the clock, by which it is told how late this process is. */
const resolution = 10;

export interface LoadTestRun {
  load: Load;
  /** Image of the pods, which every Node has. */
  image: string;
  objects: TestObjects;
  api: Pick<ClusterApi, "nodes">;
  /** Looks at everything, as `status` does. */
  look: () => Promise<Pick<StatusLook, "observation" | "problems">>;
  /** How hosts are looked at meanwhile. */
  hosts: Omit<HostLook, "units">;
  /** Is told what is under way. */
  say: (line: string) => void;
  /** Is told of the namespace before it is made, and of undefined once it is gone. */
  mark: (namespace: string | undefined) => void;
  warn: (line: string) => void;
  /** Ends the test: it cleans up then. */
  signal: AbortSignal;
}

/** What a load test has seen. Times of samples and pods are milliseconds of `performance.now()`. */
export interface LoadTestFacts {
  id: string;
  begun: Date;
  from: number;
  to: number;
  samples: readonly Sample[];
  heldBack: number;
  /** 99th percentile of how late this process was, milliseconds. */
  delay: number;
  watches: number;
  /** Undefined where no Node takes pods of everybody. */
  pods: { lives: readonly PodLife[]; pulled: ReadonlySet<string>; until: number } | undefined;
  before: StatusLook["observation"];
  after: StatusLook["observation"];
  /** What is wrong afterwards and was not before, as sentences. */
  spoilt: string[];
  glances: readonly Glance[];
}

/**
 * Puts load on a healthy cluster, measures, and removes everything again, also after an error and once it was interrupted. What a killed
 * run leaves, the next one removes.
 *
 * @throws CliError (refused) when the cluster is not healthy, or another load test runs; nothing was made then.
 */
export async function runLoadTest(run: LoadTestRun): Promise<LoadTestFacts> {
  const { objects, say, signal, load } = run;
  const swept = await sweep(objects, say, signal);
  for (const sentence of swept.left) run.warn(sentence);
  const [other] = swept.running;
  if (other !== undefined) {
    throw new CliError(
      `A load test of ${other.owner} is under way (${other.namespace}): two at a time would measure each other. Wait until it has ended.`,
      Exit.refused,
    );
  }
  say("Looking at the cluster.");
  const before = await run.look();
  requireHealthy(before.problems);
  const id = randomBytes(4).toString("hex");
  const now = objects.now();
  const owner = thisProcess();
  const claim = {
    ...{ owner: operatorName(), renewed: now, deadline: now + longestSeconds(load) * 1000 },
    ...(owner === undefined ? {} : { process: owner }),
  };
  const ending = new AbortController();
  let renewing: Promise<void> = Promise.resolve();
  run.mark(namespaceOf(id));
  try {
    await objects.begin(id, claim, signal);
    renewing = keepRenewing(objects, id, run.warn, ending.signal);
    return await measured(run, id, before);
  } finally {
    ending.abort();
    await renewing;
    await cleanUp(run, namespaceOf(id));
  }
}

function requireHealthy(problems: StatusLook["problems"]): void {
  if (problems.length === 0) return;
  const lines = problems.map(({ host, message }) => `  - ${host === undefined ? "" : `${host}: `}${message}`);
  throw new CliError(
    [
      "The cluster is not healthy, and is given no load:",
      ...lines,
      "Nothing was made. ./plinth status tells more.",
    ].join("\n"),
    Exit.refused,
  );
}

/** Says in time that the test runs. An API that does not answer for a while is what a test may be about. */
async function keepRenewing(
  objects: TestObjects,
  id: string,
  warn: (line: string) => void,
  stop: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await sleep(renewSeconds * 1000, undefined, { signal: stop });
      await objects.renew(id, stop);
    } catch (error) {
      if (stop.aborted) return;
      warn(`that this test runs could not be written down: ${sentenceOf(error)}`);
    }
  }
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What the test was interrupted by does not interrupt this. */
async function cleanUp({ objects, say, warn, mark }: LoadTestRun, namespace: string): Promise<void> {
  say(`Removing ${namespace}.`);
  const limit = AbortSignal.timeout(2 * phaseSeconds.clean * 1000);
  try {
    if (await objects.remove(namespace, phaseSeconds.clean, limit)) mark(undefined);
    else
      warn(
        `${namespace} has not gone within ${phaseSeconds.clean} s: kubectl describe namespace ${namespace} tells why`,
      );
  } catch (error) {
    // What was measured counts all the same.
    warn(`${namespace} could not be removed: ${sentenceOf(error)} ./plinth loadtest --clean does it, and the next up.`);
  }
}

async function measured(
  run: LoadTestRun,
  id: string,
  before: Pick<StatusLook, "observation" | "problems">,
): Promise<LoadTestFacts> {
  const { load, objects, api, say, signal } = run;
  const { access } = objects;
  const [recorder, lanes] = [new Recorder(), new Lanes(access, load.connections)];
  const namespace = `/api/v1/namespaces/${namespaceOf(id)}`;
  const make = (kind: "configmaps" | "pods") => (object: unknown) =>
    objects.create(`${namespace}/${kind}`, object, signal);
  const units = unitsOf(before.observation.readings);
  const monitor = new Monitor({ ...run.hosts, units }, api);
  const mixture = new Mixture(access, recorder, lanes, id, load);
  const nodes = chosenNodes(before.observation, load.nodes);
  const pods =
    nodes.length === 0 ? undefined : new Pods(access, recorder, lanes, { id, load, image: run.image, nodes });
  const paths = { read: namespace, written: `${namespace}/configmaps/${writtenName}` };
  const steady = new SteadyClients(access, recorder, paths);
  try {
    say(`Making objects${nodes.length === 0 ? "" : `, and a first pod on ${nodes.join(", ")}`}.`);
    await make("configmaps")(configMapObject(id, writtenName, 16, 0));
    await mixture.fill(make("configmaps"), phaseSeconds.fill);
    const cold = await pods?.warmUp(make("pods"), phaseSeconds.warm, signal);
    for (const [node, reason] of cold ?? []) {
      run.warn(`no pod has started on ${node} within ${phaseSeconds.warm} s: ${reason}`);
    }
    await monitor.first();
    const { from, to, begun, delay } = await underLoad(run, { monitor, mixture, pods, steady });
    say("Waiting for the last answers.");
    await pods?.settle(phaseSeconds.drain, signal);
    const until = performance.now();
    await recorder.settle();
    await monitor.last();
    signal.throwIfAborted();
    const pulled = pods === undefined ? new Set<string>() : await objects.pulled(id, signal);
    const after = await run.look();
    return {
      ...{ id, begun, from, to, delay, before: before.observation, after: after.observation },
      ...{ samples: recorder.samples, heldBack: recorder.heldBack, watches: pods?.watchesBegunAnew ?? 0 },
      pods: pods === undefined ? undefined : { lives: pods.lives, pulled, until },
      spoilt: after.problems.map(({ host, message }) => `${host === undefined ? "" : `${host}: `}${message}`),
      glances: monitor.glances,
    };
  } finally {
    await pods?.close();
    steady.close();
    lanes.close();
  }
}

/** Nodes that pods of everybody may run on, at random, as many as wanted at most. */
function chosenNodes({ nodes }: Pick<StatusLook["observation"], "nodes">, most: number): string[] {
  if (!("nodes" in nodes)) return [];
  const keepsOff = new Set(["NoSchedule", "NoExecute"]);
  const open = nodes.nodes.filter(
    ({ ready, cordoned, content }) =>
      ready === true && !cordoned && !content.taints.some(({ effect }) => keepsOff.has(effect)),
  );
  return open
    .map(({ name }) => ({ name, key: Math.random() }))
    .toSorted((a, b) => a.key - b.key)
    .slice(0, most)
    .map(({ name }) => name)
    .sort();
}

/** The load itself, for as long as it is to last. */
async function underLoad(
  { load, say, signal }: LoadTestRun,
  parts: { monitor: Monitor; mixture: Mixture; pods: Pods | undefined; steady: SteadyClients },
): Promise<{ from: number; to: number; begun: Date; delay: number }> {
  say(`Load for ${load.seconds} s.`);
  const late = monitorEventLoopDelay({ resolution });
  late.enable();
  const ending = new AbortController();
  const { signal: stop } = ending;
  const [from, begun] = [performance.now(), new Date()];
  parts.monitor.start(from);
  const over = sleep(load.seconds * 1000, undefined, { signal }).finally(() => {
    ending.abort();
  });
  await Promise.all([
    over,
    parts.mixture.run(stop),
    parts.steady.run(stop),
    parts.pods?.run(stop),
    parts.monitor.run(stop),
  ]);
  const to = Math.min(performance.now(), from + load.seconds * 1000);
  late.disable();
  return { from, to, begun, delay: Math.max(0, late.percentile(99) / 1e6 - resolution) };
}
