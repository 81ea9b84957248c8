import assert from "node:assert/strict";
import { remote } from "@pulumi/command";
import type { Input } from "@pulumi/pulumi";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { RandomId, RandomPassword } from "@pulumi/random";
import { CertRequest, LocallySignedCert, PrivateKey, SelfSignedCert } from "@pulumi/tls";
import { type RunningPlugins, startPlugins } from "../../../plugins/index.ts";
import { sharedPool } from "../../../ssh/index.ts";
import { testStack, type TestStack } from "../../support/pulumi.ts";
import { newKey, startSshServer, type TestSshServer } from "../../unit/ssh/sshServer.ts";

/** What the program below makes; tests change it between runs. */
interface Desired {
  create: string;
  dnsNames: string[];
  extra: boolean;
  triggers?: string[];
  /** Gives the connection a key that it does not have. */
  mistyped?: boolean;
}

const BASE: Desired = { create: "# step 1\ncat > /dev/null\necho version-1", dnsNames: ["a"], extra: true };

describe("the bundled plugins under the real engine", function () {
  this.timeout(120_000);
  const login = newKey();
  let server: TestSshServer;
  let plugins: RunningPlugins;
  let made: TestStack;
  let stack: Stack;
  let desired: Desired = BASE;

  before(async () => {
    server = await startSshServer({ publicKey: login.publicKey });
    plugins = await startPlugins();
    made = await testStack({ program: () => Promise.resolve(program()), debugProviders: plugins.debugProviders });
    stack = made.stack;
  });
  after(async () => {
    await made.close();
    await plugins.close();
    await server.close();
  });

  function program(): Record<string, Input<string>> {
    const key = new PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
    const ca = new SelfSignedCert("ca", {
      privateKeyPem: key.privateKeyPem,
      allowedUses: ["cert_signing"],
      validityPeriodHours: 100,
      isCaCertificate: true,
      subject: { commonName: "ca" },
    });
    const request = new CertRequest("request", { privateKeyPem: key.privateKeyPem, dnsNames: desired.dnsNames });
    const leaf = new LocallySignedCert("leaf", {
      certRequestPem: request.certRequestPem,
      caCertPem: ca.certPem,
      caPrivateKeyPem: key.privateKeyPem,
      allowedUses: ["server_auth"],
      validityPeriodHours: 10,
    });
    const password = new RandomPassword("password", { length: 32, special: false });
    const id = new RandomId("id", { byteLength: 4 });
    const mistake = desired.mistyped === true ? { privatekey: login.privateKey } : {};
    const reach = { host: "127.0.0.1", port: server.port, privateKey: login.privateKey, hostKey: server.hostKey };
    const connection = { ...reach, ...mistake };
    const bundle = new remote.Command(
      "bundle",
      { connection, create: desired.create, stdin: password.result, delete: "echo delete-bundle", logging: "none" },
      { hideDiffs: ["stdin", "connection"] },
    );
    if (desired.extra) {
      const create = "echo create-extra";
      const triggers = desired.triggers ?? ["1"];
      new remote.Command("extra", { connection, create, delete: "echo delete-extra", triggers }, { dependsOn: bundle });
    }
    return { stdout: bundle.stdout, id: id.hex, certificate: leaf.certPem, password: password.result };
  }

  /** The commands that a piece of work sent to the host. */
  async function commandsDuring(work: () => Promise<unknown>): Promise<string[]> {
    const before = server.commands.length;
    await work();
    return server.commands.slice(before);
  }

  it("create everything, once, over one connection", async () => {
    const commands = await commandsDuring(async () => {
      const { outputs, summary } = await stack.up();
      assert.deepEqual(summary.resourceChanges, { create: 9 });
      assert.equal(outputs["stdout"]?.value, "version-1");
      assert.equal(outputs["password"]?.secret, true);
      assert.match(String(outputs["id"]?.value), /^[0-9a-f]{8}$/);
    });
    assert.deepEqual(commands, [BASE.create, "echo create-extra"]);
    assert.equal(server.counts.connections, 1);
    assert.equal(sharedPool.stats().at(-1)?.roundTrips, 2);
  });

  it("keep secrets encrypted in the state", async () => {
    const state = await made.rawState();
    const { outputs } = await stack.up();
    assert.ok(!state.includes("PRIVATE KEY"), "no private key in clear text");
    assert.ok(!state.includes(String(outputs["password"]?.value)), "no password in clear text");
    const encrypted =
      '"privateKeyPem":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","ciphertext":';
    assert.ok(state.replace(/\s+/g, "").includes(encrypted), "the private key is there, encrypted");
    const opened = JSON.stringify(await stack.exportStack());
    assert.ok(opened.includes("BEGIN EC PRIVATE KEY"), "the program's own key can be read from it");
    assert.ok(!opened.includes(JSON.stringify(login.privateKey.trim()).slice(1, -1)), "the SSH key is not in it");
  });

  it("change nothing when nothing changed, and after a refresh", async () => {
    const commands = await commandsDuring(async () => {
      assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 9 });
      assert.deepEqual((await stack.refresh()).summary.resourceChanges, { same: 9 });
      await stack.preview({ expectNoChanges: true });
    });
    assert.deepEqual(commands, []);
  });

  it("refuse a mistyped connection without showing the key in it", async () => {
    const good = desired;
    desired = { ...good, mistyped: true };
    const failure = await stack.preview().then(
      () => assert.fail("must fail"),
      (error: unknown) => String(error),
    );
    desired = good;
    assert.match(failure, /connection\.privatekey is not a known key/);
    assert.ok(!failure.includes("PRIVATE KEY"), failure);
  });

  it("preview the changed line of a script and no secret, without touching the host", async () => {
    desired = { ...desired, create: BASE.create.replace("version-1", "version-2") };
    let shown = "";
    const commands = await commandsDuring(async () => {
      const { changeSummary, stdout } = await stack.preview({ diff: true });
      assert.deepEqual(changeSummary, { same: 8, update: 1 });
      shown = stdout;
    });
    assert.deepEqual(commands, []);
    assert.match(shown, /- echo version-1/);
    assert.match(shown, /\+ echo version-2/);
    assert.ok(!shown.includes("PRIVATE KEY"));
  });

  it("update what changed alone", async () => {
    const commands = await commandsDuring(async () => {
      const { summary, outputs } = await stack.up();
      assert.deepEqual(summary.resourceChanges, { same: 8, update: 1 });
      assert.equal(outputs["stdout"]?.value, "version-2");
    });
    assert.deepEqual(commands, [desired.create]);
  });

  it("replace by triggers: the new create first, the old delete after", async () => {
    desired = { ...desired, triggers: ["2"] };
    const commands = await commandsDuring(async () => {
      assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 8, replace: 1 });
    });
    assert.deepEqual(commands, ["echo create-extra", "echo delete-extra"]);
  });

  it("replace a request and its certificate for a new name, and leave keys and authority alone", async () => {
    desired = { ...desired, dnsNames: ["a", "b"] };
    const { summary } = await stack.up();
    assert.deepEqual(summary.resourceChanges, { same: 7, replace: 2 });
  });

  it("keep the old inputs of a failed update, and say which host and why", async () => {
    const good = desired;
    desired = { ...good, create: "# step 1\ncat > /dev/null\necho reason >&2\nexit 4" };
    const failure = await stack.up().then(
      () => assert.fail("must fail"),
      (error: unknown) => String(error),
    );
    assert.match(failure, /Process exited with status 4: running "# step 1…" on host 127\.0\.0\.1:\s+reason/);
    assert.ok(!failure.includes("exit 4"), "the script itself is not in the error");
    desired = good;
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 9 });
  });

  it("interrupt a running command on SIGINT, and serve the next run in the same process", async () => {
    const good = desired;
    desired = { ...good, create: "trap 'exit 0' TERM; echo waiting; while :; do sleep 0.05; done" };
    const controller = new AbortController();
    const running = stack.up({ signal: controller.signal }).then(
      () => "done",
      () => "interrupted",
    );
    const deadline = Date.now() + 30_000;
    while (!server.commands.at(-1)?.includes("waiting")) {
      assert.ok(Date.now() < deadline, "the command did not start");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    controller.abort();
    assert.equal(await running, "interrupted");
    assert.deepEqual(server.signals, ["TERM"]);
    desired = good;
    await stack.up();
    await stack.preview({ expectNoChanges: true });
  });

  it("run delete for what leaves the program", async () => {
    desired = { ...desired, extra: false };
    const commands = await commandsDuring(async () => {
      assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 8, delete: 1 });
    });
    assert.deepEqual(commands, ["echo delete-extra"]);
  });

  it("may be started again for a state that other servers made", async () => {
    await plugins.close();
    plugins = await startPlugins();
    Object.assign(stack.workspace.envVars, { PULUMI_DEBUG_PROVIDERS: plugins.debugProviders });
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 8 });
  });

  it("destroy everything", async () => {
    const commands = await commandsDuring(async () => {
      assert.deepEqual((await stack.destroy()).summary.resourceChanges, { delete: 8 });
    });
    assert.deepEqual(commands, ["echo delete-bundle"]);
  });
});
