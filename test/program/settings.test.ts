import assert from "node:assert/strict";
import { deployPool } from "../../components/pool.ts";
import type { ProgramArgs } from "../../components/preflight.ts";
import { deploy } from "../../components/program.ts";
import { checkPool } from "../../plan/pool.ts";
import { noRequests } from "../../plan/requests.ts";
import { configOf, factsOf, hostsOf, rawConfig, readingsOf, threeHosts } from "../support/cluster.ts";
import { digestsFor } from "../support/digests.ts";
import { materialOf, poolHosts, rawPool } from "../support/pool.ts";
import { answered } from "../support/program.ts";
import { plain, record, type Registration } from "../support/recorder.ts";

const inventory = [
  ...threeHosts,
  { name: "w1", address: "192.0.2.21", roles: ["worker"] as const, labels: { disk: "nvme" } },
  { name: "w2", address: "192.0.2.22", roles: ["worker"] as const },
].map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` }));
const hosts = hostsOf(inventory);
const poolWorkers = checkPool(poolHosts, rawPool, materialOf()).hosts;

/** What hosts are asked about, by name. */
let asked: Record<string, readonly string[]> = {};

const args = (config: Record<string, unknown>, wanted: unknown = inventory): ProgramArgs => ({
  stack: "demo",
  config: { ...rawConfig, ...config },
  inventory: wanted,
  readHosts: (_access, directories) => {
    asked = Object.fromEntries([...(directories ?? [])].filter(([, paths]) => paths.length > 0));
    return Promise.resolve(readingsOf(hosts));
  },
  readDigests: () => Promise.resolve(digestsFor(hosts, configOf())),
  lockedDigests: undefined,
  readPrevious: () => Promise.resolve({}),
  requests: noRequests,
  lock: () => Promise.resolve(() => Promise.resolve()),
});

/** Command → everything that it is given, but for connections. */
function commandsOf(registrations: readonly Registration[]): Map<string, string> {
  return new Map(
    registrations
      .filter(({ type }) => type === "command:remote:Command")
      .map(({ name, inputs }) => [name, JSON.stringify([plain(inputs["create"]), plain(inputs["update"])])]),
  );
}

function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  assert.deepEqual([...after.keys()], [...before.keys()]);
  return [...after].filter(([name, text]) => before.get(name) !== text).map(([name]) => name);
}

const cluster = async (config: Record<string, unknown> = {}, wanted?: unknown) =>
  commandsOf((await record(() => deploy(args(config, wanted)), { state: answered })).registrations);

const directories = { containerd: "/data/containerd", kubelet: "/data/kubelet" };

describe("settings of hosts and groups in a run", () => {
  it("change bundles of the hosts that they are for, and nothing of others", async () => {
    const before = await cluster();
    const one = { kubeletConfig: { maxPods: 60 } };
    assert.deepEqual(changed(before, await cluster({ groups: [{ selector: { disk: "nvme" }, ...one }] })), ["w1-node"]);
    const own = inventory.map((host) =>
      host.name === "w2" ? { ...host, settings: { sysctls: { "vm.swappiness": 1 } } } : host,
    );
    assert.deepEqual(changed(before, await cluster({}, own)), ["w2-baseline"]);
    const moved = await cluster({ groups: [{ selector: { disk: "nvme" }, directories }] });
    assert.deepEqual(changed(before, moved).sort(), ["w1-node", "w1-runtime"]);
    assert.deepEqual(asked, { w1: Object.values(directories) });
    const etcd = await cluster({ directories: { etcd: "/data/etcd" } });
    assert.deepEqual(changed(before, etcd).sort(), ["cp1-etcd", "cp2-etcd", "cp3-etcd"]);
  });

  it("decide on what the roster does for a host", async () => {
    const before = await record(() => deploy(args({})), { state: answered });
    const settings = { kubeletConfig: { serverTLSBootstrap: false } };
    const after = await record(() => deploy(args({ groups: [{ selector: { disk: "nvme" }, ...settings }] })), {
      state: answered,
    });
    const environment = (registrations: readonly Registration[], name: string) =>
      JSON.stringify(registrations.find((item) => item.name === `${name}-register`)?.inputs);
    assert.match(environment(before.registrations, "w1"), /192\.0\.2\.21/);
    assert.notEqual(environment(after.registrations, "w1"), environment(before.registrations, "w1"));
    assert.equal(environment(after.registrations, "w2"), environment(before.registrations, "w2"));
  });

  it("make the RuntimeClass of a runtime that only some hosts have", async () => {
    const runtime = { binary: "/usr/bin/gpu", runtimeClass: true, nodeSelector: { disk: "nvme" } };
    const groups = [{ selector: { disk: "nvme" }, containerd: { runtimes: { gpu: runtime } } }];
    const { registrations } = await record(() => deploy(args({ groups })), { state: answered });
    const [made, ...more] = registrations.filter(({ type }) => type.endsWith(":RuntimeClass"));
    assert.deepEqual([made?.name, made?.inputs["handler"], more.length], ["runtime-gpu", "gpu", 0]);
  });

  it("are the same for workers of a pool", async () => {
    const facts = { facts: factsOf("cp1", { bundles: { controlplane: { generation: 1, state: "complete" } } }) };
    const pool = async (config: Record<string, unknown>) => {
      const run = {
        ...args({}),
        stack: "pool",
        config: { ...rawPool, ...config },
        inventory: poolHosts.map((host) => (host.name === "w1" ? { ...host, labels: { disk: "nvme" } } : host)),
        readHosts: () => Promise.resolve(readingsOf([...hostsOf(), ...poolWorkers], { cp1: facts })),
        readOutputsOf: () => Promise.resolve({ poolMaterial: materialOf() }),
      };
      return commandsOf((await record(() => deployPool(run), { state: answered })).registrations);
    };
    const groups = [{ selector: { disk: "nvme" }, directories, kubeletArgs: { v: "4" } }];
    assert.deepEqual(changed(await pool({}), await pool({ groups })).sort(), ["w1-node", "w1-runtime"]);
  });
});
