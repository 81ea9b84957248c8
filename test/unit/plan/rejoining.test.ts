import assert from "node:assert/strict";
import fc from "fast-check";
import type { CertificateFile } from "../../../plan/certificates.ts";
import { bundleGeneration, type BundleFact, type HostFacts } from "../../../plan/facts.ts";
import { kubeletCredentials } from "../../../plan/names.ts";
import { joinedAnewAt, rejoiningHosts } from "../../../plan/rejoining.ts";
import { factsOf, hostsOf, readingsOf } from "../../support/cluster.ts";

const MINUTE = 60_000;
const at = Date.parse("2026-06-01T00:00:00Z");
const hosts = hostsOf().slice(0, 1);
const known = { hosts: { cp1: { address: "192.0.2.11", roles: ["etcd"] } } };

/** The certificate of a kubelet that lives for some minutes, of which some are left. */
const client = (life: number, left: number): CertificateFile => ({
  ...{ path: kubeletCredentials.client, subject: "CN=system:node:cp1", isAuthority: false },
  notBefore: new Date(at + (left - life) * MINUTE).toISOString(),
  notAfter: new Date(at + left * MINUTE).toISOString(),
});
const node = (state: BundleFact["state"], generation = 3): Partial<HostFacts> => ({
  bundles: { node: { generation, state } },
});
type Previous = NonNullable<Parameters<typeof rejoiningHosts>[2]>;
const rejoins = (extra: Partial<HostFacts>, previous: Previous = known): boolean =>
  rejoiningHosts(hosts, readingsOf(hosts, { cp1: { facts: factsOf("cp1", extra) } }), previous, at).has("cp1");

describe("plan/rejoining", () => {
  it("lets hosts join anew whose kubelet has a certificate that has ended, or does so before the run comes to it", () => {
    assert.ok(rejoins({ ...node("complete"), certificates: [client(525_600, -1)] }));
    assert.ok(rejoins({ ...node("complete"), certificates: [client(525_600, 14)] }));
    assert.ok(!rejoins({ ...node("complete"), certificates: [client(525_600, 16)] }));
  });

  it("takes no certificate for ended that a kubelet which reaches the API may still have: it renews it at 10 % at the latest", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 5_256_000 }),
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        (life, part) => {
          assert.ok(!rejoins({ ...node("complete"), certificates: [client(life, life * part)] }));
        },
      ),
    );
  });

  it("goes on where a run has taken the certificate away and did not come to its end", () => {
    assert.ok(rejoins(node("half-done")));
    assert.ok(rejoins(node("failed")));
    assert.ok(!rejoins(node("complete")), "the roster lets it in");
  });

  it("leaves hosts alone that have never been Nodes, or were about to join for the first time", () => {
    assert.ok(!rejoins({}));
    assert.ok(!rejoins(node("half-done", 0)));
    assert.ok(!rejoins(node("half-done"), { hosts: {} }));
    assert.ok(!rejoins(node("half-done"), { hosts: { cp1: { ...known.hosts.cp1, joining: true } } }));
    assert.deepEqual(
      [...rejoiningHosts(hosts, readingsOf(hosts, { cp1: { failure: "unreachable", message: "" } }), known, at)],
      [],
    );
  });

  it("names the same generation from then on, whatever makes the bundle be applied again later", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.nat(1000), (generation, later) => {
        const before = factsOf("cp1", node("complete", generation));
        const joined = joinedAnewAt(before, true);
        assert.equal(joined, bundleGeneration(before, "node", true), "the one that is applied now");
        const after = { ...factsOf("cp1", node("complete", joined + later)), joinedAnew: joined };
        assert.equal(joinedAnewAt(after, false), joined);
        if (later > 0) assert.notEqual(joinedAnewAt(after, true), joined);
      }),
    );
    assert.equal(joinedAnewAt(factsOf("cp1", node("complete")), false), undefined);
  });
});
