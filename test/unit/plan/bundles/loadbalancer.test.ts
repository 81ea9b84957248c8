import assert from "node:assert/strict";
import path from "node:path";
import { renderBundle, type Bundle } from "../../../../plan/bundle.ts";
import { servicePortAddress, validateServicePorts } from "../../../../plan/bundles/serviceports.ts";
import type { HostInput } from "../../../../plan/inventory.ts";
import { bundleOf, configOf, hostsOf, threeHosts } from "../../../support/cluster.ts";
import { matchSnapshot } from "../../../support/snapshot.ts";

const workers: HostInput[] = [1, 2].map((n) => ({ name: `w${n}`, address: `192.0.2.2${n}`, roles: ["worker"] }));
const servicePorts = [
  { name: "http", port: 80, nodePort: 30080 },
  { name: "https", port: 443, nodePort: 30443 },
];
const plan = (
  name: string,
  extra: Record<string, unknown>,
  input: HostInput[] = [...threeHosts, ...workers],
): Bundle => {
  const hosts = hostsOf(input);
  const host = hosts.find((item) => item.name === name);
  assert.ok(host);
  return bundleOf("loadbalancer", { host, hosts, config: configOf(extra) });
};
const lines = (bundle: Bundle) => renderBundle(bundle, 1, () => ({ sha256: "", url: "" })).split("\n");
const contentOf = (bundle: Bundle, file: string): string => {
  const found = bundle.files.find((item) => item.path === file);
  assert.ok(found);
  return found.content;
};
const messages = (extra: Record<string, unknown>) => validateServicePorts(configOf(extra)).map((item) => item.message);

describe("service ports of the load balancers", () => {
  it("are the ones that were reviewed", () => {
    const bundle = plan("cp2", { servicePorts, serviceVip: "192.0.2.9" });
    const text = ["/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf"].map((file) => contentOf(bundle, file));
    matchSnapshot(path.join(import.meta.dirname, "../__snapshots__/serviceports.txt"), text.join("\n"));
  });

  it("change nothing where there are none", () => {
    assert.deepEqual(lines(plan("cp1", {})), lines(plan("cp1", {}, threeHosts)));
    assert.doesNotMatch(contentOf(plan("cp1", {}), "/etc/haproxy/haproxy.cfg"), /workers/);
  });

  it("a worker more is one line, whatever the number of ports, by a reload", () => {
    const third: HostInput = { name: "w3", address: "192.0.2.23", roles: ["worker"] };
    const before = lines(plan("cp1", { servicePorts }));
    const bundle = plan("cp1", { servicePorts }, [...threeHosts, ...workers, third]);
    assert.deepEqual(
      lines(bundle).filter((line) => !before.includes(line)),
      ["|  server w3 192.0.2.23 tcp-ut 10s"],
    );
    const config = bundle.files.find((file) => file.path === "/etc/haproxy/haproxy.cfg");
    assert.deepEqual([config?.restart, config?.reload], [undefined, ["haproxy.service"]]);
  });

  it("leave connections to the API, however many clients they have", () => {
    const many = Array.from({ length: 7 }, (_, n) => ({ name: `p${n}`, port: 8000 + n, nodePort: 30000 + n }));
    const config = contentOf(plan("cp1", { servicePorts: many }), "/etc/haproxy/haproxy.cfg");
    const limits = [...config.matchAll(/^ {2}maxconn (\d+)$/gm)].map(([, number]) => Number(number));
    const [all = 0, ...each] = limits;
    assert.equal(each.length, 7);
    assert.ok(each.reduce((sum, number) => sum + number, 0) <= all * 0.8);
  });

  it("go to the second VIP where there is one, which another host takes first", () => {
    const extra = { servicePorts, serviceVip: "192.0.2.9" };
    const [port] = configOf(extra).servicePorts;
    assert.ok(port);
    assert.equal(servicePortAddress(port, configOf(extra)), "192.0.2.9");
    assert.equal(servicePortAddress(port, configOf({})), "192.0.2.10");
    assert.equal(servicePortAddress({ ...port, address: "192.0.2.10" }, configOf(extra)), "192.0.2.10");
    const priorities = ["cp1", "cp2", "cp3"].map((name) =>
      [...contentOf(plan(name, extra), "/etc/keepalived/keepalived.conf").matchAll(/priority (\d+)/g)].map(([, n]) =>
        Number(n),
      ),
    );
    assert.deepEqual(priorities, [
      [150, 148],
      [149, 150],
      [148, 149],
    ]);
  });

  it("and the API's address: whoever gives one up tells the holder, and ends what is connected there", () => {
    const text = contentOf(plan("cp1", { servicePorts, serviceVip: "192.0.2.9" }), "/etc/keepalived/keepalived.conf");
    assert.match(text, /^ {2}vrrp_higher_prio_send_advert true$/m);
    assert.match(text, /^ {2}vrrp_garp_lower_prio_repeat 5$/m);
    for (const [state, address] of ["backup", "fault"].flatMap((name) => [
      [name, "192.0.2.10"],
      [name, "192.0.2.9"],
    ])) {
      assert.ok(text.includes(`  notify_${state} "/usr/bin/env ss --kill --no-header --tcp src ${address}" root\n`));
    }
  });

  it("and the API's address are announced to peers only, also by a load balancer that is alone", () => {
    const extra = { servicePorts, serviceVip: "192.0.2.9" };
    const peers = (name: string, input: HostInput[]) =>
      [
        ...contentOf(plan(name, extra, input), "/etc/keepalived/keepalived.conf").matchAll(/unicast_peer \{([^}]*)\}/g),
      ].map(([, block = ""]) => block.trim().split(/\s+/));
    const [first, second, third] = threeHosts;
    assert.ok(first && second && third);
    assert.deepEqual(peers("cp1", [first, ...workers]), [["192.0.2.10"], ["192.0.2.9"]]);
    const both = [
      ["192.0.2.12", "192.0.2.13"],
      ["192.0.2.12", "192.0.2.13"],
    ];
    assert.deepEqual(peers("cp1", [first, second, third]), both);
    // Without the role nobody is a peer.
    const rest = [second, third].map((host): HostInput => ({ ...host, roles: ["etcd", "control-plane"] }));
    assert.deepEqual(peers("cp1", [first, ...rest]), [["192.0.2.10"], ["192.0.2.9"]]);
  });

  it("are refused on an address that nobody holds, and where something else listens", () => {
    assert.deepEqual(messages({ servicePorts, serviceVip: "192.0.2.9" }), []);
    assert.deepEqual(messages({ servicePorts: [{ ...servicePorts[0], address: "192.0.2.77" }] }), [
      "service port http is to be reached under 192.0.2.77, which no load balancer holds",
    ]);
    assert.deepEqual(messages({ servicePorts: [...servicePorts, { name: "http", port: 443, nodePort: 30001 }] }), [
      "the name http stands twice in plinth:servicePorts",
      "service port http wants 192.0.2.10:443, which belongs to service port https already",
    ]);
    assert.deepEqual(messages({ servicePorts: [{ name: "api", port: 6443, nodePort: 30001 }] }), [
      "service port api wants 192.0.2.10:6443, which belongs to the API servers already",
    ]);
    assert.deepEqual(messages({ serviceVip: "192.0.2.10", serviceRouterId: 51 }), [
      "plinth:serviceRouterId and plinth:virtualRouterId are both 51",
    ]);
    assert.deepEqual(messages({ vip: "", externalEndpoint: "192.0.2.10", servicePorts: [servicePorts[0]] }), [
      "service port http is to be reached under no address, which no load balancer holds",
    ]);
  });
});
