import assert from "node:assert/strict";
import { withoutStepOrder } from "../../../cli/operations/state-order.ts";
import { targetPatterns } from "../../../cli/operations/targets.ts";
import type { ProgramArgs } from "../../../components/preflight.ts";
import { readPrevious } from "../../../components/previous.ts";
import { deploy } from "../../../components/program.ts";
import { bundles } from "../../../plan/bringup.ts";
import { bundleGeneration, claimGeneration, type HostReading } from "../../../plan/facts.ts";
import { noRequests } from "../../../plan/requests.ts";
import {
  configOf,
  factsOf,
  hostsOf,
  rawConfig,
  readingsOf,
  threeHosts,
  type RankedInput,
} from "../../support/cluster.ts";
import { digestsFor } from "../../support/digests.ts";
import { testStack, type TestStack } from "../../support/pulumi.ts";
import { RecordingCommands, servePlugins } from "../../support/recording.ts";

const inventory: RankedInput[] = [
  ...threeHosts,
  { name: "w1", address: "192.0.2.21", roles: ["worker"] as const },
  { name: "w2", address: "192.0.2.22", roles: ["worker"] as const },
].map((host) => ({ ...host, roles: [...host.roles], hostKey: `ssh-ed25519 KEY-${host.name}` }));
const hosts = hostsOf(inventory);

interface StateResource {
  urn: string;
  parent?: string;
  provider?: string;
  dependencies?: string[];
}

/** Every resource behind what it refers to, as in every state. */
function inOrder(resources: readonly StateResource[]): StateResource[] {
  const placed = new Set<StateResource>();
  const place = (resource: StateResource): void => {
    if (placed.has(resource)) return;
    const { parent = "", provider = "", dependencies = [] } = resource;
    const before = new Set([parent, provider.replace(/::[^:]*$/, ""), ...dependencies]);
    resources.filter(({ urn }) => before.has(urn)).forEach(place);
    placed.add(resource);
  };
  resources.forEach(place);
  return [...placed];
}

// The order of a first bring-up and the order of later changes differ, and the state remembers the order of its last run.
describe("a run for some hosts only, by the real engine", function () {
  this.timeout(120_000);
  const commands = new RecordingCommands();
  let plugins: Awaited<ReturnType<typeof servePlugins>>;
  let stack: TestStack;
  let config: Record<string, unknown> = rawConfig;
  let clusterId: string | undefined;

  const inService = (id: string): Map<string, HostReading> =>
    new Map(
      hosts.map(({ name }): [string, HostReading] => {
        const blank = factsOf(name);
        const claim = { cluster: "demo", clusterId: id, host: name, stack: "demo", generation: claimGeneration(blank) };
        const done = (bundle: string) => ({ generation: bundleGeneration(blank, bundle), state: "complete" }) as const;
        const own = bundles.filter(({ audience }) =>
          hosts.some((host) => host.name === name && audience.includes(host, configOf())),
        );
        return [
          name,
          {
            facts: factsOf(name, {
              claim,
              bundles: Object.fromEntries(own.map(({ name: bundle }) => [bundle, done(bundle)])),
            }),
          },
        ];
      }),
    );
  const args = (): ProgramArgs => ({
    stack: "demo",
    config,
    inventory,
    readHosts: () => Promise.resolve(clusterId === undefined ? readingsOf(hosts) : inService(clusterId)),
    readDigests: () => Promise.resolve(digestsFor(hosts, configOf())),
    lockedDigests: undefined,
    readPrevious,
    requests: noRequests,
    lock: () => Promise.resolve(() => Promise.resolve()),
  });

  before(async () => {
    plugins = await servePlugins(commands.definition);
    stack = await testStack({
      program: async () => ({ ...(await deploy(args())) }),
      debugProviders: plugins.debugProviders,
    });
    const { outputs } = await stack.stack.up({ parallel: 16 });
    clusterId = String(outputs["clusterId"]?.value);
    commands.take();
  });
  after(async () => {
    await stack.close();
    await plugins.close();
  });

  for (const target of ["w2", "cp2"]) {
    it(`changes ${target} alone, right after a first bring-up`, async () => {
      config = { ...rawConfig, openFilesLimit: target === "w2" ? "32768" : "16384" };
      await stack.stack.up({
        parallel: 16,
        target: targetPatterns(
          [target],
          hosts.map(({ name }) => name),
        ),
      });
      const done = commands.take();
      assert.ok(done.length > 0);
      assert.deepEqual(
        done.filter((line) => !line.includes(` ${target}-`)),
        [],
      );
    });
  }

  it("changes it with a state of an earlier release, too, once the order of steps has been taken out", async () => {
    const exported = await stack.stack.exportStack();
    const deployment = exported.deployment as { resources: StateResource[] };
    const { resources } = deployment;
    // As the first bring-ups of earlier releases had it: etcd waits for the baselines of all hosts.
    const named = (name: string) => resources.find(({ urn }) => urn.endsWith(`command:remote:Command::${name}`));
    (named("cp1-etcd")?.dependencies ?? []).push(named("w1-baseline")?.urn ?? "");
    deployment.resources = inOrder(resources);
    await stack.stack.importStack(exported);
    config = { ...rawConfig, openFilesLimit: "8192" };
    const target = targetPatterns(
      ["w2"],
      hosts.map(({ name }) => name),
    );
    await assert.rejects(stack.stack.up({ parallel: 16, target }), /Duplicate resource URN/);
    const without = withoutStepOrder(JSON.stringify(exported));
    assert.ok(without !== undefined);
    await stack.stack.importStack(JSON.parse(without) as typeof exported);
    commands.take();
    await stack.stack.up({ parallel: 16, target });
    const done = commands.take();
    assert.ok(done.length > 0);
    assert.deepEqual(
      done.filter((line) => !line.includes(" w2-")),
      [],
    );
  });
});
