import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunEvents } from "../../../cli/pulumi/events.ts";
import { observed } from "../../../cli/pulumi/program.ts";
import { notInPlan, parsePlan } from "../../../cli/operations/saved-plan.ts";
import { describeWave } from "../../../cli/review/model.ts";
import { renderReview } from "../../../cli/review/render.ts";
import { makeReview } from "../../../cli/review/review.ts";
import { noRequests } from "../../../plan/requests.ts";
import { readPrevious } from "../../../components/previous.ts";
import type { ProgramArgs } from "../../../components/preflight.ts";
import { deploy } from "../../../components/program.ts";
import { bundleGeneration, claimGeneration, type HostReading } from "../../../plan/facts.ts";
import {
  configOf,
  factsOf,
  hostsOf,
  rawConfig,
  readingsOf,
  threeHosts,
  usualBundles,
  usualSteps,
} from "../../support/cluster.ts";
import { digestsFor } from "../../support/digests.ts";
import { testStack, type TestStack } from "../../support/pulumi.ts";
import { RecordingCommands, servePlugins } from "../../support/recording.ts";
import { stopAtFirstFailure } from "../../support/inOrder.ts";

const hosts = hostsOf();
const names = hosts.map((host) => host.name);
const digests = digestsFor(hosts, configOf());

/** What is done by commands. */
const commandSteps = usualSteps.filter(({ kind, name }) => kind !== "objects" && name !== "keys");

// The program of every stack and the real engine: what a review says, and what its plan holds. The tests build on each
// other's state.
describe("a review of the program", function () {
  this.timeout(120_000);
  stopAtFirstFailure(this);
  const commands = new RecordingCommands();
  let plugins: Awaited<ReturnType<typeof servePlugins>>;
  let stack: TestStack;
  let folder: string;
  let config: Record<string, unknown> = rawConfig;
  let readings: () => Map<string, HostReading> = () => readingsOf(hosts);
  const args = (): ProgramArgs => ({
    stack: "demo",
    config,
    inventory: threeHosts.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` })),
    readHosts: () => Promise.resolve(readings()),
    readDigests: () => Promise.resolve(digests),
    lockedDigests: undefined,
    readPrevious,
    requests: noRequests,
    lock: () => Promise.resolve(() => Promise.resolve()),
  });
  const program = observed(async () => ({ ...(await deploy(args())) }));
  const review = async (file: string) => {
    const events = new RunEvents();
    const plan = join(folder, file);
    await stack.stack.preview({ parallel: 16, onEvent: events.handle, plan });
    const made = makeReview({ stack: "demo", events, order: program.order(), inventory: hosts, past: [] });
    return { review: made, text: await readFile(plan, "utf8") };
  };
  const planOf = (text: string) => parsePlan(text, "plan.json", "dev");

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "plinth-review-"));
    plugins = await servePlugins(commands.definition);
    stack = await testStack({
      program: program.run,
      debugProviders: plugins.debugProviders,
      env: { PULUMI_EXPERIMENTAL: "true" },
    });
  });
  after(async () => {
    await stack.close();
    await plugins.close();
    await rm(folder, { recursive: true });
  });

  it("first up: all hosts join, stage by stage; the plan keeps no secret in clear text and is enough for up", async () => {
    const { review: first, text } = await review("first.json");
    assert.deepEqual(
      first.hosts.map(({ name, change }) => `${name} ${change}`),
      names.map((name) => `${name} joins`),
    );
    const stages = first.waves.map((wave) => [
      ...new Set(wave.flatMap(({ sort, what }) => (sort === "object" ? [] : [what]))),
    ]);
    assert.deepEqual(
      stages.filter((stage) => stage.length > 0).map((stage) => stage.join()),
      [
        ...["claim", "baseline", "etcd", "controlplane", "roster-access,loadbalancer", "evacuation,runtime", "roster"],
        ...["drain,endpoint,care", "node", "register"],
      ],
    );
    assert.deepEqual(new Set(stages.flat()), new Set(commandSteps.map(({ name }) => name)));
    assert.doesNotMatch(text, /PRIVATE KEY-----\\n/);
    await stack.stack.up({ parallel: 16, plan: join(folder, "first.json") });
    const once = commandSteps.filter(({ kind }) => kind === "membership").length;
    assert.equal(commands.take().length, 3 * (commandSteps.length - once) + once);
  });

  it("a flag of the API server: three waves, in the order in which the engine then goes", async () => {
    const clusterId = String((await stack.stack.outputs())["clusterId"]?.value);
    readings = () =>
      new Map(
        names.map((name): [string, HostReading] => {
          const generation = bundleGeneration(factsOf(name), "etcd");
          const bundles = Object.fromEntries(
            usualBundles.map((bundle) => [bundle.name, { generation, state: "complete" as const }]),
          );
          const claim = {
            cluster: "demo",
            clusterId,
            host: name,
            stack: "demo",
            generation: claimGeneration(factsOf(name)),
          };
          return [name, { facts: factsOf(name, { claim, bundles }) }];
        }),
      );
    config = { ...rawConfig, apiserverArgs: { v: "2" } };
    const { review: change } = await review("second.json");
    assert.deepEqual(
      change.waves.flatMap((wave) => describeWave(wave).join()),
      names.map((name) => `controlplane on ${name} (restarts kube-apiserver.service)`),
    );
    const text = renderReview(change);
    assert.match(text, /^\+ {2}--v=2$/m);
    assert.match(text, /\*\*3 hosts change\*\* · 3 waves · time: unknown/);
  });

  it("the plan refuses another flag before anything is touched, and the engine would, too", async () => {
    const saved = planOf(await readFile(join(folder, "second.json"), "utf8"));
    config = { ...rawConfig, apiserverArgs: { v: "3" } };
    const { text } = await review("third.json");
    assert.deepEqual(
      notInPlan(saved, planOf(text), names),
      names.map((name) => `update controlplane on ${name}`),
    );
    await assert.rejects(stack.stack.up({ parallel: 16, plan: join(folder, "second.json") }), /violates plan/);
    assert.deepEqual(commands.take(), []);
  });

  it("the plan lets through what it holds, and afterwards there is nothing to do", async () => {
    const saved = planOf(await readFile(join(folder, "second.json"), "utf8"));
    config = { ...rawConfig, apiserverArgs: { v: "2" } };
    assert.deepEqual(notInPlan(saved, planOf((await review("again.json")).text), names), []);
    await stack.stack.up({ parallel: 16, plan: join(folder, "second.json") });
    assert.deepEqual(
      commands.take(),
      names.map((name) => `update ${name}-controlplane`),
    );
    const { review: nothing } = await review("nothing.json");
    assert.equal(nothing.result, "unchanged");
    assert.match(renderReview(nothing), /Nothing would change\./);
  });
});
