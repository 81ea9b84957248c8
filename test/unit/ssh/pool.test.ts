import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { SshPool, type SshTarget } from "../../../ssh/index.ts";
import { startSshServer, type TestSshServer, type TestSshServerOptions } from "./sshServer.ts";

describe("ssh pool", () => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function setUp(options: TestSshServerOptions = { password: "pw" }): Promise<{
    server: TestSshServer;
    pool: SshPool;
    target: SshTarget;
  }> {
    const server = await startSshServer(options);
    const pool = new SshPool();
    cleanups.push(
      () => server.close(),
      () => pool.close(),
    );
    const target = { host: "127.0.0.1", port: server.port, user: "me", password: "pw", hostKey: server.hostKey };
    return { server, pool, target };
  }

  it("runs commands at once and one after the other over one connection", async () => {
    const { server, pool, target } = await setUp();
    const results = await Promise.all(Array.from({ length: 15 }, (_, n) => pool.exec(target, `echo ${n}`)));
    await pool.exec(target, "true");
    assert.deepEqual(
      results.map(({ stdout }) => stdout),
      Array.from({ length: 15 }, (_, n) => `${n}\n`),
    );
    assert.equal(server.counts.connections, 1);
    assert.deepEqual(pool.stats(), [{ host: `127.0.0.1:${server.port}`, connections: 1, roundTrips: 16 }]);
    pool.resetStats();
    assert.deepEqual(pool.stats(), []);
  });

  it("dials for a command that asks for a connection of its own, and leaves the others theirs", async () => {
    const { server, pool, target } = await setUp();
    await pool.exec(target, "true");
    const alone = await Promise.all(Array.from({ length: 2 }, () => pool.exec(target, "echo own", { anew: true })));
    assert.deepEqual(
      alone.map(({ stdout }) => stdout),
      ["own\n", "own\n"],
    );
    assert.equal(server.counts.connections, 3);
    await pool.exec(target, "true");
    assert.equal(server.counts.connections, 3);
    await server.close();
    await assert.rejects(pool.exec({ ...target, dialErrorLimit: 0 }, "true", { anew: true }), { kind: "unreachable" });
  });

  it("connects ahead, once, and leaves what is in the way to be told by the first command", async () => {
    const { server, pool, target } = await setUp();
    const nobody = { ...target, port: 1, dialErrorLimit: 0 };
    pool.connectAhead([target, nobody]);
    await pool.exec(target, "true");
    assert.equal(server.counts.connections, 1);
    await assert.rejects(pool.exec(nobody, "true"), { kind: "unreachable" });
  });

  it("gives exit status, signal, both streams and stdin to its end", async () => {
    const { pool, target } = await setUp();
    const result = await pool.exec(target, "cat; echo err >&2; exit 7", { stdin: "in" });
    assert.deepEqual(result, { code: 7, signal: null, stdout: "in", stderr: "err\n" });
    const killed = await pool.exec(target, "kill -KILL $$");
    assert.deepEqual([killed.code, killed.signal], [null, "KILL"]);
  });

  it("streams output as text without splitting characters", async () => {
    const { pool, target } = await setUp();
    let seen = "";
    const onStdout = (chunk: string): void => {
      seen += chunk;
    };
    const { stdout } = await pool.exec(target, `printf '\\303'; sleep 0.1; printf '\\244'`, { onStdout });
    assert.equal(seen, "ä");
    assert.equal(stdout, "ä");
  });

  it("keeps as much as is asked for, and gives bytes that are no text as they come", async () => {
    const { pool, target } = await setUp();
    let heard = 0;
    const onStdout = (chunk: string): void => {
      heard += chunk.length;
    };
    const cut = await pool.exec(target, "printf 12345; printf abc >&2; exit 3", { kept: 2, onStdout });
    assert.deepEqual([cut.code, cut.stdout, cut.stderr, heard], [3, "12", "ab", 5]);
    const chunks: Buffer[] = [];
    const raw = await pool.exec(target, "printf '\\377\\0a'; echo b >&2", { onBytes: (chunk) => chunks.push(chunk) });
    assert.deepEqual([Buffer.concat(chunks), raw.stdout, raw.stderr], [Buffer.from([255, 0, 97]), "", "b\n"]);
  });

  it("takes a line of 1 MiB without newline", async () => {
    const { pool, target } = await setUp();
    const { stdout } = await pool.exec(target, "head -c 1048576 /dev/zero | tr '\\0' x");
    assert.equal(stdout.length, 1_048_576);
  });

  it("sends bytes as they are after the text, also to a command that does not read them, and fails with their source", async () => {
    const { pool, target } = await setUp();
    const bytes = Buffer.alloc(3_000_000, Buffer.from([0, 255, 10, 13]));
    const digest = createHash("sha256").update("text").update(bytes).digest("hex");
    const { stdout } = await pool.exec(target, "sha256sum", { stdin: "text", body: () => Readable.from([bytes]) });
    assert.equal(stdout.split(" ")[0], digest);
    const source = Readable.from([bytes, bytes]);
    assert.equal((await pool.exec(target, "exit 3", { body: () => source })).code, 3);
    assert.equal(source.destroyed, true);
    const broken = new Readable({
      read() {
        this.destroy(new Error("the disk is gone"));
      },
    });
    await assert.rejects(pool.exec(target, "cat", { body: () => broken }), /could not be read: the disk is gone/);
  });

  it("sends 1 MiB of stdin, also to a command that does not read it", async () => {
    const { pool, target } = await setUp();
    const { stdout } = await pool.exec(target, "wc -c", { stdin: "x".repeat(1_048_576) });
    assert.equal(stdout.trim(), "1048576");
    const ignored = await pool.exec(target, "exit 3", { stdin: "x".repeat(1_048_576) });
    assert.equal(ignored.code, 3);
  });

  it("asks for fewer sessions once the host refuses some", async () => {
    const { server, pool, target } = await setUp({ password: "pw", maxSessions: 2 });
    const results = await Promise.all(Array.from({ length: 8 }, (_, n) => pool.exec(target, `sleep 0.05; echo ${n}`)));
    assert.deepEqual(
      results.map(({ stdout }) => stdout.trim()),
      ["0", "1", "2", "3", "4", "5", "6", "7"],
    );
    assert.ok(server.counts.sessionRefusals > 0);
    assert.equal(server.counts.connections, 1);
  });

  it("says so when the host refuses even one session", async () => {
    const { pool, target } = await setUp({ password: "pw", maxSessions: 0 });
    await assert.rejects(pool.exec(target, "true"), { kind: "unreachable", message: /refuses sessions.*MaxSessions/ });
  });

  it("dials again when the connection was cut while idle", async () => {
    const { server, pool, target } = await setUp();
    await pool.exec(target, "true");
    server.dropConnections();
    const { stdout } = await pool.exec(target, "echo again");
    assert.equal(stdout, "again\n");
    assert.equal(server.counts.connections, 2);
  });

  it("reports a command as lost, and does not run it again, when the connection breaks under it", async () => {
    const { server, pool, target } = await setUp();
    const running = pool.exec(target, "echo started; sleep 30", {
      onStdout: () => {
        server.dropConnections();
      },
    });
    await assert.rejects(running, {
      name: "SshError",
      kind: "lost",
      message: /Host 127.*broke while a command ran.*started/,
    });
    assert.equal(server.counts.commands, 1);
  });

  it("gives up a host whose connection breaks whenever a command is about to begin", async () => {
    const breaking = { cut: (): void => undefined };
    const { server, pool, target } = await setUp({
      password: "pw",
      onCommand: () => {
        breaking.cut();
      },
    });
    breaking.cut = () => {
      server.dropConnections();
    };
    await assert.rejects(pool.exec(target, "true"), { kind: "lost", message: /broke 5 times in a row/ });
    assert.equal(server.counts.connections, 5);
  });

  it("keeps connections of different users apart", async () => {
    const { server, pool, target } = await setUp();
    await pool.exec(target, "true");
    await pool.exec({ ...target, user: "other" }, "true");
    assert.equal(server.counts.connections, 2);
  });

  it("can be used again after close", async () => {
    const { pool, target } = await setUp();
    await pool.exec(target, "true");
    await pool.close();
    assert.equal((await pool.exec(target, "echo x")).stdout, "x\n");
  });

  it("passes environment variables that the host accepts", async () => {
    const { pool, target } = await setUp();
    assert.equal((await pool.exec(target, 'echo "$A"', { env: { A: "b c" } })).stdout, "b c\n");
  });

  it("reaches a host through a proxy, with one connection to each", async () => {
    const { server: bastion, pool, target: proxy } = await setUp();
    const inner = await startSshServer({ password: "inner" });
    cleanups.push(() => inner.close());
    const target = { host: "127.0.0.1", port: inner.port, password: "inner", hostKey: inner.hostKey, proxy };
    const results = await Promise.all(["a", "b"].map((text) => pool.exec(target, `echo ${text}`)));
    assert.deepEqual(
      results.map(({ stdout }) => stdout),
      ["a\n", "b\n"],
    );
    assert.equal(bastion.counts.connections, 1);
    assert.equal(inner.counts.connections, 1);
  });
});
