import assert from "node:assert/strict";
import fc from "fast-check";
import { opens, type Firewall, type FirewallZone } from "../../../plan/firewalld.ts";
import { guardHosts } from "../../../plan/guards.ts";
import { configOf, factsOf, hostsOf, threeHosts } from "../../support/cluster.ts";

const hosts = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);

function zone(name: string, more: Partial<FirewallZone> = {}): FirewallZone {
  return { name, accepts: false, interfaces: [], sources: [], ports: [], protocols: [], services: [], ...more };
}

/** What is found on one of the hosts, whose address is at eth0. */
function found(name: string, zones: FirewallZone[], defaultZone = "public") {
  const host = hosts.find((each) => each.name === name);
  const firewalld: Firewall = { defaultZone, zones };
  const addresses = { [host?.address ?? ""]: "eth0" };
  const readings = new Map([[name, { facts: factsOf(name, { firewalld, addresses }) }]]);
  return guardHosts(hosts, configOf(), readings, undefined).filter(({ rule }) => rule === "firewalld");
}

/** Applies the commands of a remedy, as firewalld would. */
function obey(zones: FirewallZone[], remedy: string): FirewallZone[] {
  const result = new Map(zones.map((each) => [each.name, { ...each }]));
  for (const [, name = "", rest = ""] of remedy.matchAll(/firewall-cmd --permanent --zone=(\S+) ([^&;]*)/g)) {
    const to = result.get(name) ?? zone(name);
    for (const [, kind = "", value = ""] of rest.matchAll(/--add-(port|source|protocol)=(\S+)/g)) {
      const key = { port: "ports", source: "sources", protocol: "protocols" }[kind] as
        "ports" | "sources" | "protocols";
      to[key] = [...to[key], value];
    }
    result.set(name, to);
  }
  return [...result.values()];
}

const fresh = [zone("public", { interfaces: ["eth0"], services: ["ssh"] }), zone("trusted", { accepts: true })];

describe("plan/guards/firewalld", () => {
  it("names the ports of the host's own services, the pod network and VRRP, with the commands that open them", () => {
    const [worker] = found("w1", fresh);
    assert.match(worker?.message ?? "", /what pods send \(the pod network 10\.244\.0\.0\/16 is not trusted\)/);
    assert.match(worker?.message ?? "", /connections to 8472\/udp, 10250\/tcp, 10256\/tcp/);
    assert.doesNotMatch(worker?.message ?? "", /2379|6443|VRRP/);
    assert.match(
      worker?.remedy ?? "",
      /^run firewall-cmd --permanent --zone=trusted --add-source=10\.244\.0\.0\/16 && firewall-cmd --permanent --zone=public --add-port=8472\/udp .*&& firewall-cmd --reload; or turn/,
    );
    const [cp] = found("cp1", fresh);
    assert.match(cp?.message ?? "", /connections to 2379\/tcp, 2380\/tcp, 6443\/tcp, .*; VRRP$/);
    assert.match(cp?.remedy ?? "", /--add-protocol=vrrp/);
  });

  it("is content once its commands were run, in whatever zone the interface is", () => {
    const names = ["internal", "public", "work"];
    fc.assert(
      fc.property(fc.constantFrom("cp1", "w1"), fc.constantFrom(...names), fc.boolean(), (host, name, listed) => {
        const zones = [zone(name, { interfaces: listed ? ["eth0"] : [] }), zone("trusted", { accepts: true })];
        const [finding] = found(host, zones, name);
        assert.ok(finding);
        assert.deepEqual(found(host, obey(zones, finding.remedy), name), []);
      }),
    );
  });

  it("is content where hosts and pods are trusted altogether, and with firewalld's own services", () => {
    const sources = ["10.244.0.0/16", "192.0.2.0/24"];
    assert.deepEqual(found("cp1", [zone("public"), zone("trusted", { accepts: true, sources })]), []);
    assert.deepEqual(
      found("w1", [
        zone("public", { services: ["kube-worker"], ports: ["8472/udp", "10256/tcp", "10249/tcp"] }),
        zone("trusted", { accepts: true, sources: ["10.0.0.0/8"] }),
      ]),
      [],
    );
    assert.deepEqual(
      found("w1", [zone("trusted", { accepts: true, interfaces: ["eth0"], sources: ["10.244.0.0/16"] })]),
      [],
    );
  });

  it("takes a range for each of its ports, of its own protocol", () => {
    fc.assert(
      fc.property(
        fc.nat(65535),
        fc.nat(65535),
        fc.nat(65535),
        fc.constantFrom("tcp", "udp"),
        (a, b, port, protocol) => {
          const [first, last] = [Math.min(a, b), Math.max(a, b)];
          const open = opens(zone("z", { ports: [`${first}-${last}/tcp`] }), `${port}/${protocol}`);
          assert.equal(open, protocol === "tcp" && port >= first && port <= last);
        },
      ),
    );
  });
});
