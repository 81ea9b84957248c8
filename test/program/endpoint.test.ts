import assert from "node:assert/strict";
import { deploy } from "../../components/program.ts";
import { bundleGeneration, claimGeneration, type HostReading } from "../../plan/facts.ts";
import { peerUrlOf } from "../../plan/livecluster.ts";
import { noRequests } from "../../plan/requests.ts";
import {
  configOf,
  factsOf,
  hostsOf,
  memberStatus,
  rawConfig,
  threeHosts,
  type RankedInput,
} from "../support/cluster.ts";
import { digestsFor } from "../support/digests.ts";
import { plain, record, type Registration } from "../support/recorder.ts";

const clusterId = "0123456789abcdef";
const inventory: readonly RankedInput[] = [
  ...threeHosts,
  ...[1, 2].map((n): RankedInput => ({ name: `w${n}`, address: `192.0.2.2${n}`, roles: ["worker"] })),
];
const hosts = hostsOf(inventory);

/** A host in service of a cluster that was brought up with the virtual IP 192.0.2.10. */
function reading({ name, address, roles }: RankedInput): HostReading {
  const blank = factsOf(name);
  const serves = roles.includes("etcd");
  const bundles = ["baseline", ...(serves ? ["etcd", "controlplane", "loadbalancer"] : []), "runtime", "node"];
  return {
    facts: factsOf(name, {
      addresses: { [address]: "eth0" },
      claim: { cluster: "demo", clusterId, host: name, stack: "demo", generation: claimGeneration(blank) },
      bundles: Object.fromEntries(
        bundles.map((bundle) => [bundle, { generation: bundleGeneration(blank, bundle), state: "complete" as const }]),
      ),
      ...(serves
        ? {
            vrrp: [{ name: "kube_apiserver", routerId: 51, address: "192.0.2.10" }],
            etcd: {
              data: true,
              self: memberStatus(name, "cp1"),
              members: threeHosts.map((host) => ({
                ...{ id: host.name, name: host.name, peerUrls: [peerUrlOf(host)], started: true, learner: false },
              })),
            },
            nodes: inventory.map((host) => ({
              ...{ name: host.name, machineId: `machine-${host.name}`, address: host.address },
              ...{ ready: true, owner: "demo" },
            })),
          }
        : {}),
    }),
  };
}

const state = (type: string, name: string) => {
  if (type === "tls:index/privateKey:PrivateKey") return { privateKeyPem: `PRIVATE KEY ${name}`, publicKeyPem: name };
  if (type.startsWith("tls:")) return { certPem: `certificate ${name}`, certRequestPem: `request ${name}` };
  if (type.includes("randomPassword")) return { result: "k".repeat(32) };
  return type.includes("randomId") ? { hex: clusterId } : { stdout: "", stderr: "" };
};

/** A run with other settings than before; of the run before a release has left the endpoint alone. */
async function changed(config: Record<string, unknown>) {
  const readings = new Map(inventory.map((host) => [host.name, reading(host)]));
  const { registrations, outputs, warnings } = await record(
    () =>
      deploy({
        stack: "demo",
        config: { ...rawConfig, maxUnavailable: "1", ...config },
        inventory: inventory.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` })),
        readHosts: () => Promise.resolve(readings),
        readDigests: () => Promise.resolve(digestsFor(hosts, configOf())),
        lockedDigests: undefined,
        readPrevious: () =>
          Promise.resolve({
            clusterName: "demo",
            endpoint: "https://192.0.2.10:6443",
            hosts: Object.fromEntries(
              inventory.map(({ name, address, roles }) => [
                name,
                { address, roles: [...roles], machineId: `machine-${name}`, hostKey: `ssh-ed25519 KEY-${name}` },
              ]),
            ),
            versions: { kubernetes: configOf().kubernetesVersion, etcd: configOf().etcdVersion },
            survivors: { roster: "cp1" },
          }),
        requests: noRequests,
        lock: () => Promise.resolve(() => Promise.resolve()),
      }),
    { state },
  );
  const commands = registrations.filter(({ type }) => type === "command:remote:Command");
  const byUrn = new Map(commands.map((item) => [item.urn, item]));
  const named = (name: string): Registration => {
    const found = commands.find((item) => item.name === name);
    assert.ok(found, `${name} is not declared`);
    return found;
  };
  const before = (name: string, seen = new Set<string>()): Set<string> => {
    for (const urn of named(name).waitsFor) {
      const earlier = byUrn.get(urn);
      if (earlier === undefined || seen.has(earlier.name)) continue;
      seen.add(earlier.name);
      before(earlier.name, seen);
    }
    return seen;
  };
  return {
    outputs: outputs as Record<string, unknown>,
    warnings,
    named,
    before,
    text: (name: string) => String(plain(named(name).inputs["create"])),
  };
}

describe("a changed endpoint", () => {
  it("is there before the first Node changes, and the one before is given up after the last", async () => {
    const { before, text, outputs, warnings } = await changed({ vip: "192.0.2.9" });
    const nodes = inventory.map(({ name }) => `${name}-node`);
    for (const node of nodes)
      for (const host of ["cp1", "cp2", "cp3"]) {
        assert.ok(before(node).has(`${host}-loadbalancer`), `${node} waits for the new address on ${host}`);
        assert.ok(before(`${host}-endpoint`).has(node), `${host} holds the former address until ${node} is done`);
      }
    assert.match(text("cp1-loadbalancer"), /bind 192\.0\.2\.9:6443 .*\n\|? *bind 192\.0\.2\.10:6443 /);
    assert.match(text("cp1-loadbalancer"), /virtual_router_id 53/);
    assert.match(text("cp1-endpoint"), /prepare release-addresses .* 192\.0\.2\.9/);
    assert.match(text("w1-node"), /require api-ready 60 kubelet\.service https:\/\/192\.0\.2\.9:6443\/readyz/);
    assert.deepEqual(outputs["ways"], {
      ...{ hosts: "https://192.0.2.9:6443", vip: "192.0.2.9" },
      ...{ former: ["https://192.0.2.10:6443"], formerVips: ["192.0.2.10"] },
    });
    assert.ok(warnings.some((warning) => warning.includes("changes to https://192.0.2.9:6443")));
  });

  it("of somebody else's load balancer leaves ours in service until the last Node is done", async () => {
    const { before, text } = await changed({ vip: "", externalEndpoint: "lb.example.net" });
    for (const { name } of inventory) assert.ok(before("cp1-loadbalancer").has(`${name}-node`));
    assert.doesNotMatch(text("cp1-loadbalancer"), /^unit |haproxy\.cfg/m);
    assert.match(text("w1-node"), /server: https:\/\/lb\.example\.net:6443/);
    assert.match(text("cp1-node"), /server: https:\/\/192\.0\.2\.11:6443/);
    assert.doesNotMatch(text("cp1-node"), /lb\.example\.net/);
  });
});
