import assert from "node:assert/strict";
import { deployMachines } from "../../../components/machines.ts";
import type { ProgramArgs } from "../../../components/preflight.ts";
import { readPrevious } from "../../../components/previous.ts";
import { deploy } from "../../../components/program.ts";
import { bundleGeneration, claimGeneration, type HostReading } from "../../../plan/facts.ts";
import { isMachineStack } from "../../../plan/machinestack.ts";
import { recordedTargets } from "../../../plan/record.ts";
import { noRequests } from "../../../plan/requests.ts";
import { configOf, factsOf, hostsOf, rawConfig, threeHosts } from "../../support/cluster.ts";
import { digestsFor } from "../../support/digests.ts";
import { pinned } from "../../support/program.ts";
import { testStack, type TestStack } from "../../support/pulumi.ts";
import { RecordingCommands, servePlugins } from "../../support/recording.ts";

const machine = { name: "m1", address: "192.0.2.31" };
const [controlPlane] = threeHosts;
assert.ok(controlPlane);

describe("a stack of machines, by the real engine", function () {
  this.timeout(120_000);
  const commands = new RecordingCommands();
  let plugins: Awaited<ReturnType<typeof servePlugins>>;
  let stack: TestStack;
  let clusterId: string | undefined;
  let given: Partial<ProgramArgs> = {};

  const read = (name: string): HostReading => {
    if (clusterId === undefined || name !== machine.name) return { facts: factsOf(name) };
    const blank = factsOf(name);
    const claim = { cluster: "machines", clusterId, host: name, stack: "demo", generation: claimGeneration(blank) };
    const baseline = { generation: bundleGeneration(blank, "baseline"), state: "complete" } as const;
    return { facts: factsOf(name, { claim, bundles: { baseline } }) };
  };
  const args = (): ProgramArgs => ({
    stack: "demo",
    config: { artifactsUrl: rawConfig.artifactsUrl },
    inventory: pinned([machine]),
    readHosts: (access) => Promise.resolve(new Map([...access.keys()].map((name) => [name, read(name)]))),
    readDigests: () => Promise.resolve(digestsFor(hostsOf(), configOf())),
    lockedDigests: undefined,
    readPrevious,
    requests: noRequests,
    lock: () => Promise.resolve(() => Promise.resolve()),
    ...given,
  });

  before(async () => {
    plugins = await servePlugins(commands.definition);
    stack = await testStack({
      program: async () => {
        const now = args();
        return { ...(await (isMachineStack(now.inventory) ? deployMachines(now) : deploy(now))) };
      },
      debugProviders: plugins.debugProviders,
    });
  });
  after(async () => {
    await stack.close();
    await plugins.close();
  });

  it("is brought up, and changes nothing in a second run", async () => {
    const { outputs } = await stack.stack.up({ parallel: 16 });
    assert.equal(outputs["kind"]?.value, "machines");
    clusterId = String(outputs["clusterId"]?.value);
    assert.deepEqual(commands.take(), ["create m1-claim", "create m1-baseline"]);
    await stack.stack.up({ parallel: 16, expectNoChanges: true });
  });

  it("gets a cluster, and its machine stays what it is", async () => {
    given = { config: rawConfig, inventory: pinned([controlPlane, machine]), recording: "now" };
    await stack.stack.up({ parallel: 16, target: recordedTargets(false) });
    assert.deepEqual(commands.take(), []);
    given = { ...given, recording: "along" };
    const { outputs } = await stack.stack.up({ parallel: 16 });
    assert.ok(outputs["kind"] === undefined && outputs["kubeconfig"]?.secret === true);
    const done = commands.take();
    assert.ok(done.includes("create cp1-controlplane"));
    // The claim names the cluster.
    assert.deepEqual(
      done.filter((line) => line.includes(" m1-")),
      ["update m1-claim"],
    );
    assert.equal(outputs["clusterId"]?.value, clusterId);
  });

  it("is destroyed as a whole", async () => {
    const state = await stack.stack.exportStack();
    const { resources } = state.deployment as { resources: { protect?: boolean }[] };
    for (const resource of resources) delete resource.protect;
    await stack.stack.importStack(state);
    await stack.stack.destroy({ parallel: 16 });
    assert.ok(commands.take().includes("delete m1-claim"));
  });
});
