import assert from "node:assert/strict";
import { join } from "node:path";
import type { FakeHost, Result } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

const script = join(import.meta.dirname, "../../scripts/host/baseline.sh");

onHosts("the baseline of the kernel", (host) => {
  const run = (modules: string[], parameters: string[]): Promise<Result> => {
    host().write("/etc/modules", ["# comment", "", ...modules, ""].join("\n"));
    host().write("/etc/parameters", ["# comment", "", ...parameters, ""].join("\n"));
    return host().runFile(script, [host().path("/etc/modules"), host().path("/etc/parameters")]);
  };
  /** A modprobe that knows some modules, and writes down what it was asked for. */
  const loadable = (on: FakeHost, ...names: string[]) =>
    on.command(
      "modprobe",
      `echo "$*" >>"$PLINTH_ROOT/asked"
      case " ${names.join(" ")} " in *" $1 "*) mkdir -p "$PLINTH_ROOT/sys/module/$1" ;; *) echo "FATAL: Module $1 not found." >&2; exit 1 ;; esac`,
    );

  beforeEach(() => {
    host().write("/proc/filesystems", "nodev\toverlay\n\text4\n");
    host().write("/proc/sys/net/bridge/bridge-nf-call-iptables", "0\n");
    host().write("/proc/sys/net/ipv4/ip_forward", "0\n");
    host().write("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
    host().write("/proc/sys/net/ipv4/conf/eth0.7/rp_filter", "0\n");
    host().write("/proc/sys/net/ipv4/conf/lo/rp_filter", "0\n");
  });

  it("loads the modules whose effect is not there yet, and no others", async () => {
    loadable(host(), "vxlan", "nf_tables");
    const modules = ["overlay", "br_netfilter", "nf_tables", "vxlan"];
    assert.deepEqual(await run(modules, []), { code: 0, stdout: "", stderr: "" });
    assert.equal(host().read("/asked"), "nf_tables\nvxlan\n");
    assert.equal((await run(modules, [])).code, 0);
    assert.equal(host().read("/asked"), "nf_tables\nvxlan\n");
  });

  it("takes what is built in for loaded", async () => {
    loadable(host());
    host().write("/proc/kallsyms", "0000 T nft_do_chain\n0000 t vxlan_xmit\t[vxlan]\n");
    assert.equal((await run(["overlay", "nf_tables", "vxlan"], [])).code, 0);
    assert.equal(host().exists("/asked"), false);
  });

  it("sets the parameters that are not as they should be, and writes to no others", async () => {
    host().write("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
    const wanted = [
      "net.ipv4.ip_forward = 1",
      "net.ipv4.ip_local_port_range = 32768 60999",
      "net.ipv4.conf.eth0/7.rp_filter = 2",
    ];
    assert.deepEqual(await run([], wanted), { code: 0, stdout: "", stderr: "" });
    assert.equal(host().read("/proc/sys/net/ipv4/ip_forward"), "1\n");
    assert.equal(host().read("/proc/sys/net/ipv4/ip_local_port_range"), "32768\t60999\n", "not written");
    assert.equal(host().read("/proc/sys/net/ipv4/conf/eth0.7/rp_filter"), "2\n");
    assert.equal(host().read("/proc/sys/net/ipv4/conf/lo/rp_filter"), "0\n");
    await run([], ["net.ipv4.conf.*.rp_filter = 1"]);
    assert.equal(host().read("/proc/sys/net/ipv4/conf/lo/rp_filter"), "1\n");
  });

  it("tells all that it cannot do, after it has done the rest", async () => {
    loadable(host());
    const { code, stderr } = await run(["overlay", "nf_tables"], ["net.none.x = 1", "net.ipv4.ip_forward = 1"]);
    assert.equal(code, 1);
    assert.match(stderr, /error: cannot load the kernel module nf_tables: FATAL: Module nf_tables not found\./);
    assert.match(stderr, /error: this kernel has no parameter net\.none\.x/);
    assert.equal(host().read("/proc/sys/net/ipv4/ip_forward"), "1\n");
  });
});
