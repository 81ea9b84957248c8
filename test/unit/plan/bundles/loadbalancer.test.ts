import assert from "node:assert/strict";
import path from "node:path";
import { renderBundle, type Bundle } from "../../../../plan/bundle.ts";
import { servicePortAddress } from "../../../../plan/bundles/serviceports.ts";
import type { HostInput } from "../../../../plan/inventory.ts";
import { bundleOf, configOf, hostsOf, threeHosts } from "../../../support/cluster.ts";
import { matchSnapshot } from "../../../support/snapshot.ts";

const workers: HostInput[] = [1, 2].map((n) => ({ name: `w${n}`, address: `192.0.2.2${n}`, roles: ["worker"] }));
const servicePorts = [
  { name: "http", port: 80, nodePort: 30080 },
  { name: "https", port: 443, nodePort: 30443 },
];
const smtp = { name: "smtp", port: 25, nodePort: 30025 };
const haproxy = "/etc/haproxy/haproxy.cfg";
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

const local = { healthCheckNodePort: 32000 };
/** The part of a configuration from a line on, up to the next empty one. */
const section = (text: string, start: string): string =>
  text.split("\n\n").find((part) => part.startsWith(start)) ?? "";

describe("service ports of the load balancers", () => {
  it("are the ones that were reviewed", () => {
    const bundle = plan("cp2", { servicePorts, serviceVip: "192.0.2.9" });
    const text = [haproxy, "/etc/keepalived/keepalived.conf"].map((file) => contentOf(bundle, file));
    matchSnapshot(path.join(import.meta.dirname, "../__snapshots__/serviceports.txt"), text.join("\n"));
  });

  it("change nothing where there are none", () => {
    assert.deepEqual(lines(plan("cp1", {})), lines(plan("cp1", {}, threeHosts)));
    assert.doesNotMatch(contentOf(plan("cp1", {}), haproxy), /workers/);
  });

  it("a worker more is one line, whatever the number of ports, by a reload", () => {
    const third: HostInput = { name: "w3", address: "192.0.2.23", roles: ["worker"] };
    const before = lines(plan("cp1", { servicePorts }));
    const bundle = plan("cp1", { servicePorts }, [...threeHosts, ...workers, third]);
    assert.deepEqual(
      lines(bundle).filter((line) => !before.includes(line)),
      ["|  server w3 192.0.2.23 tcp-ut 10s"],
    );
    const config = bundle.files.find((file) => file.path === haproxy);
    assert.deepEqual([config?.restart, config?.reload], [undefined, ["haproxy.service"]]);
  });

  it("ask workers for pods of a Service with policy Local, too, once for all of its ports", () => {
    const extra = { servicePorts: [...servicePorts.map((port) => ({ ...port, ...local })), smtp] };
    const text = contentOf(plan("cp1", extra), haproxy);
    assert.match(section(text, "frontend service-http\n"), /default_backend workers-32000$/);
    assert.match(section(text, "frontend service-https\n"), /default_backend workers-32000$/);
    assert.match(section(text, "frontend service-smtp\n"), /default_backend workers$/);
    assert.deepEqual(text.match(/^backend workers.*/gm), ["backend workers-32000", "backend workers"]);
    const steps = section(text, "backend workers-32000\n").match(/^ {2}http-check .*/gm);
    const question = ["send meth GET uri /healthz ver HTTP/1.1 hdr Host kube-proxy"];
    const expected = ["expect status 200 error-status L7OKC"];
    assert.deepEqual(
      steps?.map((step) => step.replace("  http-check ", "")),
      ["connect port 10256", ...question, ...expected, "connect port 32000", ...question, ...expected],
    );
    // Nothing changes for the others.
    const without = contentOf(plan("cp1", { servicePorts: [smtp] }), haproxy);
    assert.equal(section(text, "backend workers\n"), section(without, "backend workers\n"));
  });

  it("tell the client's address by PROXY, with the port that the client has used", () => {
    const proxied = servicePorts.map((port, index) => ({ ...port, proxyProtocol: index === 0 ? true : "v2" }));
    const text = contentOf(plan("cp1", { servicePorts: [...proxied, smtp] }), haproxy);
    const [http, https] = ["http", "https"].map((name) => section(text, `backend workers-of-${name}\n`));
    assert.match(http ?? "", /^ {2}default-server check port 10256 .* send-proxy$/m);
    assert.match(http ?? "", /^ {2}server w1 192\.0\.2\.21:30080 tcp-ut 10s$/m);
    assert.match(https ?? "", /^ {2}default-server check port 10256 .* send-proxy-v2$/m);
    assert.match(https ?? "", /^ {2}server w2 192\.0\.2\.22:30443 tcp-ut 10s$/m);
    assert.doesNotMatch(section(text, "frontend service-http\n"), /set-dst-port/);
    assert.match(section(text, "frontend service-smtp\n"), /set-dst-port int\(30025\)\n {2}default_backend workers$/);
    const off = servicePorts.map((port) => ({ ...port, proxyProtocol: false, protocol: "tcp" }));
    assert.deepEqual(lines(plan("cp1", { servicePorts: off })), lines(plan("cp1", { servicePorts })));
  });

  it("leave connections to the API, however many clients they have", () => {
    const many = Array.from({ length: 7 }, (_, n) => ({ name: `p${n}`, port: 8000 + n, nodePort: 30000 + n }));
    const config = contentOf(plan("cp1", { servicePorts: many }), haproxy);
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
});
