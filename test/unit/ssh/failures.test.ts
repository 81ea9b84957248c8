import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { fingerprint, parseHostKey, SshError, SshPool, type SshTarget } from "../../../ssh/index.ts";
import { newKey, rsaHostKey, startSshServer, type TestSshServer, type TestSshServerOptions } from "./sshServer.ts";

const quick = { dialErrorLimit: 1, perDialTimeout: 2 };

describe("ssh failures", () => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  function newPool(): SshPool {
    const pool = new SshPool();
    cleanups.push(() => pool.close());
    return pool;
  }

  async function newServer(options: TestSshServerOptions = {}): Promise<TestSshServer> {
    const server = await startSshServer(options);
    cleanups.push(() => server.close());
    return server;
  }

  async function failure(promise: Promise<unknown>): Promise<SshError> {
    const error: unknown = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof SshError, `expected an SshError, got ${String(error)}`);
    return error;
  }

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  describe("a host that is not there", () => {
    it("costs one budget: later calls fail at once with the same sentence", async () => {
      const pool = newPool();
      const target = { host: "127.0.0.1", port: await freePort(), password: "x", ...quick };
      const first = await failure(pool.exec(target, "true"));
      assert.equal(first.kind, "unreachable");
      assert.match(first.message, /^Host 127\.0\.0\.1:\d+: no SSH connection after 2 attempts in 1 s \(.*ECONNREFUSED/);
      const started = performance.now();
      assert.equal(await failure(pool.exec({ ...target, user: "other" }, "true")), first);
      assert.ok(performance.now() - started < 50, "the breaker must not dial");
    });

    it("is dialled once for calls that come together", async () => {
      const pool = newPool();
      const target = { host: "127.0.0.1", port: await freePort(), password: "x", ...quick };
      const errors = await Promise.all([1, 2, 3].map(() => failure(pool.exec(target, "true"))));
      assert.equal(new Set(errors).size, 1);
    });

    it("gets a fresh budget in the next run", async () => {
      const pool = newPool();
      const port = await freePort();
      const target: SshTarget = { host: "127.0.0.1", port, password: "pw", ...quick };
      await failure(pool.exec(target, "true"));
      await newServer({ port, password: "pw" });
      await failure(pool.exec(target, "true"));
      pool.resetStats();
      assert.equal((await pool.exec(target, "echo up")).stdout, "up\n");
    });

    it("is waited for within the budget", async () => {
      const pool = newPool();
      const port = await freePort();
      const running = pool.exec({ host: "127.0.0.1", port, password: "pw", dialErrorLimit: 20 }, "echo up");
      await newServer({ port, password: "pw" });
      assert.equal((await running).stdout, "up\n");
    });

    it("that takes the connection and says nothing ends after perDialTimeout", async () => {
      const pool = newPool();
      const silent = createServer(() => undefined).listen(0, "127.0.0.1");
      await new Promise((resolve) => silent.once("listening", resolve));
      const { port } = silent.address() as AddressInfo;
      const error = await failure(
        pool.exec({ host: "127.0.0.1", port, password: "x", dialErrorLimit: 0, perDialTimeout: 1 }, "true"),
      );
      silent.close();
      assert.equal(error.kind, "unreachable");
      assert.match(error.message, /after 1 attempt in 1 s \(no answer within 1 s\)/);
    });
  });

  describe("a refused login", () => {
    it("is tried once, is remembered, and names user and key but no secret", async () => {
      const pool = newPool();
      const server = await newServer({ publicKey: newKey().publicKey });
      const { privateKey, publicKey } = newKey();
      const target = { host: "127.0.0.1", port: server.port, user: "me", privateKey, ...quick };
      const error = await failure(pool.exec(target, "true"));
      assert.equal(error.kind, "auth");
      assert.ok(error.message.includes(fingerprint(parseHostKey(publicKey))), error.message);
      assert.match(error.message, /login as user "me" was refused.*authorized_keys/);
      assert.ok(!error.message.includes("PRIVATE KEY"));
      assert.equal(await failure(pool.exec(target, "true")), error);
      assert.equal(server.counts.connections, 1);
    });

    it("of one user leaves other users alone", async () => {
      const pool = newPool();
      const server = await newServer({ password: "right" });
      const target = { host: "127.0.0.1", port: server.port };
      await failure(pool.exec({ ...target, password: "wrong" }, "true"));
      assert.equal((await pool.exec({ ...target, password: "right" }, "echo ok")).stdout, "ok\n");
    });

    it("of a key that cannot be read is told before dialling, without the key", async () => {
      const pool = newPool();
      const error = await failure(pool.exec({ host: "192.0.2.1", privateKey: "VERYSECRET" }, "true"));
      assert.equal(error.kind, "auth");
      assert.match(error.message, /neither an OpenSSH nor a PEM private key/);
      assert.ok(!error.message.includes("VERYSECRET"));
    });
  });

  describe("a host key", () => {
    it("that changed is refused once, with both fingerprints and what to do", async () => {
      const pool = newPool();
      const server = await newServer({ password: "pw" });
      const pinned = newKey().publicKey;
      const target = { host: "127.0.0.1", port: server.port, password: "pw", hostKey: pinned, ...quick };
      const error = await failure(pool.exec(target, "true"));
      assert.equal(error.kind, "host-key");
      assert.ok(error.message.includes(`expected ${fingerprint(parseHostKey(pinned))}`), error.message);
      assert.ok(error.message.includes(`got ${fingerprint(parseHostKey(server.hostKey))}`), error.message);
      assert.match(error.message, /reinstalled.*ssh-keygen -lf/);
      assert.equal(await failure(pool.exec(target, "true")), error);
      assert.equal(server.counts.connections, 1);
      assert.equal(server.counts.logins, 0);
    });

    it("of another type is shown, too", async () => {
      const pool = newPool();
      const server = await newServer({ password: "pw", hostKey: rsaHostKey() });
      const target = { host: "127.0.0.1", port: server.port, password: "pw", hostKey: newKey().publicKey, ...quick };
      assert.match((await failure(pool.exec(target, "true"))).message, /got ssh-rsa SHA256:/);
    });

    it("of type RSA can be pinned", async () => {
      const pool = newPool();
      const server = await newServer({ password: "pw", hostKey: rsaHostKey() });
      const target = { host: "127.0.0.1", port: server.port, password: "pw", hostKey: `${server.hostKey} comment` };
      assert.equal((await pool.exec(target, "echo ok")).stdout, "ok\n");
    });

    it("that cannot be read is told with an example", async () => {
      const error = await failure(newPool().exec({ host: "192.0.2.1", password: "x", hostKey: "nonsense" }, "true"));
      assert.equal(error.kind, "host-key");
      assert.match(error.message, /expected one line such as "ssh-ed25519/);
    });
  });

  describe("an abort", () => {
    it("sends TERM to a running command and waits for it to end", async () => {
      const pool = newPool();
      const server = await newServer({ password: "pw" });
      const controller = new AbortController();
      const target = { host: "127.0.0.1", port: server.port, password: "pw" };
      const started = performance.now();
      const error = await failure(
        pool.exec(target, "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done", {
          signal: controller.signal,
          onStdout: () => {
            controller.abort();
          },
        }),
      );
      assert.equal(error.kind, "interrupted");
      assert.deepEqual(server.signals, ["TERM"]);
      assert.ok(performance.now() - started < 3000);
      assert.equal((await pool.exec(target, "echo usable")).stdout, "usable\n");
    });

    it("stops a command that the host is just starting", async () => {
      const pool = newPool();
      const controller = new AbortController();
      const onCommand = (): void => {
        controller.abort();
      };
      const server = await newServer({ password: "pw", onCommand });
      const target = { host: "127.0.0.1", port: server.port, password: "pw" };
      const error = await failure(pool.exec(target, "sleep 30", { signal: controller.signal }));
      assert.equal(error.kind, "interrupted");
      assert.deepEqual(server.signals, ["TERM"]);
    });

    it("ends a dial", async () => {
      const pool = newPool();
      const controller = new AbortController();
      const target = { host: "127.0.0.1", port: await freePort(), password: "x", dialErrorLimit: -1 };
      const running = failure(pool.exec(target, "true", { signal: controller.signal }));
      controller.abort();
      assert.equal((await running).kind, "interrupted");
    });

    it("that came before means that nothing is sent", async () => {
      const pool = newPool();
      const server = await newServer({ password: "pw" });
      const target = { host: "127.0.0.1", port: server.port, password: "pw" };
      const error = await failure(pool.exec(target, "true", { signal: AbortSignal.abort() }));
      assert.equal(error.kind, "interrupted");
      assert.equal(server.counts.connections, 0);
    });
  });
});
