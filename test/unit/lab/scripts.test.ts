import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scriptedVariants, variantNames, type VariantName } from "../../../lab/variants.ts";

const scripts = join(import.meta.dirname, "../../../lab/host");

for (const shell of ["dash", "bash"]) {
  describe(`lab: scripts of a host, under ${shell}`, () => {
    let root: string;
    let environment: NodeJS.ProcessEnv;
    before(() => {
      const directory = mkdtempSync(join(tmpdir(), "plinth-provision-"));
      root = join(directory, "root");
      const ssh = join(directory, "ssh");
      for (const path of ["etc/ssh", "etc/systemd/network", "etc/sudoers.d", "home/plinth/.ssh", "root"])
        mkdirSync(join(root, path), { recursive: true });
      mkdirSync(join(ssh, "hosts/cp1"), { recursive: true });
      writeFileSync(join(root, "etc/machine-id"), "");
      writeFileSync(join(ssh, "id_ed25519.pub"), "operator key\n");
      writeFileSync(join(ssh, "hosts/cp1/ssh_host_ed25519_key"), "host key\n");
      writeFileSync(join(ssh, "hosts/cp1/ssh_host_ed25519_key.pub"), "public host key\n");
      environment = {
        ...process.env,
        LAB_HOST: "cp1",
        LAB_ADDRESS: "10.27.0.171/24",
        LAB_SSH: ssh,
        LAB_USER: "plinth",
        LAB_SUBNET: "10.27.0.0/24",
        LAB_ROUTER: "10.27.0.1",
        LAB_PODS: "10.28.0.0/16",
        LAB_MTU: "1400",
      };
    });
    after(() => {
      rmSync(join(root, ".."), { recursive: true });
    });

    const sh = (code: string): string =>
      execFileSync(shell, ["-euc", `. ${scripts}/cgroups.sh; . ${scripts}/provision.sh; ${code}`], {
        env: environment,
        encoding: "utf8",
      });
    const provision = (): string => sh(`provision '${root}'`);
    const read = (path: string): string => readFileSync(join(root, path), "utf8");

    it("gives a root its identity, with no gateway", () => {
      provision();
      assert.equal(read("etc/hostname"), "cp1\n");
      assert.equal(read("etc/hosts"), "127.0.0.1 localhost\n10.27.0.171 cp1\n");
      assert.match(read("etc/machine-id"), /^[0-9a-f]{32}\n$/);
      const network = read("etc/systemd/network/10-lab.network");
      assert.match(network, /^MACAddress=02:00:0a:1b:00:ab$/m);
      assert.match(network, /^Address=10\.27\.0\.171\/24$/m);
      assert.doesNotMatch(network, /Gateway|DNS/);
      assert.equal(read("home/plinth/.ssh/authorized_keys"), "operator key\n");
      assert.equal(statSync(join(root, "etc/ssh/ssh_host_ed25519_key")).mode & 0o777, 0o600);
    });

    it("touches nothing the second time", () => {
      const files = ["etc/machine-id", "etc/hostname", "etc/hosts", "etc/ssh/ssh_host_ed25519_key"];
      const look = (): string[] => files.map((file) => `${statSync(join(root, file)).ino} ${read(file)}`);
      const before = look();
      provision();
      assert.deepEqual(look(), before);
    });

    it("puts a host key that is no longer the pinned one back", () => {
      writeFileSync(join(root, "etc/ssh/ssh_host_ed25519_key"), "foreign\n");
      provision();
      assert.equal(read("etc/ssh/ssh_host_ed25519_key"), "host key\n");
    });

    const make = (variant: VariantName): string =>
      execFileSync(shell, [join(scripts, "variants", `${variant}.sh`), root], { env: environment, encoding: "utf8" });
    const mode = (path: string): number => statSync(join(root, path)).mode & 0o777;

    it("has a script that can be run for each variant that is not an image alone", () => {
      for (const name of scriptedVariants(variantNames)) {
        assert.equal(statSync(join(scripts, "variants", `${name}.sh`)).mode & 0o111, 0o111, name);
      }
    });

    it("makes a host resolve names by systemd-resolved", () => {
      make("resolved");
      assert.equal(readlinkSync(join(root, "etc/resolv.conf")), "../run/systemd/resolve/stub-resolv.conf");
      assert.match(read("etc/systemd/resolved.conf.d/10-lab.conf"), /^DNS=10\.27\.0\.1$/m);
    });

    it("makes a firewall that forwards what pods send and get, or nothing", () => {
      make("forward-drop");
      const open = read("etc/nftables.conf");
      assert.match(open, /hook forward priority filter; policy drop;/);
      assert.match(open, /^ +ip saddr 10\.28\.0\.0\/16 accept\n +ip daddr 10\.28\.0\.0\/16 accept\n +}$/m);
      assert.match(readlinkSync(join(root, "etc/systemd/system/sysinit.target.wants/nftables.service")), /nftables/);
      make("forward-closed");
      assert.match(read("etc/nftables.conf"), /policy drop;/);
      assert.doesNotMatch(read("etc/nftables.conf"), /10\.28/);
    });

    it("makes a host whose sessions, root's too, services and programs are told a proxy", () => {
      make("proxied");
      const variables = /^http_proxy=(\S+)\nhttps_proxy=\1\nHTTP_PROXY=\1\nHTTPS_PROXY=\1\n$/;
      const [, proxy = ""] = variables.exec(read("etc/environment")) ?? [];
      assert.match(proxy, /^http:/);
      for (const file of [
        ...["etc/systemd/system.conf.d/20-lab-proxy.conf", "root/.curlrc", "home/plinth/.curlrc"],
        "etc/apt/apt.conf.d/90lab-proxy",
      ]) {
        assert.ok(read(file).includes(proxy), file);
      }
      assert.match(read("etc/sudoers.d/lab-proxy"), /env_keep .*HTTPS_PROXY/);
      assert.equal(mode("etc/sudoers.d/lab-proxy"), 0o440);
    });

    it("adds to the host's network, and to nothing else of it", () => {
      const before = read("etc/systemd/network/10-lab.network");
      make("small-mtu");
      make("two-subnets");
      const of = (name: string): string => read(`etc/systemd/network/10-lab.network.d/${name}.conf`);
      assert.equal(of("small-mtu"), "[Link]\nMTUBytes=1400\n");
      assert.equal(of("two-subnets"), "[Route]\nDestination=10.27.0.0/24\nGateway=10.27.0.1\n");
      assert.equal(read("etc/systemd/network/10-lab.network"), before);
    });

    it("can be told which version of cgroups to use, and finds one by itself", () => {
      assert.equal(sh("PLINTH_LAB_CGROUPS=2; cgroup_version"), "2\n");
      assert.match(sh("PLINTH_LAB_CGROUPS=; cgroup_version"), /^[12]\n$/);
    });
  });
}
