import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import {
  agentKeys,
  needsPassphrase,
  openLoginKey,
  readLoginKey,
  SshError,
  SshPool,
  type SshTarget,
} from "../../../ssh/index.ts";
import { lendKey, serveAgent } from "../../../ssh/agentserver.ts";
import { FileMemory } from "../../../ssh/taken.ts";
import { startAgent, type TestAgent } from "./testAgent.ts";
import { newKey, startSshServer, type TestSshServer, type TestSshServerOptions } from "./sshServer.ts";

// Logins by an agent that has more keys than a host hears over one connection.
describe("an SSH agent with ten keys", function () {
  this.timeout(20_000);
  const cleanups: (() => unknown)[] = [];
  let folder: string;
  let socket: string;
  let agent: TestAgent;
  const environment = process.env["SSH_AUTH_SOCK"];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "plinth-test-agent-"));
    socket = join(folder, "agent");
    agent = await startAgent(socket);
    cleanups.push(
      () => {
        rmSync(folder, { recursive: true });
      },
      () => agent.close(),
    );
    process.env["SSH_AUTH_SOCK"] = socket;
  });

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    if (environment === undefined) delete process.env["SSH_AUTH_SOCK"];
    else process.env["SSH_AUTH_SOCK"] = environment;
  });

  async function host(options: TestSshServerOptions): Promise<{ server: TestSshServer; target: SshTarget }> {
    const server = await startSshServer(options);
    cleanups.push(() => server.close());
    return { server, target: { host: "127.0.0.1", port: server.port, user: "me", dialErrorLimit: 0 } };
  }

  function newPool(): SshPool {
    const pool = new SshPool();
    cleanups.push(() => pool.close());
    return pool;
  }

  const publicKey = (index: number): string => agent.publicKeys[index] ?? "";

  for (const endsSilently of [false, true]) {
    const how = endsSilently ? "ends connections without a word" : "says that there were too many tries";
    it(`lets in with the ninth key where sshd hears six, and ${how}`, async () => {
      const { server, target } = await host({ publicKey: publicKey(8), maxAuthTries: 6, endsSilently });
      const pool = newPool();
      assert.equal((await pool.exec(target, "echo in")).stdout, "in\n");
      assert.equal(server.counts.connections, 2);
      assert.deepEqual(agent.signed, [publicKey(8).split(" ")[1]], "only that key signs");
      assert.equal(pool.stats()[0]?.connections, 1);
    });
  }

  it("offers first what another host took, and dials once", async () => {
    const pool = newPool();
    const first = await host({ publicKey: publicKey(8), maxAuthTries: 6 });
    const second = await host({ publicKey: publicKey(8), maxAuthTries: 1 });
    await pool.exec(first.target, "true");
    await pool.exec(second.target, "true");
    assert.deepEqual([second.server.counts.connections, second.server.counts.refusals], [1, 0]);
  });

  it("is remembered by later runs, as a file that OpenSSH's client reads", async () => {
    const { server, target } = await host({ publicKey: publicKey(8), maxAuthTries: 6 });
    const memory = join(folder, "memory");
    for (const connections of [2, 3]) {
      const pool = newPool();
      pool.logInWith(undefined, new FileMemory(memory));
      await pool.exec(target, "true");
      assert.equal(server.counts.connections, connections);
      await pool.close();
    }
    const file = new FileMemory(memory).file(`127.0.0.1:${server.port}`);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(memory).mode & 0o777, 0o700);
  });

  it("that has no right key is told once, after all of them, and the host is left alone", async () => {
    const { server, target } = await host({ publicKey: newKey().publicKey, maxAuthTries: 6 });
    const pool = newPool();
    const refused = (error: unknown): boolean =>
      error instanceof SshError && error.kind === "auth" && error.message.includes("10 keys of the SSH agent");
    await assert.rejects(pool.exec(target, "true"), refused);
    await assert.rejects(pool.exec(target, "true"), refused);
    assert.deepEqual([server.counts.connections, server.counts.refusals], [2, 10]);
  });

  it("is not asked where a key file is configured, whatever its keys", async () => {
    const own = newKey();
    const { server, target } = await host({ publicKey: own.publicKey, maxAuthTries: 1 });
    const pool = newPool();
    pool.logInWith(readLoginKey(own.privateKey));
    await pool.exec(target, "true");
    assert.deepEqual([server.counts.connections, server.counts.refusals, agent.signed], [1, 0, []]);
  });

  it("offers the configured key alone where only the public key can be read", async () => {
    const { server, target } = await host({ publicKey: publicKey(9), maxAuthTries: 1 });
    const pool = newPool();
    pool.logInWith(readLoginKey(publicKey(9)));
    await pool.exec(target, "true");
    assert.deepEqual([server.counts.connections, server.counts.refusals], [1, 0]);
  });

  it("that has not got the configured key is told before dialling", async () => {
    const { server, target } = await host({});
    const pool = newPool();
    pool.logInWith(readLoginKey(newKey().publicKey));
    await assert.rejects(pool.exec(target, "true"), /does not have the key ssh-ed25519 SHA256:.*ssh-add/);
    assert.equal(server.counts.connections, 0);
  });

  it("that is gone is told where nothing else lets in", async () => {
    const { target } = await host({});
    process.env["SSH_AUTH_SOCK"] = join(folder, "gone");
    await assert.rejects(newPool().exec(target, "true"), /the SSH agent at .*gone cannot be used \(ENOENT/);
  });

  it("of ours has one key, refuses what it does not know, and goes on", async () => {
    const path = join(folder, "ours");
    const { own } = readLoginKey(newKey().privateKey);
    assert.ok(own);
    cleanups.push(await serveAgent(path, lendKey(own)));
    const { connect } = await import("node:net");
    const client = connect(path);
    const answers: Buffer[] = [];
    client.on("data", (chunk) => answers.push(chunk));
    // An extension, which OpenSSH's client begins with, and a request for the keys, cut in the middle.
    const extension = Buffer.from("\0\0\0\x1d\x1b\0\0\0\x18session-bind@openssh.com", "latin1");
    const bytes = Buffer.concat([extension, Buffer.from([0, 0, 0, 1, 11])]);
    client.write(bytes.subarray(0, 11));
    await new Promise((resolve) => setImmediate(resolve));
    client.write(bytes.subarray(11));
    const key = own.getPublicSSH();
    const expected = 5 + 4 + 1 + 4 + 4 + key.length + 4;
    while (Buffer.concat(answers).length < expected) await new Promise((resolve) => client.once("data", resolve));
    const all = Buffer.concat(answers);
    assert.deepEqual([...all.subarray(0, 5)], [0, 0, 0, 1, 5], "SSH_AGENT_FAILURE");
    assert.ok(all.includes(key));
    client.destroy();
    assert.equal((await agentKeys(path)).length, 1);
  });
});

describe("a key file", () => {
  it("tells its public key, encrypted or not, and keeps a private part that can be read", () => {
    const { privateKey, publicKey } = newKey();
    const encoded = (key: ReturnType<typeof readLoginKey>): string => key.key.blob.toString("base64");
    const whole = readLoginKey(privateKey);
    assert.equal(encoded(whole), publicKey.split(" ")[1]);
    assert.ok(whole.own?.isPrivateKey());
    assert.deepEqual(readLoginKey(publicKey), { key: whole.key });
    const encrypted = ssh2.utils.generateKeyPairSync("ecdsa", {
      bits: 256,
      passphrase: "secret",
      cipher: "aes256-ctr",
    });
    const locked = readLoginKey(encrypted.private);
    assert.equal(locked.own, undefined);
    assert.equal(encoded(locked), encrypted.public.split(" ")[1]);
    assert.deepEqual([needsPassphrase(encrypted.private), needsPassphrase(privateKey)], [true, false]);
    assert.equal(openLoginKey(encrypted.private, "wrong"), undefined);
    assert.ok(openLoginKey(encrypted.private, "secret")?.own?.isPrivateKey());
  });

  it("of another form is refused with the reason, and not shown", () => {
    assert.throws(
      () => readLoginKey("VERYSECRET"),
      (error: Error) => {
        assert.match(error.message, /neither a key that OpenSSH writes nor PEM/);
        return !error.message.includes("VERYSECRET");
      },
    );
    const pem =
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    assert.throws(() => readLoginKey(pem), /does not tell its public key/);
    assert.equal(readLoginKey(pem, newKey().publicKey).own, undefined);
  });
});
