import assert from "node:assert/strict";
import { planHost } from "../../../plan/bundles/index.ts";
import { renderPrepare } from "../../../plan/conditions.ts";
import { families, packageNames, type Family } from "../../../plan/distributions.ts";
import { proxyModes } from "../../../plan/kubeproxymode.ts";
import { contextRules } from "../../../plan/selinux.ts";
import { surroundingsOf } from "../../../plan/surroundings.ts";
import { configOf, factsOf, hostsOf, threeHosts } from "../../support/cluster.ts";
import { markdownTable, matchSection } from "../../support/snapshot.ts";

const hosts = hostsOf([
  { name: "one", address: "192.0.2.11", roles: ["etcd", "control-plane", "load-balancer", "worker"] },
]);
const planned = (facts: Parameters<typeof factsOf>[1], extra: Record<string, unknown> = {}) =>
  hosts.flatMap((host) => {
    const surroundings = surroundingsOf(host, factsOf(host.name, facts), 1500);
    return planHost({ host, hosts, config: configOf(extra), surroundings });
  });
const unitOf = (family: Family, name: string): string =>
  planned({ family })
    .flatMap(({ files }) => files)
    .find(({ path }) => path === `/etc/systemd/system/${name}`)?.content ?? "";

describe("distributions", () => {
  it("have a name for every package that any bundle asks for", () => {
    for (const family of families)
      for (const mode of proxyModes)
        for (const { packages } of planned({ family, selinux: "enforcing" }, { kubeProxyConfig: { mode } }))
          for (const { name } of packages) assert.ok(packageNames[name]?.[family], `${name} on ${family}`);
  });

  it("stand in the documentation with the names of their packages", async () => {
    const rows = Object.entries(packageNames).map(([name, names]) => [
      `\`${name}\``,
      ...families.map((family) => (names[family] === undefined ? "" : `\`${names[family]}\``)),
    ]);
    await matchSection(
      "hosts.md",
      "packages",
      markdownTable([["in bundles", "Debian, Ubuntu", "RHEL, Rocky, Alma 9", "openSUSE Leap"], ...rows]),
    );
  });

  it("get the texts of Debian where they are of its family, or of none that is known", () => {
    assert.deepEqual(planned({ family: "debian" }), planned({}));
    assert.deepEqual(planned({ family: "debian", selinux: "enforcing" }), planned({}));
  });

  it("have a keepalived that does not tell when it is ready, but for Debian's", () => {
    assert.match(unitOf("debian", "keepalived.service"), /^Type=notify$/m);
    for (const family of ["rhel", "suse"] as const) assert.match(unitOf(family, "keepalived.service"), /^Type=exec$/m);
    assert.match(unitOf("suse", "haproxy.service"), /^AppArmorProfile=-unconfined$/m);
    for (const family of ["debian", "rhel"] as const)
      assert.doesNotMatch(unitOf(family, "haproxy.service"), /AppArmor/);
  });
});

describe("plan/selinux", () => {
  const all = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);

  it("has one rule for each program and script that hosts have, whatever their order", () => {
    for (const { binaries, downloads } of planned({ family: "rhel", selinux: "permissive" })) {
      const paths = [
        ...binaries.map(({ name, version }) => `/opt/plinth/${name}/${version}-0123456789ab/${name}`),
        ...(downloads ?? []).map(({ path }) => path).filter((path) => path.startsWith("/usr/local/lib/")),
      ];
      for (const path of paths) {
        const fitting = hosts.flatMap((host) =>
          contextRules(host, configOf()).filter(
            (rule) => "pattern" in rule && new RegExp(`^(${rule.pattern})$`).test(path),
          ),
        );
        assert.equal(fitting.length, 1, path);
      }
    }
  });

  it("knows directories of data that are elsewhere, on Nodes only", () => {
    const config = configOf({ directories: { containerd: "/data/containerd", kubelet: "/data/kubelet" } });
    for (const host of all) {
      const moved = contextRules(host, config).flatMap((rule) => ("like" in rule ? [`${rule.like} ${rule.path}`] : []));
      assert.deepEqual(moved, ["/var/lib/containerd /data/containerd", "/var/lib/kubelet /data/kubelet"]);
    }
  });

  it("is told before anything of it runs, by packages of the distribution", () => {
    const [baseline] = planned({ family: "rhel", selinux: "enforcing" });
    assert.deepEqual(
      baseline?.packages.slice(-2).map(({ name, command }) => `${name} ${command}`),
      ["policycoreutils-python-utils semanage", "container-selinux /usr/share/containers/selinux/contexts"],
    );
    assert.match(
      (baseline.prepares ?? []).map(renderPrepare).join("\n"),
      /^prepare selinux-contexts 300 - bin_t:\/opt/,
    );
    const balancer = planned({ family: "rhel", selinux: "enforcing" }).find(({ name }) => name === "loadbalancer");
    const conf = balancer?.files.find(({ path }) => path.endsWith("keepalived.conf"))?.content ?? "";
    assert.match(conf, /notify_fault "\/usr\/local\/lib\/plinth\/keepalived\/end-connections 192\.0\.2\.\d+" root/);
    assert.doesNotMatch(conf, /ss --kill/);
  });
});
