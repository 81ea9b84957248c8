import assert from "node:assert/strict";
import fc from "fast-check";
import type { LeafSpec } from "../../../../plan/bundle.ts";
import { memberName } from "../../../../plan/bundles/etcd.ts";
import { leavesOf } from "../../../../plan/bundles/index.ts";
import { roles, type HostInput } from "../../../../plan/inventory.ts";
import { bundleOf, configOf, hostsOf } from "../../../support/cluster.ts";

/** What a member of etcd asks of the certificates of others: the arguments of its command line that are about that. */
type Demand = Readonly<Record<string, string>>;

/** As etcd decides it, with Go's x509.Certificate.VerifyHostname: names in the subject's common name do not count. */
function accepts(demand: Demand, leaf: Pick<LeafSpec, "dnsNames" | "ipAddresses" | "commonName">): boolean {
  const hostname = demand["peer-cert-allowed-hostname"];
  const commonName = demand["peer-cert-allowed-cn"];
  assert.ok(hostname === undefined || commonName === undefined, "etcd takes one of both");
  if (commonName !== undefined) return commonName.split(",").includes(leaf.commonName);
  return hostname === undefined || [...leaf.dnsNames, ...leaf.ipAddresses].includes(hostname);
}

function demandOf(input: HostInput[], name: string, etcdArgs: Record<string, string> = {}): Demand {
  const hosts = hostsOf(input);
  const host = hosts.find((candidate) => candidate.name === name);
  assert.ok(host);
  const unit = bundleOf("etcd", { host, hosts, config: configOf({ etcdArgs }) }).files.find(({ path }) =>
    path.endsWith("etcd.service"),
  );
  const found = [...(unit?.content ?? "").matchAll(/--(peer-cert-allowed-[a-z]+)=(\S+)/g)];
  return Object.fromEntries(found.map(([, argument = "", value = ""]) => [argument, value]));
}

const inventories = fc
  .uniqueArray(fc.record({ n: fc.integer({ min: 11, max: 200 }), roles: fc.subarray([...roles], { minLength: 1 }) }), {
    selector: ({ n }) => n,
    minLength: 1,
    maxLength: 7,
  })
  .map((hosts) => hosts.map(({ n, roles }): HostInput => ({ name: `h${n}`, address: `192.0.2.${n}`, roles })));

describe("etcd's peer port", () => {
  it("takes the certificates of members, and no other of etcd's authority", () => {
    fc.assert(
      fc.property(inventories, (input) => {
        const hosts = hostsOf(input);
        const leaves = hosts
          .flatMap((host) => leavesOf({ host, hosts, config: configOf() }))
          .filter(({ authority }) => authority === "etcd");
        for (const { name } of hosts.filter(({ roles }) => roles.includes("etcd"))) {
          const demand = demandOf(input, name);
          for (const leaf of leaves)
            assert.equal(accepts(demand, leaf), ["etcd-server", "etcd-peer"].includes(leaf.name), leaf.name);
        }
      }),
    );
  });

  it("refuses no member in any mixture of members: those that ask, those that do not, and certificates of any release", () => {
    // What the certificates of members have been since there are any. A change here needs two phases.
    const formerly = (name: string, address: string) => ({
      commonName: name,
      dnsNames: [name, "localhost"],
      ipAddresses: ["127.0.0.1", address],
    });
    const mixture = inventories.chain((input) =>
      fc.record({ input: fc.constant(input), asking: fc.subarray(input), former: fc.subarray(input) }),
    );
    fc.assert(
      fc.property(mixture, ({ input, asking, former }) => {
        const hosts = hostsOf(input);
        const peers = hosts
          .filter(({ roles }) => roles.includes("etcd"))
          .map((host) => {
            const [leaf] = leavesOf({ host, hosts, config: configOf() }).filter(({ name }) => name === "etcd-peer");
            assert.ok(leaf);
            const isOld = former.some(({ name }) => name === host.name);
            const asks = asking.some(({ name }) => name === host.name);
            return {
              name: host.name,
              leaf: isOld ? formerly(host.name, host.address) : leaf,
              demand: asks ? demandOf(input, host.name) : {},
            };
          });
        // Both ends of a connection look at the other one's certificate.
        for (const one of peers)
          for (const other of peers) assert.ok(accepts(one.demand, other.leaf), `${one.name} refuses ${other.name}`);
      }),
    );
  });

  it("asks for what the operator wants instead", () => {
    const input: HostInput[] = [{ name: "cp1", address: "192.0.2.11", roles: ["etcd"] }];
    assert.deepEqual(demandOf(input, "cp1"), { "peer-cert-allowed-hostname": memberName });
    assert.deepEqual(demandOf(input, "cp1", { "peer-cert-allowed-cn": "cp1" }), { "peer-cert-allowed-cn": "cp1" });
  });
});
