import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { readHost } from "../../../components/host/reader.ts";
import { askPassphrasesBy } from "../../../components/host/passphrase.ts";
import { chosenKey } from "../../../components/host/loginkey.ts";
import { type ReachSettings, resolveAccess } from "../../../components/host/targets.ts";
import { describeFinding } from "../../../plan/findings.ts";
import { lendKey, openLoginKey, serveAgent, sharedPool } from "../../../ssh/index.ts";
import { ProcessMemory } from "../../../ssh/taken.ts";
import { FakeSudo } from "../../support/fakeSudo.ts";
import { newKey, startSshServer, type TestSshServer, type TestSshServerOptions } from "../ssh/sshServer.ts";

describe("components/host/targets", () => {
  const kept = { ...process.env };
  const login = newKey();
  let folder: string;
  let servers: TestSshServer[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plinth-reach-"));
    servers = [];
    writeFileSync(join(folder, "key"), login.privateKey);
    process.env["XDG_STATE_HOME"] = folder;
    process.env["PLINTH_SSH_CONFIG"] = join(folder, "config");
    for (const name of ["PLINTH_SUDO_PASSWORD", "SSH_AUTH_SOCK"]) Reflect.deleteProperty(process.env, name);
  });
  afterEach(async () => {
    await sharedPool.close();
    sharedPool.logInWith(undefined, new ProcessMemory());
    sharedPool.goBy([]);
    sharedPool.resetStats();
    for (const server of servers) await server.close();
    for (const name of ["XDG_STATE_HOME", "PLINTH_SUDO_PASSWORD", "SSH_AUTH_SOCK", "PLINTH_SSH_CONFIG"])
      if (kept[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = kept[name];
    rmSync(folder, { recursive: true });
  });

  async function start(options: TestSshServerOptions = {}): Promise<TestSshServer> {
    const server = await startSshServer({ publicKey: login.publicKey, ...options });
    servers.push(server);
    return server;
  }
  /** Settings of a stack whose known_hosts file has these servers. */
  function settings(known: readonly TestSshServer[], more: Partial<ReachSettings> = {}): ReachSettings {
    const lines = known.map(({ port, hostKey }) => `[127.0.0.1]:${port} ${hostKey}\n`);
    writeFileSync(join(folder, "known_hosts"), lines.join(""));
    const files = { sshPrivateKeyFile: join(folder, "key"), sshKnownHostsFile: join(folder, "known_hosts") };
    return { sshUser: "me", sshPort: 22, sshDials: 8, ...files, ...more };
  }
  const hostAt = ({ port }: TestSshServer, name = "cp1") => ({ name, address: "127.0.0.1", port });

  it("lead by the stack's bastions or the host's own, each with its key from known_hosts", async () => {
    const [first, second, inner, direct] = [await start(), await start(), await start(), await start()];
    const bastion = [`jump@127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`];
    const hosts = [hostAt(inner), { ...hostAt(direct, "cp2"), bastion: [] }];
    const { access, findings, demands } = await resolveAccess(hosts, settings(servers, { bastion }));
    assert.deepEqual(findings, []);
    assert.deepEqual(
      demands.map(({ host, bastions }) => [host, bastions]),
      [
        ["cp1", 2],
        ["cp2", 0],
      ],
    );
    for (const name of ["cp1", "cp2"]) {
      const target = access.get(name);
      assert.ok(target);
      assert.equal(target.proxy, undefined, "connections do not tell of bastions");
      assert.equal((await sharedPool.exec(target, `echo ${name}`)).stdout, `${name}\n`);
    }
    assert.deepEqual(
      [first, second, inner, direct].map(({ counts }) => counts.connections),
      [1, 1, 1, 1],
    );
  });

  it("tell a plugin of others one bastion", async () => {
    const [gate, inner] = [await start(), await start()];
    const bastion = [`127.0.0.1:${gate.port}`];
    const { access } = await resolveAccess([hostAt(inner)], settings(servers, { bastion }), true);
    assert.deepEqual([access.get("cp1")?.proxy?.port, access.get("cp1")?.proxy?.hostKey], [gate.port, gate.hostKey]);
  });

  describe("with a key that has a passphrase", () => {
    const locked = ssh2.utils.generateKeyPairSync("ecdsa", {
      bits: 256,
      passphrase: "open sesame",
      cipher: "aes256-ctr",
    });
    const questions: string[] = [];
    let file: string;
    beforeEach(() => {
      file = join(folder, "locked");
      writeFileSync(file, locked.private);
      questions.length = 0;
    });
    afterEach(() => {
      askPassphrasesBy(() => Promise.resolve(undefined));
      Reflect.deleteProperty(process.env, "PLINTH_SSH_PASSPHRASE");
    });
    const typing = (...answers: string[]): void => {
      askPassphrasesBy((question) => {
        questions.push(question);
        return Promise.resolve(answers.shift());
      });
    };
    const messages = async (): Promise<string> => (await chosenKey(file)).findings.map(describeFinding).join();

    it("log in with it by the environment, or by what is typed, once for all", async () => {
      const server = await start({ publicKey: locked.public });
      const config = settings(servers, { sshPrivateKeyFile: file });
      process.env["PLINTH_SSH_PASSPHRASE"] = "open sesame";
      const { access, findings } = await resolveAccess([hostAt(server)], config);
      assert.deepEqual(findings, []);
      const target = access.get("cp1");
      assert.ok(target);
      assert.equal((await sharedPool.exec(target, "echo in")).stdout, "in\n");
      Reflect.deleteProperty(process.env, "PLINTH_SSH_PASSPHRASE");
      typing("guess", "open sesame");
      const [one, two] = await Promise.all([chosenKey(file), chosenKey(file)]);
      assert.ok(one.key?.own?.isPrivateKey() === true && two.key?.own === one.key.own);
      assert.deepEqual(questions, [`Passphrase of ${file}: `, `That is not it. Passphrase of ${file}: `]);
    });

    it("say what there is where nobody answers, or nothing opens it", async () => {
      assert.match(
        await messages(),
        /is encrypted, PLINTH_SSH_PASSPHRASE is not set, and there is no agent; set PLINTH_SSH_PASSPHRASE, or run on a terminal/,
      );
      typing("a", "b", "c", "open sesame");
      assert.match(await messages(), /it is encrypted, and none of 3 answers is its passphrase/);
      process.env["PLINTH_SSH_PASSPHRASE"] = "guess";
      assert.match(await messages(), /it is encrypted, and PLINTH_SSH_PASSPHRASE is not its passphrase/);
      assert.equal(questions.length, 3);
    });

    it("ask nobody where the agent has it", async () => {
      typing("open sesame");
      const own = openLoginKey(locked.private, "open sesame")?.own;
      assert.ok(own);
      const stop = await serveAgent(join(folder, "agent"), lendKey(own));
      process.env["SSH_AUTH_SOCK"] = join(folder, "agent");
      try {
        const { key, findings } = await chosenKey(file);
        assert.deepEqual([key?.own, findings, questions], [undefined, [], []]);
      } finally {
        await stop();
      }
    });
  });

  it("go by the operator's ~/.ssh/config where nothing else says how, and connections know nothing of it", async () => {
    const own = newKey();
    writeFileSync(join(folder, "own"), own.privateKey);
    const [gate, inner] = [await start({ publicKey: own.publicKey }), await start({ publicKey: own.publicKey })];
    const config = { ...settings(servers), sshPrivateKeyFile: undefined, sshUser: undefined, sshPort: undefined };
    const host = { name: "cp1", address: "192.0.2.11", hostKey: inner.hostKey };
    const without = (await resolveAccess([host], config)).access.get("cp1");
    const lines = [
      ...["Host cp1", "  HostName 127.0.0.1", `  Port ${inner.port}`, "  User me", "  ProxyJump gate"],
      ...["Host gate", "  HostName 127.0.0.1", `  Port ${gate.port}`, "Host *", `  IdentityFile ${folder}/own`, ""],
    ];
    writeFileSync(join(folder, "config"), lines.join("\n"));
    const { access, findings } = await resolveAccess([host], config);
    assert.deepEqual([findings, access.get("cp1")], [[], without]);
    assert.ok(without);
    assert.equal((await sharedPool.exec(without, "echo in")).stdout, "in\n");
    assert.equal(gate.counts.connections, 1);
    const foreign = await resolveAccess([host], config, true);
    assert.deepEqual([foreign.demands[0]?.redirected, foreign.access.get("cp1")], [true, without]);
    writeFileSync(join(folder, "config"), "Host *\n  ProxyJump a b\n");
    assert.match((await resolveAccess([host], config)).findings[0]?.message ?? "", /its ProxyJump a b is not/);
  });

  it("refuse bastions whose host keys are not known, with all hosts behind one of them in one finding", async () => {
    const [gate, inner] = [await start(), await start()];
    const hosts = [hostAt(inner), hostAt(inner, "cp2")];
    const bastion = [`127.0.0.1:${gate.port}`];
    const { access, findings } = await resolveAccess(hosts, settings([inner], { bastion }));
    assert.equal(access.size, 0);
    assert.deepEqual(
      findings.map(({ rule, hosts: names, message }) => [rule, names, message]),
      [["host-key-unknown", ["cp1", "cp2"], `no SSH host key is known for the bastion 127.0.0.1 port ${gate.port}`]],
    );
    assert.equal(gate.counts.connections, 0);
  });

  it("give sudo its password by the environment or else by the setting, of which connections know nothing", async () => {
    const sudo = new FakeSudo(join(folder, "sudo"), "by environment");
    const server = await start({ environment: { PATH: sudo.path } });
    const config = settings(servers, { sudoPassword: "by setting" });
    const reading = async (): Promise<string> => {
      const { access, demands } = await resolveAccess([hostAt(server)], config);
      assert.deepEqual(demands, [{ host: "cp1", bastions: 0, sudo: true, redirected: false }]);
      const target = access.get("cp1");
      assert.ok(target);
      assert.doesNotMatch(JSON.stringify(target), /by (environment|setting)/);
      const found = await readHost(target, "echo script >&2; exit 9");
      return "failure" in found ? `${found.failure}: ${found.message}` : "";
    };
    assert.match(await reading(), /^sudo: the user me cannot become root by sudo \(sudo: no password was provided\)$/);
    process.env["PLINTH_SUDO_PASSWORD"] = "by environment";
    assert.match(await reading(), /^garbled: .*exit code 9 \(script\)$/);
    assert.doesNotMatch(`${sudo.seen}\n${server.commands.join("\n")}`, /by (environment|setting)/);
    process.env["PLINTH_SUDO_PASSWORD"] = "two\nlines";
    const { findings } = await resolveAccess([hostAt(server)], config);
    assert.deepEqual(
      findings.map(({ message }) => message),
      ["PLINTH_SUDO_PASSWORD is more than one line"],
    );
  });
});
