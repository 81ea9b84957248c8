import assert from "node:assert/strict";
import { SshError, SshPool, type SshTarget, readLoginKey } from "../../../ssh/index.ts";
import { newKey, startSshServer, type TestSshServer, type TestSshServerOptions } from "./sshServer.ts";

describe("ssh/way", () => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const newPool = (): SshPool => {
    const pool = new SshPool();
    cleanups.push(() => pool.close());
    return pool;
  };
  async function host(options: TestSshServerOptions): Promise<{ server: TestSshServer; target: SshTarget }> {
    const server = await startSshServer(options);
    cleanups.push(() => server.close());
    const target = { host: "127.0.0.1", port: server.port, user: "me", hostKey: server.hostKey, dialErrorLimit: 1 };
    return { server, target };
  }
  const login = newKey();
  const key = readLoginKey(login.privateKey);

  it("leads through a chain of bastions, of which each has one connection for all hosts", async () => {
    const pool = newPool();
    pool.logInWith(key);
    const [first, second] = [await host({ publicKey: login.publicKey }), await host({ publicKey: login.publicKey })];
    const hosts = await Promise.all(Array.from({ length: 12 }, () => host({ publicKey: login.publicKey })));
    const bastions = [first.target, second.target];
    pool.goBy(hosts.map(({ target }) => [target, { bastions }] as const));
    const results = await Promise.all(hosts.map(({ target }, n) => pool.exec(target, `echo ${n}`)));
    assert.deepEqual(
      results.map(({ stdout }) => stdout),
      hosts.map((_, n) => `${n}\n`),
    );
    assert.deepEqual(
      [first, second].map(({ server }) => server.counts.connections),
      [1, 1],
    );
    assert.deepEqual(new Set(hosts.map(({ server }) => server.counts.connections)), new Set([1]));
    second.server.dropConnections();
    const [some] = hosts;
    assert.ok(some);
    assert.equal((await pool.exec(some.target, "echo again")).stdout, "again\n", "it is made again");
    assert.deepEqual(
      [first, second].map(({ server }) => server.counts.connections),
      [1, 2],
    );
  });

  it("is not gone where a bastion shows another key, and says which", async () => {
    const pool = newPool();
    pool.logInWith(key);
    const [bastion, inner] = [await host({ publicKey: login.publicKey }), await host({ publicKey: login.publicKey })];
    pool.goBy([[inner.target, { bastions: [{ ...bastion.target, hostKey: newKey().publicKey }] }]]);
    await assert.rejects(pool.exec(inner.target, "true"), (error: unknown) => {
      assert.ok(error instanceof SshError);
      assert.equal(error.kind, "host-key");
      const [there, before] = [inner.server.port, bastion.server.port].map((port) => `127\\.0\\.0\\.1:${port}`);
      assert.match(
        error.message,
        new RegExp(`^Host ${there ?? ""}: its bastion cannot be used\\. Host ${before ?? ""}: its SSH host key is not`),
      );
      return true;
    });
    assert.equal(inner.server.counts.connections, 0);
  });

  it("stands in for where a host is, who logs in and by which key", async () => {
    const pool = newPool();
    const own = newKey();
    const { server, target } = await host({ publicKey: own.publicKey });
    const said = { ...target, host: "192.0.2.1", port: 22 };
    const identities = { keys: [readLoginKey(own.privateKey)], only: true };
    pool.logInWith(key);
    pool.goBy([[said, { host: "127.0.0.1", port: server.port, user: "other", identities }]]);
    assert.equal((await pool.exec(said, "echo in")).stdout, "in\n");
    assert.ok(pool.connected(said));
  });

  it("of all others leaves alone what names a way or credentials of its own", async () => {
    const pool = newPool();
    const [bastion, other] = [await host({ password: "pw" }), await host({ password: "pw" })];
    pool.goBy([], { bastions: [{ ...bastion.target, password: "pw" }] });
    assert.equal((await pool.exec({ ...other.target, password: "pw" }, "echo in")).stdout, "in\n");
    assert.equal(bastion.server.counts.connections, 0);
    pool.logInWith(key);
    await assert.rejects(pool.exec(other.target, "true"), /login as user "me" was refused/);
    assert.equal(bastion.server.counts.connections, 1);
  });
});
