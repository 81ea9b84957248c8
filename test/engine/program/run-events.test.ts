import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Phases } from "../../../cli/process/phases.ts";
import { RunEvents } from "../../../cli/pulumi/events.ts";
import { observed } from "../../../cli/pulumi/program.ts";
import { planEvent } from "../../../cli/review/plan-event.ts";
import { RunFollower, type RunsSeen } from "../../../cli/runs/follow.ts";
import { Journal } from "../../../cli/runs/journal.ts";
import { journaled } from "../../../cli/runs/journaled.ts";
import { followOperation } from "../../../cli/runs/operations.ts";
import { readPrevious } from "../../../components/previous.ts";
import { deploy } from "../../../components/program.ts";
import { bundles as everyBundle } from "../../../plan/bringup.ts";
import { planPicture } from "../../../plan/dashboard/planpicture.ts";
import { bundleGeneration, claimGeneration, type HostReading } from "../../../plan/facts.ts";
import { noRequests } from "../../../plan/requests.ts";
import { configOf, factsOf, hostsOf, rawConfig, readingsOf, threeHosts } from "../../support/cluster.ts";
import { digestsFor } from "../../support/digests.ts";
import { stopAtFirstFailure } from "../../support/inOrder.ts";
import { testStack, type TestStack } from "../../support/pulumi.ts";
import { RecordingCommands, servePlugins } from "../../support/recording.ts";

const hosts = hostsOf();
const names = hosts.map(({ name }) => name);
const digests = digestsFor(hosts, configOf());

// The program of every stack and the real engine: what the stream of a run tells of them. The tests build on each other's state.
describe("the stream of a run of the real engine", function () {
  this.timeout(120_000);
  stopAtFirstFailure(this);
  let plugins: Awaited<ReturnType<typeof servePlugins>>;
  let stack: TestStack;
  let workDir: string;
  let config: Record<string, unknown> = rawConfig;
  let readings: () => Map<string, HostReading> = () => readingsOf(hosts);
  const program = observed(async () => ({
    ...(await deploy({
      ...{ stack: "demo", config, lockedDigests: undefined, readPrevious, requests: noRequests },
      inventory: threeHosts.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` })),
      readHosts: () => Promise.resolve(readings()),
      readDigests: () => Promise.resolve(digests),
      lock: () => Promise.resolve(() => Promise.resolve()),
    })),
  }));

  const journal = <T>(command: string, work: (journal: Journal) => Promise<T>): Promise<T> => {
    const warn = (message: string): void => {
      throw new Error(message);
    };
    const options = { project: { workDir }, stack: "demo", command, hosts: names, phases: new Phases(), warn };
    return journaled(options, work);
  };
  const preview = (): Promise<unknown> =>
    journal("preview", async (journal) => {
      const events = new RunEvents();
      const over = followOperation(journal, "preview", events, program.order);
      await stack.stack.preview({ parallel: 16, onEvent: events.handle });
      over();
      journal.tell(planEvent(events, program.order(), names));
    });
  const up = (): Promise<unknown> =>
    journal("up", async (journal) => {
      const events = new RunEvents();
      const over = followOperation(journal, "up", events, program.order);
      await stack.stack.up({ parallel: 16, onEvent: events.handle });
      over();
    });
  const seen = (): RunsSeen => new RunFollower({ dir: workDir, workDir }, "demo").look();

  before(async () => {
    workDir = mkdtempSync(join(tmpdir(), "plinth-events-"));
    plugins = await servePlugins(new RecordingCommands().definition);
    stack = await testStack({ program: program.run, debugProviders: plugins.debugProviders });
  });
  after(async () => {
    await stack.close();
    await plugins.close();
    rmSync(workDir, { recursive: true });
  });

  it("first up: everything that the preview has planned is done, in its wave", async () => {
    await preview();
    await up();
    const { run, plan } = seen();
    assert.ok(run && plan);
    const { steps, waiting } = run.state;
    assert.ok(steps.every(({ ended, failed }) => ended !== undefined && !failed));
    assert.deepEqual([waiting?.done, waiting?.count], [waiting?.total, 0]);
    const { rows, changes } = planPicture(plan.event.waves, steps);
    assert.ok(changes > 30, String(changes));
    const states = rows.flatMap(({ cells }) =>
      cells.flatMap(({ items }) => items.map(({ what, state }) => `${what} ${state}`)),
    );
    assert.deepEqual(
      states.filter((each) => !each.endsWith(" done")),
      [],
    );
    const waves = new Map(steps.map(({ what, host = "", wave }) => [`${what} ${host}`, wave]));
    const told = plan.event.waves.flatMap((wave, index) =>
      wave.map(({ what, host = "" }) => [`${what} ${host}`, index + 1] as const),
    );
    assert.deepEqual(
      told.filter(([name, wave]) => waves.get(name) !== wave).map(([name, wave]) => [name, wave, waves.get(name)]),
      [],
    );
    assert.deepEqual([run.state.command, run.state.end?.result, run.goesOn], ["up", "done", false]);
  });

  it("a flag of the API server: a staircase of three steps, one after the other", async () => {
    const clusterId = String((await stack.stack.outputs())["clusterId"]?.value);
    const made = new Set(seen().run?.state.steps.map(({ what }) => what));
    const there = everyBundle.filter(({ name }) => made.has(name));
    readings = () =>
      new Map(
        names.map((name): [string, HostReading] => {
          const generation = bundleGeneration(factsOf(name), "etcd");
          const state = "complete" as const;
          const bundles = Object.fromEntries(there.map((bundle) => [bundle.name, { generation, state }]));
          const claim = { cluster: "demo", clusterId, host: name, stack: "demo" };
          const claimed = { ...claim, generation: claimGeneration(factsOf(name)) };
          return [name, { facts: factsOf(name, { claim: claimed, bundles }) }];
        }),
      );
    config = { ...rawConfig, apiserverArgs: { v: "2" } };
    await preview();
    await up();
    const { run, plan } = seen();
    assert.ok(run && plan);
    assert.deepEqual(
      run.state.steps.map(({ op, what, host, wave }) => [op, what, host, wave]),
      names.map((name, index) => ["update", "controlplane", name, index + 1]),
    );
    assert.deepEqual(
      planPicture(plan.event.waves).rows.map(({ hosts: its, cells }) => [its, cells.map(({ column }) => column)]),
      names.map((name, index) => [[name], [index]]),
    );
    const began = run.state.steps.map(({ begun }) => begun);
    const ended = run.state.steps.map(({ ended }) => ended ?? Infinity);
    assert.ok(began.slice(1).every((at, index) => at >= (ended[index] ?? 0)));
  });
});
