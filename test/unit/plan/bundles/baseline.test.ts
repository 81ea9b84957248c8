import assert from "node:assert/strict";
import fc from "fast-check";
import { modulesOf, sysctlsOf } from "../../../../plan/bundles/baseline.ts";
import { validateProxyMode } from "../../../../plan/kubeproxymode.ts";
import { stackPlace } from "../../../../plan/settings/place.ts";
import type { Host } from "../../../../plan/inventory.ts";
import { bundleOf, configOf, hostsOf } from "../../../support/cluster.ts";

const [node, balancer] = hostsOf([
  { name: "w1", address: "192.0.2.21", roles: ["worker"] },
  { name: "lb1", address: "192.0.2.31", roles: ["load-balancer"] },
]) as [Host, Host];
const bundle = (host: Host, extra: Record<string, unknown> = {}) =>
  bundleOf("baseline", { host, hosts: [host], config: configOf(extra) });

describe("plan/bundles/baseline", () => {
  it("of a host without pods leaves the kernel alone, but for what the configuration asks", () => {
    assert.deepEqual([sysctlsOf(balancer, configOf()), modulesOf(balancer, configOf())], [{}, []]);
    assert.deepEqual(bundle(balancer).packages, []);
    const asked = configOf({ sysctls: { "net.core.somaxconn": "16384" } });
    assert.deepEqual(sysctlsOf(balancer, asked), { "net.core.somaxconn": "16384" });
  });

  it("needs vxlan for flannel only", () => {
    assert.ok(modulesOf(node, configOf()).includes("vxlan"));
    assert.ok(!modulesOf(node, configOf({ network: "none" })).includes("vxlan"));
  });

  it("brings what kube-proxy needs in its mode", () => {
    const names = (kubeProxyConfig: Record<string, unknown>) => ({
      packages: bundle(node, { kubeProxyConfig })
        .packages.map(({ name }) => name)
        .slice(5),
      modules: modulesOf(node, configOf({ kubeProxyConfig })).slice(5),
    });
    assert.deepEqual(names({}), { packages: [], modules: [] });
    assert.deepEqual(names({ mode: "iptables" }), { packages: ["iptables"], modules: [] });
    assert.deepEqual(names({ mode: null }), { packages: ["iptables"], modules: [] }, "kube-proxy's own default");
    const ipvs = { packages: ["iptables", "ipset"], modules: ["ip_vs", "ip_vs_rr", "ip_set"] };
    assert.deepEqual(names({ mode: "ipvs" }), ipvs);
    const scheduled = names({ mode: "ipvs", ipvs: { scheduler: "sh" } });
    assert.deepEqual(scheduled.modules, ["ip_vs", "ip_vs_sh", "ip_set"]);
    assert.deepEqual(bundle(balancer, { kubeProxyConfig: { mode: "ipvs" } }).packages, []);
  });

  it("refuses modes of kube-proxy that there are not", () => {
    const found = (kubeProxyConfig: Record<string, unknown>) =>
      validateProxyMode(configOf({ kubeProxyConfig }), stackPlace).map(({ message }) => message);
    for (const mode of ["nftables", "iptables", "ipvs", "", null]) assert.deepEqual(found({ mode }), []);
    for (const mode of ["userspace", "kernelspace", "IPVS", 1])
      assert.match(found({ mode })[0] ?? "", /mode is .*does not know/);
    assert.match(found({ mode: "ipvs", ipvs: { scheduler: "rr;x" } })[0] ?? "", /ipvs\.scheduler is/);
  });

  it("takes parameters from the configuration over its own, and an empty value leaves one alone", () => {
    const own = sysctlsOf(node, configOf());
    const changed = sysctlsOf(
      node,
      configOf({
        sysctls: { "kernel.panic": "60", "vm.overcommit_memory": "", "net.ipv4.ip_local_port_range": "32768\t 60999" },
      }),
    );
    assert.equal(changed["kernel.panic"], "60");
    assert.equal(changed["vm.overcommit_memory"], undefined);
    assert.equal(changed["net.ipv4.ip_local_port_range"], "32768 60999");
    assert.deepEqual(Object.keys({ ...own, ...changed }).length, Object.keys(own).length + 1);
  });

  it("reads back every parameter that it sets, and sets every one of the configuration that has a value", () => {
    const key = fc.constantFrom(
      "net.ipv4.ip_forward",
      "kernel.panic",
      "vm.swappiness",
      "net.core.somaxconn",
      "fs.file-max",
    );
    fc.assert(
      fc.property(fc.dictionary(key, fc.constantFrom("", "0", "1", "4096 65536")), (sysctls) => {
        const { files, checks } = bundle(node, { sysctls });
        const file = files.find((each) => each.path === "/etc/sysctl.d/90-plinth.conf");
        const written = (file?.content ?? "").trimEnd().split("\n");
        const checked = checks.flatMap((check) =>
          check.name === "sysctl" ? [`${check.args.key} = ${check.args.value}`] : [],
        );
        assert.deepEqual(written, checked);
        for (const [name, value] of Object.entries(sysctls)) {
          assert.equal(written.includes(`${name} = ${value}`), value !== "");
          if (value === "") assert.ok(!written.some((line) => line.startsWith(`${name} `)));
        }
      }),
    );
  });
});
