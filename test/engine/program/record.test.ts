import assert from "node:assert/strict";
import type { EngineEvent, OutputMap } from "@pulumi/pulumi/automation/index.js";
import { RunEvents } from "../../../cli/pulumi/events.ts";
import type { ProgramArgs } from "../../../components/preflight.ts";
import { readPrevious } from "../../../components/previous.ts";
import { deploy } from "../../../components/program.ts";
import type { HostFacts } from "../../../plan/facts.ts";
import type { HostInput } from "../../../plan/inventory.ts";
import { isRecordFirst, recordedTargets, type Recording } from "../../../plan/record.ts";
import { noRequests } from "../../../plan/requests.ts";
import { configOf, factsOf, hostsOf, rawConfig, threeHosts } from "../../support/cluster.ts";
import { digestsFor } from "../../support/digests.ts";
import { testStack, type TestStack } from "../../support/pulumi.ts";
import { RecordingCommands, servePlugins } from "../../support/recording.ts";
import { stopAtFirstFailure } from "../../support/inOrder.ts";

// What is saved before any host is touched, by the real engine. The tests build on each other's state.
describe("a run that saves what cannot be made again", function () {
  this.timeout(240_000);
  stopAtFirstFailure(this);
  const commands = new RecordingCommands();
  let plugins: Awaited<ReturnType<typeof servePlugins>>;
  let stack: TestStack;
  let inventory: HostInput[] = threeHosts.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` }));
  let recording: Recording = "along";
  let thrown: unknown;
  let clusterId = "";
  let newStack = true;
  /** Whether a host says that it is claimed. */
  let isClaimed: (name: string) => boolean = () => false;
  let overrides: string[] = [];
  /** What hosts with etcd have once the cluster was brought up. */
  let data: Partial<HostFacts> = {};
  let events = new RunEvents();

  const args = (): ProgramArgs => {
    const hosts = hostsOf(inventory);
    return {
      stack: "demo",
      config: rawConfig,
      inventory,
      readHosts: (access) =>
        Promise.resolve(
          new Map(
            [...access.keys()].map((name) => {
              const claim = { cluster: "demo", clusterId, host: name, stack: "demo", generation: 1 };
              return [name, { facts: factsOf(name, isClaimed(name) ? { ...data, claim } : data) }] as const;
            }),
          ),
        ),
      readDigests: () => Promise.resolve(digestsFor(hosts, configOf())),
      lockedDigests: undefined,
      readPrevious,
      requests: { ...noRequests, overrides },
      recording,
      lock: () => Promise.resolve(() => Promise.resolve()),
    };
  };

  const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";
  const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";

  /** Operation → types and names of resources, components and what stays the same left out. */
  async function up(how: Recording): Promise<Record<string, string[]>> {
    recording = how;
    const done: Record<string, string[]> = {};
    events = new RunEvents();
    const onEvent = (event: EngineEvent): void => {
      events.handle(event);
      const metadata = event.resourcePreEvent?.metadata;
      if (metadata === undefined || metadata.op === "same" || metadata.new?.custom !== true) return;
      (done[metadata.op] ??= []).push(`${typeOf(metadata.urn)} ${nameOf(metadata.urn)}`);
    };
    await stack.stack.up({ parallel: 16, onEvent, ...(how === "now" ? { target: recordedTargets(newStack) } : {}) });
    return done;
  }

  before(async () => {
    plugins = await servePlugins(commands.definition);
    stack = await testStack({
      program: async () => {
        try {
          return { ...(await deploy(args())) };
        } catch (error) {
          thrown = error;
          throw error;
        }
      },
      debugProviders: plugins.debugProviders,
      env: { PULUMI_SKIP_CHECKPOINTS: "true" },
    });
  });
  after(async () => {
    await stack.close();
    await plugins.close();
  });

  /** The events of a run tell all of its outputs, secrets masked. */
  function assertTold(outputs: OutputMap): void {
    const masked = Object.entries(outputs).map(([name, { value, secret }]): [string, unknown] => [
      name,
      secret ? "[secret]" : value,
    ]);
    assert.deepEqual({ ...events.outputs }, Object.fromEntries(masked));
  }

  const urns = async (): Promise<string[]> =>
    ((await stack.stack.exportStack()) as { deployment: { resources?: { urn: string }[] } }).deployment.resources
      ?.map(({ urn }) => urn)
      .sort() ?? [];

  it("is asked for by the first run of a stack, before any host is touched", async () => {
    await assert.rejects(up("first"));
    assert.ok(isRecordFirst(thrown) && thrown.newStack);
    assert.deepEqual(commands.take(), []);
  });

  it("makes all keys and ids of a stack that is new, and nothing on hosts", async () => {
    const done = await up("now");
    assert.deepEqual(commands.take(), []);
    const types = new Set((await urns()).map(typeOf));
    for (const type of ["command:remote:Command", "plinth:host:Host"]) assert.ok(!types.has(type), type);
    const names = new Set(Object.values(done).flat());
    for (const name of [
      "tls:index/privateKey:PrivateKey kubernetes-ca",
      "tls:index/privateKey:PrivateKey cp1-etcd-peer",
    ])
      assert.ok(names.has(name), name);
    const outputs = await stack.stack.outputs();
    assert.equal((outputs["hosts"]?.value as Record<string, { machineId: string }>)["cp1"]?.machineId, "machine-cp1");
    assert.equal(outputs["kubeconfig"]?.secret, true);
  });

  it("leaves the next run nothing to make but what is on hosts and in the cluster", async () => {
    const done = await up("first");
    const made = (done["create"] ?? []).filter((line) => /^(tls|random):/.test(line));
    assert.deepEqual(
      made.filter((line) => !line.includes("metrics-server")),
      [],
    );
    assert.ok(commands.take().length > 20);
    data = { etcd: { data: true, members: [] } };
  });

  it("is not asked for where nothing is new", async () => {
    assert.deepEqual(await up("first"), {});
    assert.deepEqual(commands.take(), []);
  });

  it("touches nothing of a stack in service: it saves which machine a new host is", async () => {
    const before = await urns();
    inventory = [...inventory, { name: "w1", address: "192.0.2.21", roles: ["worker"], hostKey: "ssh-ed25519 KEY-w1" }];
    await assert.rejects(up("first"));
    assert.ok(isRecordFirst(thrown) && !thrown.newStack);
    newStack = false;
    assert.deepEqual(await up("now"), {});
    assert.deepEqual(commands.take(), []);
    assert.deepEqual(await urns(), before);
    const outputs = await stack.stack.outputs();
    const known = outputs["hosts"]?.value as Record<string, { machineId: string }>;
    assert.deepEqual(Object.keys(known).sort(), ["cp1", "cp2", "cp3", "w1"]);
    assert.equal(known["w1"]?.machineId, "machine-w1");
    assert.equal(outputs["kubeconfig"]?.secret, true);
    assert.match(String(outputs["kubeconfig"].value), /kind: Config/);
    assertTold(outputs);
    const done = await up("first");
    assertTold(await stack.stack.outputs());
    assert.ok((done["create"] ?? []).includes("command:remote:Command w1-claim"));
    assert.equal(done["delete"], undefined);
  });

  it("saves that a new cluster is started where the old one is gone, once", async () => {
    const served = data;
    data = {};
    commands.take();
    await assert.rejects(up("first"));
    assert.match(String(thrown), /cluster-gone/);
    overrides = ["cluster-gone"];
    await assert.rejects(up("first"));
    assert.ok(isRecordFirst(thrown) && !thrown.newStack);
    await up("now");
    assert.deepEqual([(await stack.stack.outputs())["incarnation"]?.value, commands.take()], [1, []]);
    const done = await up("first");
    assert.ok((done["update"] ?? []).includes("command:remote:Command roster-access"));
    const made = await stack.stack.outputs();
    assert.deepEqual([made["incarnation"]?.value, made["formerMachines"]], [1, undefined]);
    commands.take();
    data = served;
    assert.deepEqual(await up("first"), {});
    overrides = [];
  });

  it("keeps hosts that leave in mind until they have left", async () => {
    inventory = inventory.filter(({ name }) => name !== "w1");
    // It is the only worker there is.
    overrides = ["last-worker"];
    await up("now");
    assert.ok("w1" in (((await stack.stack.outputs())["hosts"]?.value ?? {}) as object));
  });

  const joiningHosts = async (): Promise<string[]> => {
    const known = (await stack.stack.outputs())["hosts"]?.value as Record<string, { joining?: boolean }>;
    return Object.keys(known).filter((name) => known[name]?.joining === true);
  };

  it("keeps a host in mind that a killed run had claimed, until it says that it is free", async () => {
    await up("first");
    overrides = [];
    clusterId = String((await stack.stack.outputs())["clusterId"]?.value);
    assert.deepEqual(await joiningHosts(), []);
    const worker: HostInput = { name: "w2", address: "192.0.2.22", roles: ["worker"], hostKey: "ssh-ed25519 KEY-w2" };
    inventory = [...inventory, worker];
    await up("now");
    assert.deepEqual(await joiningHosts(), ["w2"]);
    // The run after it is killed, and the line is taken out.
    inventory = inventory.filter(({ name }) => name !== "w2");
    isClaimed = (name) => name === "w2";
    for (const run of ["once", "again, as it is still claimed"]) {
      assert.deepEqual(await up("first"), {}, run);
      assert.deepEqual(await joiningHosts(), ["w2"]);
      assert.match(events.diagnostics.map(({ message }) => message).join("\n"), /a run that was killed has claimed w2/);
    }
    isClaimed = () => false;
    assert.deepEqual(await up("now"), {});
    const { hosts } = await stack.stack.outputs();
    assert.deepEqual(Object.keys(hosts?.value as object).sort(), ["cp1", "cp2", "cp3"]);
  });
});
