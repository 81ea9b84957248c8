import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StackInput } from "../../../../cli/project/inventory.ts";
import { sharedPool } from "../../../../ssh/index.ts";
import { ProcessMemory } from "../../../../ssh/taken.ts";
import { configOf } from "../../../support/cluster.ts";
import { startSshServer } from "../../ssh/sshServer.ts";
import { startAgent } from "../../ssh/testAgent.ts";
import { configuredFile, sshArguments, takenKeyFile } from "../../../../cli/cluster/ssh-arguments.ts";
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

  it("goes to the address by which the host is reached", () => {
    const args = sshArguments({ ...host, sshAddress: "cp1.example.net", port: 2201 }, config, { dir: "/p" });
    assert.deepEqual(args.slice(-5), ["-p", "2201", "-l", "plinth", "cp1.example.net"]);
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

  it("finds out which of an agent's many keys a host takes, once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "plinth-ssh-"));
    const kept = { ...process.env };
    const agent = await startAgent(join(folder, "agent"));
    const [right = ""] = agent.publicKeys.slice(-1);
    const server = await startSshServer({ publicKey: right, maxAuthTries: 6 });
    Object.assign(process.env, { SSH_AUTH_SOCK: join(folder, "agent"), XDG_STATE_HOME: folder });
    try {
      const there = { ...host, address: "127.0.0.1", port: server.port, hostKey: server.hostKey };
      const input = { hosts: [there], config: configOf(), planned: { bundles: () => [], downloads: () => [] } };
      for (const time of ["first", "again"]) {
        const file = (await takenKeyFile(there, input as unknown as StackInput)) ?? "";
        assert.equal(readFileSync(file, "utf8").trim(), right, time);
        assert.equal(server.counts.connections, 2, time);
      }
      const configured = { ...input, config: configOf({ sshPrivateKeyFile: "~/key" }) };
      assert.equal(await takenKeyFile(there, configured as unknown as StackInput), undefined);
    } finally {
      for (const name of ["SSH_AUTH_SOCK", "XDG_STATE_HOME"]) {
        if (kept[name] === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = kept[name];
      }
      sharedPool.logInWith(undefined, new ProcessMemory());
      await sharedPool.close();
      await server.close();
      await agent.close();
      rmSync(folder, { recursive: true });
    }
  });
});
