import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { StackInput } from "../../../../cli/project/inventory.ts";
import { sharedPool } from "../../../../ssh/index.ts";
import { ProcessMemory } from "../../../../ssh/taken.ts";
import { configOf } from "../../../support/cluster.ts";
import { newKey, startSshServer } from "../../ssh/sshServer.ts";
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
      sshArguments(host, agent, { dir: "/p" }, { taken: "/taken.pub" }).join(" "),
      /^-i \/taken\.pub -o IdentitiesOnly=yes /,
    );
    assert.match(
      sshArguments(host, config, { dir: "/p" }, { taken: "/taken.pub" }).join(" "),
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

  it("goes through a chain of bastions, each with its host key checked and its own percent signs", async () => {
    const folder = mkdtempSync(join(tmpdir(), "plinth 50%-"));
    const login = newKey();
    const servers = await Promise.all([0, 1, 2].map(() => startSshServer({ publicKey: login.publicKey })));
    const [first, second, last] = servers;
    assert.ok(first && second && last);
    const at = ({ port }: { port: number }): string => `127.0.0.1:${port}`;
    const write = (name: string, text: string): void => {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
    };
    const known = servers.map(({ port, hostKey }) => `[127.0.0.1]:${port} ${hostKey}\n`);
    write("key", login.privateKey);
    const files = { sshPrivateKeyFile: join(folder, "key"), sshKnownHostsFile: join(folder, "known hosts") };
    const there = { ...host, address: "127.0.0.1", port: last.port, bastion: [`jump@${at(first)}`, at(second)] };
    const args = sshArguments(there, { ...config, ...files }, { dir: folder });
    const ssh = async (): Promise<string> => {
      const run = promisify(execFile)("ssh", ["-F", "none", ...args, "echo", "through"]);
      return run.then(
        ({ stdout }) => stdout,
        (error: unknown) => String((error as { stderr: unknown }).stderr),
      );
    };
    try {
      write("known hosts", known.join(""));
      assert.equal(await ssh(), "through\n");
      assert.deepEqual(
        servers.map(({ counts }) => counts.connections),
        [1, 1, 1],
      );
      write("known hosts", known.slice(1).join(""));
      assert.match(await ssh(), /Host key verification failed/);
      assert.equal(second.counts.connections, 1);
    } finally {
      for (const server of servers) await server.close();
      rmSync(folder, { recursive: true });
    }
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
