import assert from "node:assert/strict";
import { configuredFile, sshArguments } from "../../../../cli/cluster/ssh-arguments.ts";
import type { Host } from "../../../../plan/inventory.ts";

describe("ssh", () => {
  const config = { sshUser: "plinth", sshPort: 22, sshPrivateKeyFile: "~/key", sshKnownHostsFile: "known_hosts" };
  const host: Host = {
    name: "cp1",
    address: "192.0.2.11",
    roles: ["etcd"],
    arch: "amd64",
    labels: {},
    annotations: {},
    taints: [],
  };

  it("uses the stack's user, key and known hosts, and refuses unknown keys", () => {
    const args = sshArguments(host, { ...config, sshPrivateKeyFile: "/k" }, { dir: "/p" });
    assert.equal(
      args.join(" "),
      "-i /k -o IdentitiesOnly=yes -o UserKnownHostsFile=/p/known_hosts -o StrictHostKeyChecking=yes " +
        "-o ConnectTimeout=10 -p 22 -l plinth 192.0.2.11",
    );
  });

  it("lets a host's own settings win, and pins the key of the inventory", () => {
    const own = { ...host, user: "root", port: 2222, hostKey: "ssh-ed25519 AAAA comment" };
    const line = sshArguments(own, config, { dir: "/p" }).join(" ");
    assert.match(line, /UserKnownHostsFile=\/dev\/null -o HostKeyAlias=cp1 /);
    assert.match(line, /KnownHostsCommand=\/bin\/echo cp1 ssh-ed25519 AAAA -o /);
    assert.match(line, /-p 2222 -l root 192\.0\.2\.11$/);
  });

  it("hands a path with blanks on as one", () => {
    const args = sshArguments(host, { ...config, sshKnownHostsFile: "/a b/50%" }, { dir: "/p" });
    assert.ok(args.includes('UserKnownHostsFile="/a b/50%%"'));
  });

  it("finds files from the home directory and from the project", () => {
    assert.equal(configuredFile("~/k", { dir: "/p" }, "/home/u"), "/home/u/k");
    assert.equal(configuredFile("k", { dir: "/p" }, "/home/u"), "/p/k");
    assert.equal(configuredFile("/k", { dir: "/p" }, "/home/u"), "/k");
  });
});
