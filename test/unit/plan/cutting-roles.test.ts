/** Blocks that may cut a host off: firewall and network. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { planBundle } from "../../../plan/bundles/index.ts";
import { bundlesOf } from "../../../plan/bringup.ts";
import { renderBundle } from "../../../plan/bundle.ts";
import { withRoles } from "../../../plan/config.ts";
import { checkInput, type CheckedInput } from "../../../plan/stackinput.ts";
import {
  defineRole,
  file,
  firewall,
  network,
  renderRole,
  shipped,
  type FirewallRule,
  type NetworkSettings,
} from "../../../roles.ts";
import { rawConfig, threeHosts } from "../../support/cluster.ts";

const path = "/etc/plinth/firewall.nft";

/** The rules that a block lets something in by, without the ones that every host has. */
function rulesOf(...rules: FirewallRule[]): string[] {
  const role = defineRole({ name: "wall", confirm: 60, plan: () => [firewall(rules)] });
  const lines = (renderRole(role).files[path]?.content ?? "").split("\n").map((line) => line.trim());
  return lines.slice(lines.findIndex((line) => line.includes("dport 546")) + 1, -3);
}

describe("what may cut a host off", () => {
  it("is refused in a role that says nothing of confirm", () => {
    const blocks = [firewall([]), network("eth0", { manager: "networkd", dhcp: true })];
    for (const [index, what] of ["a firewall", "the network of eth0"].entries()) {
      const role = defineRole({ name: "wall", plan: () => blocks.slice(index, index + 1) });
      assert.throws(() => renderRole(role), {
        message: new RegExp(`^${what} may cut the host off, .*such as confirm: 60$`),
      });
    }
    for (const confirm of [0, 19, 601, 30.5, Number.NaN])
      assert.throws(() => defineRole({ name: "wall", confirm, plan: () => [] }), /whole number of 20 to 600 seconds/);
  });

  it("is told to the host with the time that it waits, and so is its end", () => {
    const role = defineRole({ name: "wall", confirm: 45, plan: () => [file("/etc/a", { content: "a" })] });
    assert.match(renderRole(role).text, /^plinth-bundle 1\nbundle role-wall\ngeneration 1\nconfirm 45\n/);
    assert.match(renderRole(shipped.ssh).text, /^confirm 120$/m);
    const input = checkInput(
      threeHosts.map((host) => ({ ...host, roles: [...host.roles, "wall"] })),
      rawConfig,
      [role],
    ) as CheckedInput & { config: NonNullable<CheckedInput["config"]> };
    assert.deepEqual(input.findings, []);
    const [host] = input.hosts;
    assert.ok(host !== undefined);
    const config = withRoles(input.config, [role]);
    const entry = bundlesOf(host, config).find(({ name }) => name === "role-wall");
    assert.ok(entry !== undefined);
    const gone = planBundle(entry, { host: { ...host, projectRoles: [] }, hosts: input.hosts, config });
    assert.match(
      renderBundle(gone, 2, () => assert.fail("fetches nothing")),
      /^confirm 45$/m,
    );
    assert.deepEqual(gone.files, []);
  });
});

describe("a firewall", () => {
  it("lets in by protocol, ports and sources, and drops all else", () => {
    assert.deepEqual(
      rulesOf(
        { ports: [22], comment: "SSH" },
        { ports: ["8000-8010", 8005, 8011], from: ["192.0.2.7", "192.0.2.0/24", "2001:db8::/32"] },
        { protocol: "udp", from: ["198.51.100.1"] },
        { protocol: "any", from: ["203.0.113.0/24"] },
        { protocol: "vrrp" },
      ),
      [
        'tcp dport { 22 } accept comment "SSH"',
        "ip saddr { 192.0.2.0/24 } tcp dport { 8000-8011 } accept",
        "ip6 saddr { 2001:db8::/32 } tcp dport { 8000-8011 } accept",
        "ip saddr { 198.51.100.1 } meta l4proto udp accept",
        "ip saddr { 203.0.113.0/24 } accept",
        "meta l4proto 112 accept",
      ],
    );
  });

  it("is loaded at boot, in one step, and once more where others have flushed it", () => {
    const role = defineRole({ name: "wall", confirm: 60, plan: () => [firewall([], { log: true })] });
    const { text, files, units } = renderRole(role);
    assert.match(
      files[path]?.content ?? "",
      /table inet plinth_host\ndelete table inet plinth_host\ntable inet plinth_host {/,
    );
    assert.match(files[path]?.content ?? "", /policy drop;[^]*log prefix/);
    assert.match(text, /^validate \/etc\/plinth\/firewall\.nft 30 nft -c -f %045$/m);
    assert.match(
      text,
      /^resource command plinth-firewall -- - nft%040list%040chain.* if%040nft%040list%040table%040inet/m,
    );
    assert.deepEqual(units, ["plinth-firewall.service"]);
  });

  it("says what is wrong with a rule", () => {
    assert.throws(() => rulesOf({ ports: ["80-70"] }), /the port of a firewall rule "80-70" must be of 1 to 65535/);
    assert.throws(() => rulesOf({ ports: [0] }), /must be a port, or a range/);
    assert.throws(() => rulesOf({ from: ["192.0.2.0/33"] }), /must be an address or a network of IPv4 or IPv6/);
    assert.throws(() => rulesOf({ from: ["example.com"] }), /must be an address or a network/);
    for (const comment of ['a "b"', "ä", "a".repeat(121)])
      assert.throws(() => rulesOf({ comment }), /must have at most 120 characters/);
  });

  it("lets in what it was told, whatever overlaps, and nft would take the sets", () => {
    const network4 = fc.tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 8, max: 32 }));
    fc.assert(
      fc.property(
        fc.array(network4, { minLength: 1, maxLength: 8 }),
        fc.tuple(fc.nat(255), fc.nat(255)),
        (networks, [c, d]) => {
          const from = networks.map(([a, b, bits]) => `10.${a}.${b}.9/${bits}`);
          const [rule = ""] = rulesOf({ protocol: "any", from });
          const written = /{ (.*) }/.exec(rule)?.[1]?.split(", ") ?? [];
          const parse = (text: string) => ipaddr.IPv4.parseCIDR(text.includes("/") ? text : `${text}/32`);
          const asked = ipaddr.IPv4.parse(`10.${c}.${d}.9`);
          assert.equal(
            written.some((text) => asked.match(parse(text))),
            from.some((text) => asked.match(parse(text))),
          );
          for (const [index, text] of written.entries())
            for (const other of written.slice(index + 1)) {
              const [one, two] = [parse(text), parse(other)];
              assert.ok(!one[0].match(two) && !two[0].match(one), `${text} and ${other} overlap`);
            }
        },
      ),
    );
  });

  it("opens what the cluster needs of each of its hosts, and to whom", () => {
    const role = shipped.firewall;
    const input = checkInput(
      threeHosts.map((host) => ({ ...host, roles: [...host.roles, "firewall"] })),
      rawConfig,
      [role],
    ) as CheckedInput & { config: NonNullable<CheckedInput["config"]> };
    assert.deepEqual(input.findings, []);
    const config = withRoles(input.config, [role]);
    const [host] = input.hosts;
    assert.ok(host !== undefined);
    const entry = bundlesOf(host, config).find(({ name }) => name === "role-firewall");
    assert.ok(entry !== undefined);
    const bundle = planBundle(entry, { host, hosts: input.hosts, config });
    const text = bundle.files.find((one) => one.path === path)?.content ?? "";
    assert.match(text, /tcp dport { 22 } accept comment "SSH"/);
    assert.match(text, /^ {4}tcp dport { 6443 } accept comment "the API and service ports"$/m);
    assert.match(
      text,
      /ip saddr {[^}]*} tcp dport { 2379-2380, 6443, .*10250.* } accept comment "hosts of the cluster"/,
    );
    assert.match(text, /ip saddr { 10\.244\.0\.0\/16 } accept comment "pods"/);
    assert.match(text, /^ {4}tcp dport { 30000-32767 } accept comment "NodePorts"$/m);
    assert.match(text, /meta l4proto 112 accept comment "virtual IPs"/);
    const machine = renderRole(role, { parameters: { ssh: ["192.0.2.0/24"], allow: [{ ports: [80] }] } });
    assert.match(
      machine.files[path]?.content ?? "",
      /saddr { 192\.0\.2\.0\/24 } tcp dport { 22 }[^]*tcp dport { 80 } accept\n/,
    );
    assert.doesNotMatch(machine.files[path]?.content ?? "", /hosts of the cluster/);
  });
});

describe("a network interface", () => {
  const render = (name: string, settings: NetworkSettings) =>
    renderRole(defineRole({ name: "net", confirm: 60, plan: () => [network(name, settings)] }));
  const settings = {
    addresses: ["192.0.2.21/24", "2001:db8::21/64"],
    routes: [
      { to: "default", via: "192.0.2.1" },
      { to: "198.51.100.0/24", via: "192.0.2.2", metric: 50 },
    ],
    nameservers: ["192.0.2.53"],
    domains: ["example.com"],
    mtu: 9000,
  } as const;

  it("has its settings by systemd-networkd", () => {
    const { files, units, text } = render("eth0", { ...settings, manager: "networkd" });
    assert.equal(
      files["/etc/systemd/network/05-plinth-eth0.network"]?.content,
      `[Match]
Name=eth0

[Link]
MTUBytes=9000

[Network]
Address=192.0.2.21/24
Address=2001:db8::21/64
DHCP=no
DNS=192.0.2.53
Domains=example.com

[Route]
Gateway=192.0.2.1

[Route]
Destination=198.51.100.0/24
Gateway=192.0.2.2
Metric=50
`,
    );
    assert.deepEqual(units, ["systemd-networkd.service"]);
    assert.match(text, /^validate \/etc\/systemd\/network\/05-plinth-eth0\.network 30 sh -c if%040grep/m);
  });

  it("is a VLAN or a bond by systemd-networkd", () => {
    const vlan = render("lan10", { manager: "networkd", dhcp: true, vlan: { id: 10, of: "eth0" } }).files;
    assert.match(vlan["/etc/systemd/network/05-plinth-lan10.netdev"]?.content ?? "", /Kind=vlan\n\n\[VLAN\]\nId=10\n/);
    assert.equal(vlan["/etc/systemd/network/05-plinth-eth0.network.d/lan10.conf"]?.content, "[Network]\nVLAN=lan10\n");
    const bond = render("bond0", {
      manager: "networkd",
      addresses: ["192.0.2.21/24"],
      bond: { of: ["eth0", "eth1"], mode: "802.3ad" },
    }).files;
    assert.match(bond["/etc/systemd/network/05-plinth-bond0.netdev"]?.content ?? "", /Mode=802\.3ad/);
    for (const member of ["eth0", "eth1"])
      assert.match(bond[`/etc/systemd/network/05-plinth-${member}.network`]?.content ?? "", /Bond=bond0/);
  });

  it("is refused where ifupdown sets it, and there alone", () => {
    const { text } = render("eth0", { manager: "networkd", dhcp: true });
    const [, coded = ""] = /^validate \S+ 30 sh -c (\S+) /m.exec(text) ?? [];
    const folder = mkdtempSync(join(tmpdir(), "plinth-interfaces-"));
    const script = coded
      .replaceAll(/%([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))
      .replaceAll("/etc/network", folder);
    const judged = () => spawnSync("sh", ["-c", script], { encoding: "utf8" });
    try {
      mkdirSync(join(folder, "interfaces.d"));
      writeFileSync(join(folder, "interfaces"), "auto lo\niface lo inet loopback\n");
      assert.equal(judged().status, 0);
      writeFileSync(join(folder, "interfaces"), "auto eth0\n  iface eth0 inet dhcp\n");
      assert.equal(judged().status, 1);
      assert.match(judged().stdout, /^eth0 is in .*interfaces, which sets it already/);
      writeFileSync(join(folder, "interfaces"), "iface eth01 inet dhcp\n");
      assert.equal(judged().status, 0);
      writeFileSync(join(folder, "interfaces.d", "a"), "iface eth0 inet6 auto\n");
      assert.equal(judged().status, 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("has its settings by NetworkManager", () => {
    const { files, units } = render("eth0", { ...settings, manager: "NetworkManager" });
    const profile = files["/etc/NetworkManager/system-connections/plinth-eth0.nmconnection"];
    assert.equal(profile?.mode, "0600");
    assert.match(
      profile.content,
      /\[ipv4\]\nmethod=manual\naddress1=192\.0\.2\.21\/24\nroute1=0\.0\.0\.0\/0,192\.0\.2\.1\nroute2=198\.51\.100\.0\/24,192\.0\.2\.2,50\ndns=192\.0\.2\.53;\ndns-search=example\.com;\n/,
    );
    assert.match(profile.content, /\[ipv6\]\nmethod=manual\naddress1=2001:db8::21\/64\n/);
    assert.deepEqual(units, ["NetworkManager.service", "plinth-network-eth0.service"]);
    const bond = render("bond0", { manager: "NetworkManager", bond: { of: ["eth1"], mode: "active-backup" } }).files;
    assert.match(
      bond["/etc/NetworkManager/system-connections/plinth-eth1.nmconnection"]?.content ?? "",
      /master=bond0\nslave-type=bond/,
    );
  });

  it("says what is wrong with it", () => {
    const wrong = (part: Partial<NetworkSettings>, message: RegExp, name = "eth0"): void => {
      assert.throws(() => render(name, { manager: "networkd", ...part }), message);
    };
    wrong({}, /the interface "an interface name" must be the name of a network interface/, "an interface name");
    wrong({ addresses: ["192.0.2.21"] }, /with the length of its network's prefix, such as 192\.0\.2\.21\/24/);
    wrong({ routes: [{ to: "default" }] }, /the default route of the interface eth0 must have via/);
    wrong({ routes: [{ to: "192.0.2.0/24", via: "2001:db8::1" }] }, /a gateway of the same kind/);
    wrong({ routes: [{ to: "default", via: "192.0.2.1" }] }, /a route to default and no address of its kind/);
    const both = { manager: "NetworkManager", addresses: ["192.0.2.21/24"] } as const;
    wrong({ ...both, nameservers: ["2001:db8::53"] }, /the name server 2001:db8::53 and no address of its kind/);
    wrong({ ...both, domains: ["example.com"] }, /has domains and no name servers/);
    wrong({ nameservers: ["dns.example.com"] }, /a name server of the interface eth0 must be an address/);
    wrong({ mtu: 100 }, /the mtu of the interface eth0 100 must be at least 576/);
    wrong({ vlan: { id: 5000, of: "eth1" } }, /the id of the VLAN eth0 5000 must be at most 4094/);
    wrong({ manager: "ifupdown" as "networkd" }, /must be networkd or NetworkManager/);
  });
});
