import assert from "node:assert/strict";
import path from "node:path";
import { clusterDnsAddress, corefile, dnsReplicas, validateDns } from "../../../../plan/addons/dns.ts";
import { configOf, hostsOf } from "../../../support/cluster.ts";
import { matchSnapshot } from "../../../support/snapshot.ts";

const snapshot = (name: string) => path.join(import.meta.dirname, "__snapshots__", `${name}.txt`);

describe("clusterDnsAddress", () => {
  it("is the tenth address of the service network", () => {
    assert.equal(clusterDnsAddress(configOf()), "10.96.0.10");
    assert.equal(clusterDnsAddress(configOf({ serviceCidr: "172.20.0.0/24" })), "172.20.0.10");
  });

  it("is not guessed from something that is no network", () => {
    assert.throws(() => clusterDnsAddress({ serviceCidr: "10.96.0.1/16" }), /plinth:serviceCidr 10\.96\.0\.1\/16/);
  });
});

describe("corefile", () => {
  it("forwards other names to the Node's name servers", () => {
    matchSnapshot(snapshot("corefile"), corefile(configOf()));
  });

  it("forwards them to name servers of one's own", () => {
    const text = corefile(configOf({ dnsUpstreams: ["192.0.2.53", "192.0.2.54:5353"], clusterDomain: "k8s.example" }));
    assert.match(text, /forward \. 192\.0\.2\.53 192\.0\.2\.54:5353 \{/);
    assert.match(text, /kubernetes k8s\.example in-addr\.arpa ip6\.arpa \{/);
    assert.doesNotMatch(text, /cluster\.local/);
  });

  it("answers them itself where there are none", () => {
    matchSnapshot(snapshot("corefile-alone"), corefile(configOf({ dnsUpstreams: [] })));
  });
});

describe("validateDns", () => {
  const messages = (dnsUpstreams: string[]) => validateDns(configOf({ dnsUpstreams })).map(({ message }) => message);

  it("takes addresses, ports, the Node's resolv.conf, and nothing at all", () => {
    assert.deepEqual(messages(["192.0.2.53", "192.0.2.54:5353", "/etc/resolv.conf"]), []);
    assert.deepEqual(messages([]), []);
  });

  it("reports what CoreDNS would not start with", () => {
    for (const wrong of ["dns.example.net", "192.0.2.53:0", "192.0.2.53:99999", "192.0.2.53:53:53", "}", "192.0.2"])
      assert.equal(messages([wrong]).length, 1, wrong);
    assert.match(messages(Array.from({ length: 16 }, (_, index) => `192.0.2.${index + 1}`))[0] ?? "", /at most 15/);
  });
});

describe("dnsReplicas", () => {
  it("is two, and one more for every further hundred Nodes", () => {
    const workers = (count: number) =>
      hostsOf(
        Array.from({ length: count }, (_, index) => ({
          name: `w${index}`,
          address: `192.0.${2 + Math.floor(index / 200)}.${1 + (index % 200)}`,
          roles: ["worker"],
        })),
      );
    assert.equal(dnsReplicas(hostsOf()), 2);
    assert.equal(dnsReplicas(workers(100)), 2);
    assert.equal(dnsReplicas(workers(101)), 3);
  });
});
