import assert from "node:assert/strict";
import fc from "fast-check";
import { validateAddresses } from "../../../plan/addressrules.ts";
import { describeFinding } from "../../../plan/findings.ts";
import { checkPool } from "../../../plan/pool.ts";
import { checkInput } from "../../../plan/stackinput.ts";
import { configOf, hostsOf, rawConfig, threeHosts } from "../../support/cluster.ts";
import { materialOf, rawPool } from "../../support/pool.ts";

const worker = (address: string) => ({ name: "w1", address, roles: ["worker"] });
const judge = (extra: Record<string, unknown>, more: object[] = []) =>
  validateAddresses(hostsOf([...threeHosts, ...more]), configOf(extra));

describe("plan/addressrules", () => {
  it("has nothing to say about ordinary addresses", () => {
    assert.deepEqual(judge({}), []);
    const extra = {
      serviceVip: "192.0.2.9",
      dnsUpstreams: ["198.51.100.53", "169.254.169.254", "192.0.2.11:5353", "/etc/resolv.conf"],
      registries: {
        "docker.io": { mirrors: ["http://127.0.0.1:5000", "http://10.96.0.50:5000", "https://192.0.2.10"] },
      },
      kubeletConfig: { clusterDNS: ["169.254.20.10", "10.96.0.53"] },
      artifactsUrl: "http://192.0.2.11:8410",
    };
    assert.deepEqual(judge(extra, [worker("198.51.100.255")]), []);
    // A port that is forwarded, and a network of the operator's.
    for (const sshAddress of ["127.0.0.1", "10.244.0.9"])
      assert.deepEqual(judge({}, [{ ...worker("198.51.100.2"), sshAddress }]), []);
    assert.deepEqual(judge({ proxy: { http: "http://127.0.0.1:3128" } }), []);
    const alone = { nodeSubnet: "192.0.2.11/32", vip: "" };
    assert.deepEqual(validateAddresses(hostsOf([threeHosts[0]]), configOf(alone)), []);
  });

  const cases: [string, Record<string, unknown>, object[], RegExp][] = [
    [
      "a worker among the pods",
      {},
      [worker("10.244.7.1")],
      /^w1: the address of w1 10\.244\.7\.1 lies in plinth:podCidr/,
    ],
    ["a worker among the services", {}, [worker("10.96.7.1")], /^w1: .* in plinth:serviceCidr .* for services/],
    ["a worker on every host", {}, [worker("127.0.0.1")], /^w1: .* lies in 127\.0\.0\.0\/8.*\[address-special\]/],
    ["a worker that is a group", {}, [worker("224.0.0.18")], /224\.0\.0\.0\/4/],
    ["a worker without an address", {}, [worker("0.0.0.0")], /0\.0\.0\.0\/8/],
    ["a worker without DHCP", {}, [worker("169.254.3.4")], /169\.254\.0\.0\/16/],
    ["a worker that is everybody", {}, [worker("255.255.255.255")], /240\.0\.0\.0\/4/],
    ["a worker that is the network", {}, [worker("192.0.2.0")], /first or last address of plinth:nodeSubnet/],
    ["a worker that is the broadcast address", {}, [worker("192.0.2.255")], /\[address-of-network\]/],
    ["a worker twice", {}, [worker("192.0.2.12")], /^cp2, w1: the address 192\.0\.2\.12 belongs to 2 hosts/],
    ...["0.0.0.0", "224.0.0.9", "255.255.255.255"].map(
      (sshAddress): [string, Record<string, unknown>, object[], RegExp] => [
        `a worker that nobody reaches at ${sshAddress}`,
        {},
        [{ ...worker("192.0.2.21"), sshAddress }],
        /^the sshAddress of w1 .*\[address-special\]/,
      ],
    ),
    [
      "a worker by the VIP",
      {},
      [{ ...worker("192.0.2.21"), sshAddress: "192.0.2.10" }],
      /is plinth:vip and the sshAddress of w1; .*\[vip-in-use\]/,
    ],
    [
      "a worker behind the VIP",
      {},
      [{ ...worker("192.0.2.21"), bastion: ["jump@192.0.2.10:22"] }],
      /the bastion of w1.*\[vip-in-use\]/,
    ],
    ["a bastion that is none", { bastion: ["0.0.0.0"] }, [], /plinth:bastion 0\.0\.0\.0 .*\[address-special\]/],
    ["a name that is every host", { vipName: "localhost" }, [], /plinth:vipName .*\[address-special\]/],
    ["a proxy among the pods", { proxy: { http: "http://10.244.1.1:3128" } }, [], /plinth:proxy\.http .* for pods/],
    ["a proxy among the services", { proxy: { https: "http://10.96.1.1" } }, [], /plinth:proxy\.https .* for services/],
    ["a proxy at the VIP", { proxy: { http: "http://192.0.2.10:3128" } }, [], /plinth:proxy\.http.*\[vip-in-use\]/],
    ["a registry among the pods", { registries: { "10.244.0.9:5000": {} } }, [], /plinth:registries, 10\.244\.0\.9 /],
    ...["[::1]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]"].map(
      (host): [string, Record<string, unknown>, object[], RegExp] => [
        `artifacts on every host by ${host}`,
        { artifactsUrl: `http://${host}:8410` },
        [],
        /plinth:artifactsUrl 127\.0\.0\.1 .*\[address-special\]/,
      ],
    ),
    [
      "artifacts among the pods by IPv6",
      { artifactsUrl: "http://[::ffff:10.244.1.1]:8410" },
      [],
      /plinth:artifactsUrl 10\.244\.1\.1 .* for pods/,
    ],
    ["a VIP elsewhere", { vip: "198.51.100.1" }, [], /plinth:vip 198\.51\.100\.1 is not in plinth:nodeSubnet/],
    ["a VIP that is the broadcast address", { vip: "192.0.2.255" }, [], /plinth:vip .*\[address-of-network\]/],
    ["a VIP that is a host's", { vip: "192.0.2.12" }, [], /^cp2: 192\.0\.2\.12 is plinth:vip and the address of cp2/],
    ["a second VIP elsewhere", { serviceVip: "198.51.100.1" }, [], /plinth:serviceVip .*\[vip-outside-subnet\]/],
    ["a second VIP that is a host's", { serviceVip: "192.0.2.13" }, [], /plinth:serviceVip and the address of cp3/],
    [
      "a second VIP that is the first",
      { serviceVip: "192.0.2.10" },
      [],
      /plinth:vip and plinth:serviceVip.*\[vip-twice\]/,
    ],
    [
      "a second VIP among the pods",
      { serviceVip: "192.0.2.140", podCidr: "192.0.2.128/25" },
      [],
      /podCidr 192\.0\.2\.128\/25 overlap/,
    ],
    ["artifacts among the pods", { artifactsUrl: "http://10.244.0.9" }, [], /plinth:artifactsUrl .*podCidr/],
    ["artifacts of every host", { artifactsUrl: "http://localhost:8410" }, [], /plinth:artifactsUrl 127\.0\.0\.1/],
    ["artifacts of nobody yet", { artifactsUrl: "http://192.0.2.10:8410" }, [], /plinth:vip and plinth:artifactsUrl/],
    ["an upstream among the pods", { dnsUpstreams: ["10.244.0.9:53"] }, [], /plinth:dnsUpstreams 10\.244\.0\.9 lies/],
    ["an upstream that is the cluster's own DNS", { dnsUpstreams: ["10.96.0.10"] }, [], /dnsUpstreams .*serviceCidr/],
    ["an upstream of the pod itself", { dnsUpstreams: ["127.0.0.53"] }, [], /dnsUpstreams .*127\.0\.0\.0\/8/],
    ["an upstream that forwards no DNS", { dnsUpstreams: ["192.0.2.10"] }, [], /plinth:vip and plinth:dnsUpstreams/],
    ["a resolver of pods among them", { kubeletConfig: { clusterDNS: ["10.244.0.9"] } }, [], /clusterDNS .*podCidr/],
    [
      "a mirror among the pods",
      { registries: { "docker.io": { mirrors: ["https://10.244.1.1/x"] } } },
      [],
      /plinth:registries\.docker\.io\.mirrors .*podCidr/,
    ],
    [
      "an endpoint among the services",
      { vip: "", externalEndpoint: "10.96.0.1" },
      [],
      /externalEndpoint .*serviceCidr/,
    ],
    ["an endpoint on every host", { vip: "", externalEndpoint: "localhost" }, [], /externalEndpoint 127\.0\.0\.1/],
    ["services among the pods", { podCidr: "10.96.0.0/12" }, [], /podCidr .* and plinth:serviceCidr .* overlap/],
    ["pods among the hosts", { podCidr: "192.0.2.0/25" }, [], /nodeSubnet .* and plinth:podCidr .* overlap/],
    ["pods that are groups", { podCidr: "230.0.0.0/16" }, [], /plinth:podCidr .*\[network-special\]/],
    ["services of every host", { serviceCidr: "127.16.0.0/16" }, [], /plinth:serviceCidr .*127\.0\.0\.0\/8/],
  ];
  for (const [title, extra, more, expected] of cases) {
    it(`finds: ${title}`, () => {
      const findings = judge(extra, more);
      assert.equal(findings.length, 1, findings.map(describeFinding).join("\n"));
      assert.match(findings.map(describeFinding).join("\n"), expected);
      assert.ok((findings[0]?.remedy.length ?? 0) > 10);
    });
  }

  it("finds load balancers outside of the VIP's subnet, all at once", () => {
    const findings = judge({ nodeSubnet: "198.51.100.0/24", vip: "198.51.100.9" });
    assert.deepEqual(
      findings.map(({ rule, hosts }) => [rule, hosts]),
      [["load-balancer-outside-subnet", ["cp1", "cp2", "cp3"]]],
    );
  });

  it("knows a fleet that is simulated on one machine, and nothing else, by its subnet", () => {
    const hosts = threeHosts.map((host, n) => ({ ...host, address: `127.31.0.${n + 1}` }));
    const extra = { nodeSubnet: "127.31.0.0/16", vip: "127.31.255.10", artifactsUrl: "http://127.31.255.5:8410" };
    const rules = (more: Record<string, unknown>) => [
      ...new Set(validateAddresses(hostsOf(hosts), configOf({ ...extra, ...more })).map(({ rule }) => rule)),
    ];
    assert.deepEqual(rules({}), []);
    assert.deepEqual(rules({ artifactsUrl: "http://127.0.0.1:8410" }), ["address-special"]);
    assert.deepEqual(rules({ podCidr: "127.32.0.0/16" }), ["network-special"]);
    assert.deepEqual(rules({ nodeSubnet: "127.0.0.0/8" }), ["address-special", "network-special"]);
    assert.deepEqual(validateAddresses(hostsOf(hosts), undefined), [], "a pool whose cluster is not known yet");
  });

  it("judges hosts where there is no configuration", () => {
    const { findings } = checkInput([...threeHosts, worker("127.0.0.1"), { ...worker("192.0.2.11"), name: "w2" }], {});
    const rules = findings.map(({ rule }) => rule);
    for (const rule of ["duplicate-address", "address-special"]) assert.ok(rules.includes(rule), rule);
  });

  it("judges a pool by the networks and virtual addresses of its cluster", () => {
    const rulesOf = (address: string) =>
      checkPool([worker(address)], rawPool, materialOf({ virtualAddresses: ["192.0.2.10", "192.0.2.9"] })).findings.map(
        ({ rule }) => rule,
      );
    assert.deepEqual(rulesOf("192.0.2.30"), []);
    assert.deepEqual(rulesOf("10.244.0.7"), ["address-in-network"]);
    assert.deepEqual(rulesOf("192.0.2.10"), ["vip-is-host"]);
    assert.deepEqual(rulesOf("192.0.2.9"), ["vip-is-host"]);
    assert.deepEqual(rulesOf("192.0.2.255"), ["address-of-network"]);
  });
});

/** What the rules are, once more and in another way: addresses and networks as texts of 32 digits. */
const bits = (address: string) =>
  address
    .split(".")
    .map((part) => Number(part).toString(2).padStart(8, "0"))
    .join("");
const prefixOf = (cidr: string) => {
  const [address = "", length] = cidr.split("/");
  return bits(address).slice(0, Number(length));
};
const lies = (address: string, cidr: string) => bits(address).startsWith(prefixOf(cidr));
const share = (a: string, b: string) => prefixOf(a).startsWith(prefixOf(b)) || prefixOf(b).startsWith(prefixOf(a));
const ends = (address: string, cidr: string) => /^(0+|1+)$/.test(bits(address).slice(prefixOf(cidr).length));
const special = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"];

interface Situation {
  hosts: string[];
  vip: string;
  serviceVip: string;
  artifacts: string;
  upstream: string;
  nodeSubnet: string;
  podCidr: string;
  serviceCidr: string;
}

function keepsEveryRule(it: Situation): boolean {
  const networks = [it.nodeSubnet, it.podCidr, it.serviceCidr];
  const addresses = [...it.hosts, it.vip, it.serviceVip, it.artifacts, it.upstream];
  const own = [...it.hosts, it.vip, it.serviceVip];
  return (
    networks.every((a, index) => networks.every((b, other) => index === other || !share(a, b))) &&
    networks.every((network) => !special.some((other) => share(network, other))) &&
    addresses.every((address) => !lies(address, it.podCidr) && !lies(address, it.serviceCidr)) &&
    addresses.every((address) => !(lies(address, it.nodeSubnet) && ends(address, it.nodeSubnet))) &&
    addresses.every((address) => {
      const kinds = special.filter((cidr) => lies(address, cidr));
      return kinds.every(
        (cidr) =>
          address === it.upstream && !own.includes(address) && address !== it.artifacts && cidr === "169.254.0.0/16",
      );
    }) &&
    [it.vip, it.serviceVip, ...it.hosts.slice(0, 3)].every((address) => lies(address, it.nodeSubnet)) &&
    new Set(own).size === own.length &&
    ![it.artifacts, it.upstream].some((address) => address === it.vip || address === it.serviceVip)
  );
}

describe("addresses and networks of any inventory and configuration", () => {
  const networks = ["192.0.2.0/24", "192.0.0.0/16", "10.244.0.0/16", "10.96.0.0/16", "172.20.0.0/20", "224.1.0.0/16"];
  const addresses = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 255 }).map((last) => `192.0.2.${last}`) },
    { weight: 1, arbitrary: fc.ipV4() },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        "10.244.0.0",
        "10.96.255.255",
        "127.0.0.53",
        "169.254.1.1",
        "224.0.0.18",
        "255.255.255.255",
      ),
    },
  );
  const ordinary: Situation = {
    hosts: ["192.0.2.11", "192.0.2.12", "192.0.2.13", "198.51.100.7"],
    vip: "192.0.2.10",
    serviceVip: "192.0.2.9",
    artifacts: "192.0.2.5",
    upstream: "198.51.100.53",
    nodeSubnet: "192.0.2.0/24",
    podCidr: "10.244.0.0/16",
    serviceCidr: "10.96.0.0/16",
  };
  const place = { host: fc.integer({ min: 0, max: 3 }), address: addresses };
  const change = fc.oneof(
    fc.record(place).map(({ host, address }) => (it: Situation) => ({ ...it, hosts: it.hosts.with(host, address) })),
    fc
      .record({ key: fc.constantFrom("vip", "serviceVip", "artifacts", "upstream"), address: addresses })
      .map(({ key, address }) => (it: Situation) => ({ ...it, [key]: address })),
    fc
      .record({ key: fc.constantFrom("nodeSubnet", "podCidr", "serviceCidr"), cidr: fc.constantFrom(...networks) })
      .map(({ key, cidr }) => (it: Situation) => ({ ...it, [key]: cidr })),
  );
  const situations = fc
    .array(change, { maxLength: 3 })
    .map((changes) => changes.reduce((it, next) => next(it), ordinary));

  it("are accepted exactly where they keep every rule", () => {
    fc.assert(
      fc.property(situations, (it) => {
        const { hosts: places, artifacts, upstream, ...networking } = it;
        const inventory = places.map((address, index) =>
          threeHosts[index] === undefined ? worker(address) : { ...threeHosts[index], address },
        );
        const raw = { ...rawConfig, ...networking, artifactsUrl: `http://${artifacts}:8410`, dnsUpstreams: [upstream] };
        assert.equal(validateAddresses(hostsOf(inventory), configOf(raw)).length === 0, keepsEveryRule(it));
        if (checkInput(inventory, raw).findings.length === 0) assert.ok(keepsEveryRule(it));
      }),
      { numRuns: 1000 },
    );
  });
});
