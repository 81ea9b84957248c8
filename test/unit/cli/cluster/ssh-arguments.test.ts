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

  it("offers the key that the host took from the agent, where none is configured", () => {
    const agent = { sshUser: "plinth", sshPort: 22, sshKnownHostsFile: "known_hosts" };
    assert.match(
      sshArguments(host, agent, { dir: "/p" }, "/taken.pub").join(" "),
      /^-i \/taken\.pub -o IdentitiesOnly=yes /,
    );
    assert.match(
      sshArguments(host, config, { dir: "/p" }, "/taken.pub").join(" "),
      /^-i \S+\/key -o IdentitiesOnly=yes /,
    );
    assert.match(sshArguments(host, agent, { dir: "/p" }).join(" "), /^-o UserKnownHostsFile/);
  });

  it("lets a host's own settings win, and pins the key of the inventory", () => {
    const own = { ...host, user: "root", port: 2222, hostKey: "ssh-ed25519 AAAA comment" };
    const line = sshArguments(own, config, { dir: "/p" }).join(" ");
    assert.match(line, /UserKnownHostsFile=\/dev\/null -o HostKeyAlias=cp1 /);
    assert.match(line, /KnownHostsCommand=\/bin\/echo cp1 ssh-ed25519 AAAA -o /);
    assert.match(line, /-p 2222 -l root 192\.0\.2\.11$/);
  });

  it("finds files from the home directory and from the project", () => {
    assert.equal(configuredFile("~/k", { dir: "/p" }, "/home/u"), "/home/u/k");
    assert.equal(configuredFile("k", { dir: "/p" }, "/home/u"), "/p/k");
    assert.equal(configuredFile("/k", { dir: "/p" }, "/home/u"), "/k");
  });
});
