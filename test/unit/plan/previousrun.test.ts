import assert from "node:assert/strict";
import { describeFinding } from "../../../plan/findings.ts";
import { parsePreviousRun } from "../../../plan/previousrun.ts";

/** What the first release wrote. */
const first = {
  endpoint: "https://192.0.2.10:6443",
  caCertificate: "-----BEGIN CERTIFICATE-----",
  kubeconfig: "apiVersion: v1",
  hosts: { cp1: { address: "192.0.2.11", roles: ["etcd", "control-plane"] } },
  versions: { kubernetes: "1.35.0", etcd: "3.6.0" },
  clusterId: "0123456789abcdef",
};
/** Step by step what later ones have added, up to the one before this schema. */
const later = [
  { versions: { kubernetes: "1.36.3", etcd: "3.6.14", containerd: "2.4.2" } },
  {
    hostVersions: { cp1: { kernel: "6.1.0", os: "debian 12", systemd: "252", arch: "amd64", tools: { nft: "1.0.6" } } },
  },
  {
    hosts: {
      cp1: {
        ...{ address: "192.0.2.11", roles: ["etcd", "control-plane"], machineId: "machine-cp1" },
        ...{ user: "admin", port: 2222, hostKey: "ssh-ed25519 KEY" },
      },
    },
    clusterName: "demo",
    network: { podCidr: "10.244.0.0/16", serviceCidr: "10.96.0.0/16", clusterDomain: "cluster.local" },
    lost: { w9: { address: "192.0.2.39", roles: ["worker"] } },
    survivors: { roster: "cp1" },
    rosterGeneration: 2,
  },
  { tenants: { shop: { namespaces: ["shop"] } }, tenantKubeconfigs: { shop: "apiVersion: v1" } },
  { poolMaterial: { format: 0, of: "another release" } },
];
const pool = {
  ...{ endpoint: first.endpoint, clusterId: first.clusterId, clusterStack: "organization/plinth/demo" },
  ...{ hosts: { w1: { address: "192.0.2.31", roles: ["worker"] } }, lost: {}, survivors: {}, rosterGeneration: 0 },
  versions: { kubernetes: "1.36.3", containerd: "2.4.2" },
};
const textOf = (outputs: Record<string, unknown>) => parsePreviousRun("demo", outputs).findings.map(describeFinding);

describe("plan/previousrun", () => {
  it("is none when there are no outputs", () => {
    assert.deepEqual(parsePreviousRun("demo", {}), { previous: undefined, findings: [] });
  });

  it("takes the outputs of every release so far, of clusters and pools", () => {
    let outputs: Record<string, unknown> = first;
    assert.deepEqual(parsePreviousRun("demo", outputs), { previous: outputs, findings: [] });
    for (const added of later) {
      outputs = { ...outputs, ...added };
      assert.deepEqual(parsePreviousRun("demo", outputs), { previous: outputs, findings: [] });
    }
    assert.deepEqual(parsePreviousRun("pool", pool), { previous: pool, findings: [] });
  });

  it("passes over what a later release has added", () => {
    assert.deepEqual(parsePreviousRun("demo", { ...first, colour: "green" }).previous, first);
  });

  it("names what is not as expected, and what to do, in one sentence without any value", () => {
    const hosts = { cp1: { address: 7, roles: ["etcd"] } };
    assert.deepEqual(textOf({ ...first, hosts, kubeconfig: { token: "s3cret" }, survivors: { roster: null } }), [
      "outputs in the state of stack demo are not as expected: hosts.cp1.address (expected string, received number), " +
        "survivors.roster (expected string, received null), kubeconfig (expected string, received object); " +
        "use the release of Plinth that the last up was made with, or put the state right (pulumi stack export, then " +
        "pulumi stack import) [stack-outputs]",
    ]);
    assert.match(textOf({ endpoint: first.endpoint }).join(), /: hosts \(expected record, received undefined\);/);
  });
});
