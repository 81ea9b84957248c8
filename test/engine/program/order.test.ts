import assert from "node:assert/strict";
import type { ProgramArgs } from "../../../components/preflight.ts";
import { deploy } from "../../../components/program.ts";
import { readPrevious } from "../../../components/previous.ts";
import { bundleGeneration, claimGeneration, type BundleFact, type HostReading } from "../../../plan/facts.ts";
import type { HostInput } from "../../../plan/inventory.ts";
import { recordedTargets, type Recording } from "../../../plan/record.ts";
import { noRequests, type RunRequests } from "../../../plan/requests.ts";
import {
  configOf,
  factsOf,
  hostsOf,
  memberStatus,
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
/** A bundle that was applied to a blank host and is complete. */
const completeOn = (name: string): BundleFact => ({
  generation: bundleGeneration(factsOf(name), "etcd"),
  state: "complete",
});

// The program of every stack, the real engine, and commands that are recorded instead of run. What hosts would say is set
// by each test. The tests build on each other's state.
describe("the engine and the program", function () {
  this.timeout(120_000);
  stopAtFirstFailure(this);
  const commands = new RecordingCommands();
  let plugins: Awaited<ReturnType<typeof servePlugins>>;
  let stack: TestStack;
  const full = threeHosts.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` }));
  let inventory: HostInput[] = full;
  let config: Record<string, unknown> = rawConfig;
  let readings: () => Map<string, HostReading> = () => readingsOf(hosts);
  let clusterId = "";
  let requests: RunRequests = noRequests;
  let recording: Recording = "along";
  /** What was done when the provider for objects first looked for the cluster. */
  let looked: string[] | undefined;

  const inService =
    (changed: Record<string, Record<string, BundleFact>> = {}) =>
    () =>
      new Map(
        names.map((name): [string, HostReading] => [
          name,
          {
            facts: factsOf(name, {
              claim: {
                cluster: "demo",
                clusterId,
                host: name,
                stack: "demo",
                generation: claimGeneration(factsOf(name)),
              },
              bundles: {
                ...Object.fromEntries(usualBundles.map((bundle) => [bundle.name, completeOn(name)])),
                ...changed[name],
              },
            }),
          },
        ]),
      );
  const args = (): ProgramArgs => ({
    stack: "demo",
    config,
    inventory,
    readHosts: () => Promise.resolve(readings()),
    readDigests: () => Promise.resolve(digests),
    lockedDigests: undefined,
    readPrevious,
    requests,
    recording,
    lock: () => Promise.resolve(() => Promise.resolve()),
  });
  /** Kinds of operations that change something. */
  const changes = (summary: { resourceChanges?: Record<string, number> | undefined }) =>
    Object.keys(summary.resourceChanges ?? {}).filter((kind) => kind !== "same" && kind !== "read");
  const up = (target?: string[]) => stack.stack.up({ parallel: 16, ...(target === undefined ? {} : { target }) });

  before(async () => {
    plugins = await servePlugins(commands.definition, () => {
      looked ??= commands.calls.filter(({ phase }) => phase === "end").map(({ name }) => name);
    });
    stack = await testStack({
      program: async () => ({ ...(await deploy(args())) }),
      debugProviders: plugins.debugProviders,
    });
  });
  after(async () => {
    await stack.close();
    await plugins.close();
  });

  it("first up: all claims, then stage by stage on all hosts", async () => {
    // A busy machine takes its time to begin what may run side by side.
    commands.duration = 500;
    const { outputs } = await up();
    commands.duration = 50;
    clusterId = String(outputs["clusterId"]?.value);
    assert.ok(commands.concurrency() > 1, "hosts are brought up side by side");
    const order = commands.take();
    const stages = usualSteps.filter(({ kind }) => kind === "bundle" || kind === "node").map(({ name }) => name);
    const cluster = ["create roster-access", "create evacuation", "create roster"];
    assert.deepEqual(
      order.filter((line) => cluster.includes(line)),
      cluster,
    );
    assert.equal(order.length, 3 * (1 + stages.length) + cluster.length);
    assert.ok(order.indexOf("create roster-access") > order.findLastIndex((line) => line.endsWith("-controlplane")));
    // A provider may look for the API when it is made.
    for (const name of names) assert.ok(looked?.includes(`${name}-loadbalancer`), `${name}: ${String(looked)}`);
    assert.ok(order.indexOf("create roster") < order.findIndex((line) => line.endsWith("-drain")));
    const stageOf = (line: string) => stages.findIndex((stage) => line.endsWith(`-${stage}`));
    // A claim is needed by its own host only: it may end after another host's etcd has begun, not after it has ended everywhere.
    const controlPlane = order.map(stageOf).filter((stage) => stage >= 0 && stage < stages.indexOf("drain"));
    assert.deepEqual(
      controlPlane,
      [...controlPlane].sort((a, b) => a - b),
    );
    // A Node waits for the whole control plane, and for no other Node.
    const lastBalancer = order.findLastIndex((line) => line.endsWith("-loadbalancer"));
    for (const name of names) {
      const own = order.filter((line) => line.startsWith(`create ${name}-`)).map(stageOf);
      // The runtime waits for nothing in the cluster: before or after the host may join. Nobody goes by a former address yet.
      const [runtime = -1, endpoint = -1, care = -1] = ["runtime", "endpoint", "care"].map((stage) =>
        stages.indexOf(stage),
      );
      const ordered = (all: readonly number[]) => all.filter((stage) => ![runtime, endpoint, care].includes(stage));
      assert.deepEqual(ordered(own), ordered([-1, ...stages.keys()]));
      for (const last of [endpoint, care])
        assert.ok(own.indexOf(last) > own.indexOf(stages.indexOf("loadbalancer")), stages[last]);
      assert.ok(own.indexOf(runtime) > own.indexOf(stages.indexOf("loadbalancer")));
      assert.ok(own.indexOf(runtime) < own.indexOf(stages.indexOf("node")));
      assert.ok(order.indexOf(`create ${name}-drain`) > lastBalancer);
    }
  });

  it("second up: nothing at all, although the hosts now say that every later change rolls", async () => {
    readings = inService();
    const { summary } = await up();
    assert.deepEqual(changes(summary), []);
    assert.deepEqual(commands.take(), []);
  });

  it("a flag of the API server: three updates, one at a time, in the order of the inventory", async () => {
    config = { ...rawConfig, apiserverArgs: { v: "2" } };
    await up();
    assert.equal(commands.concurrency(), 1);
    assert.deepEqual(
      commands.take(),
      names.map((name) => `update ${name}-controlplane`),
    );
  });

  it("a change of everything: the control plane host by host, then the Nodes one by one", async () => {
    config = { ...rawConfig, openFilesLimit: "32768" };
    await up();
    assert.equal(commands.concurrency(), 1);
    assert.deepEqual(
      commands.take(),
      [["etcd", "controlplane"], ["loadbalancer"], ["runtime", "node"]].flatMap((bundles) =>
        names.flatMap((name) => bundles.map((bundle) => `update ${name}-${bundle}`)),
      ),
    );
  });

  it("a host that fails stops the roll; the next up goes on there and leaves the finished host alone", async () => {
    config = { ...rawConfig, openFilesLimit: "32768", apiserverArgs: { v: "3" } };
    commands.failing.add("cp2-controlplane");
    await assert.rejects(up(), /failed on purpose/);
    assert.deepEqual(commands.take(), ["update cp1-controlplane", "update cp2-controlplane"]);
    commands.failing.clear();
    await up();
    assert.deepEqual(commands.take(), ["update cp2-controlplane", "update cp3-controlplane"]);
  });

  it("a half-done host, after the edit was reverted: that bundle again, and then nothing", async () => {
    readings = inService({ cp3: { controlplane: { ...completeOn("cp3"), state: "half-done" } } });
    await up();
    assert.deepEqual(commands.take(), ["update cp3-controlplane"]);
    readings = inService({
      cp3: { controlplane: { state: "complete", generation: completeOn("cp3").generation + 1 } },
    });
    const { summary } = await up();
    assert.deepEqual(changes(summary), []);
  });

  it("hosts that were made anew, all of them: everything again, although the state remembers it as done", async () => {
    readings = () =>
      new Map(
        names.map((name): [string, HostReading] => [name, { facts: factsOf(name, { bootId: `later-${name}` }) }]),
      );
    await assert.rejects(up(), /cluster-gone/);
    assert.deepEqual(commands.take(), []);
    requests = { ...noRequests, overrides: ["cluster-gone"] };
    await assert.rejects(up(), /a new cluster is not started by plain pulumi/);
    assert.deepEqual(commands.take(), []);
    recording = "now";
    await up(recordedTargets(false));
    recording = "first";
    await up();
    recording = "along";
    requests = noRequests;
    // The claim and each step of every host, and what is done once.
    assert.equal(commands.take().filter((line) => line.startsWith("update")).length, 3 * 11 + 3);
  });

  /** What hosts say that serve as members of etcd and as Nodes. */
  const withMembers = (members: readonly string[]) => () => {
    const facts = inService()();
    const all = members.map((name) => ({
      ...{ id: name, name, peerUrls: [`https://192.0.2.1${name.slice(-1)}:2380`], started: true, learner: false },
    }));
    for (const name of members) {
      const reading = facts.get(name);
      if (reading !== undefined && "facts" in reading) {
        reading.facts.etcd = { data: true, self: memberStatus(name, "cp1"), members: all };
        reading.facts.nodes = members.map((node) => ({
          name: node,
          machineId: `machine-${node}`,
          ready: true,
          owner: "demo",
        }));
      }
    }
    return facts;
  };

  it("a host that was made anew while the others serve: refused until it is said that it is replaced", async () => {
    readings = () => withMembers(names)().set("cp2", { facts: factsOf("cp2") });
    await assert.rejects(up(), /cp2: the cluster knows an etcd member on this host, but its disk holds none/);
    assert.deepEqual(commands.take(), []);
    readings = withMembers(names);
    await up();
    commands.take();
  });

  it("a host that leaves: out of the roster after the others changed and before load balancers forget it, released last", async () => {
    inventory = [...full, { name: "w1", address: "192.0.2.21", roles: ["worker"], hostKey: "ssh-ed25519 KEY-w1" }];
    readings = () => withMembers(names)().set("w1", { facts: factsOf("w1") });
    await up();
    const joined = commands.take().filter((line) => line.startsWith("update"));
    assert.deepEqual(joined, ["update evacuation", "update roster"]);
    inventory = full;
    // It is the only worker there is.
    requests = { ...noRequests, overrides: ["last-worker"] };
    const worker = inService()().get("cp1");
    assert.ok(worker !== undefined && "facts" in worker && worker.facts.claim !== undefined);
    const w1 = { facts: { ...factsOf("w1"), claim: { ...worker.facts.claim, host: "w1" }, bundles: {} } };
    readings = () => withMembers(names)().set("w1", w1);
    await up();
    const order = commands.take();
    assert.deepEqual(
      order.filter((line) => line.startsWith("update")),
      ["update evacuation", "update roster"],
    );
    requests = noRequests;
    assert.equal(order.at(-1), "delete w1-claim");
    assert.ok(
      order.findIndex((line) => line.startsWith("delete")) > order.findLastIndex((line) => line.startsWith("update")),
    );
  });

  it("a host that leaves and cannot be reached: refused, and done without it once it is declared lost", async () => {
    inventory = [...full, { name: "w1", address: "192.0.2.21", roles: ["worker"], hostKey: "ssh-ed25519 KEY-w1" }];
    readings = () => withMembers(names)().set("w1", { facts: factsOf("w1") });
    await up();
    commands.take();
    inventory = full;
    readings = () => withMembers(names)().set("w1", { failure: "unreachable", message: "no answer" });
    await assert.rejects(up(), /w1: the host is to leave the cluster but cannot be reached/);
    assert.deepEqual(commands.take(), []);
    requests = { ...noRequests, lost: ["w1"], overrides: ["last-worker"] };
    await up();
    assert.ok(commands.take().includes("update roster"));
    requests = noRequests;
    readings = withMembers(names);
    assert.deepEqual(changes((await up()).summary), []);
  });

  it("a host that cannot be reached: its commands stay what they were, all others are done", async () => {
    const bundles = () => commands.take().filter((line) => names.some((name) => line.startsWith(`update ${name}-`)));
    readings = () => withMembers(names)().set("cp2", { failure: "unreachable", message: "no answer" });
    config = { ...config, apiserverArgs: { v: "4" } };
    await up();
    assert.deepEqual(bundles(), ["update cp1-controlplane", "update cp3-controlplane"]);
    readings = withMembers(names);
    await up();
    assert.deepEqual(bundles(), ["update cp2-controlplane"]);
    assert.deepEqual(changes((await up()).summary), []);
  });

  it("a guard that refuses: no call, and the state as it was", async () => {
    const before = await stack.rawState();
    readings = () => readingsOf(hosts, { cp1: { failure: "auth", message: "no answer" } });
    config = rawConfig;
    await assert.rejects(up(), /cp1: no answer/);
    assert.deepEqual(commands.take(), []);
    const resources = (text: string) =>
      (
        JSON.parse(text) as { checkpoint: { latest: { resources: { urn: string; inputs: unknown }[] } } }
      ).checkpoint.latest.resources.map(({ urn, inputs }) => [urn, inputs]);
    assert.deepEqual(resources(await stack.rawState()).length, resources(before).length);
  });

  it("keeps private keys out of the state in clear text", async () => {
    assert.doesNotMatch(await stack.rawState(), /PRIVATE KEY-----\\n/);
  });

  it("destroy releases each host after its own steps, and leaves the protected authorities in the state", async () => {
    await assert.rejects(stack.stack.destroy(), /protect/);
    const order = commands.take();
    for (const name of names) {
      const own = order.filter((line) => line.startsWith(`delete ${name}-`));
      assert.ok(own.length > 1, name);
      assert.equal(own.at(-1), `delete ${name}-claim`);
    }
    assert.match(await stack.rawState(), /tls:index\/selfSignedCert:SelfSignedCert::kubernetes-ca/);
  });
});
