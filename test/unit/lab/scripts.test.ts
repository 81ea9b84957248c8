import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const scripts = join(import.meta.dirname, "../../../lab/host");

for (const shell of ["dash", "bash"]) {
  describe(`lab: scripts of a host, under ${shell}`, () => {
    let root: string;
    let environment: NodeJS.ProcessEnv;
    before(() => {
      const directory = mkdtempSync(join(tmpdir(), "plinth-provision-"));
      root = join(directory, "root");
      const ssh = join(directory, "ssh");
      for (const path of ["etc/ssh", "etc/systemd/network", "home/plinth/.ssh"])
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

    it("can be told which version of cgroups to use, and finds one by itself", () => {
      assert.equal(sh("PLINTH_LAB_CGROUPS=2; cgroup_version"), "2\n");
      assert.match(sh("PLINTH_LAB_CGROUPS=; cgroup_version"), /^[12]\n$/);
    });
  });
}
