import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { engineContext } from "../../../cli/pulumi/context.ts";
import { runPulumi } from "../../../cli/pulumi/cli.ts";
import { readInput } from "../../../cli/project/inventory.ts";
import { Phases } from "../../../cli/process/phases.ts";
import { projectAt, type Project } from "../../../cli/project/project.ts";
import { readSettings } from "../../../cli/project/settings.ts";
import { Account } from "../../../cli/operations/account.ts";
import { runUp } from "../../../cli/operations/up.ts";
import { RunEvents } from "../../../cli/pulumi/events.ts";
import { inSession } from "../../../cli/session/session.ts";
import { resolveAccess } from "../../../components/host/targets.ts";
import { openRunAgent } from "../../../cli/session/run-agent.ts";
import { pulumiBinary } from "../../support/pulumi.ts";
import { rawConfig } from "../../support/cluster.ts";
import { FakeSudo } from "../../support/fakeSudo.ts";
import { newKey, startSshServer, type TestSshServer } from "../../unit/ssh/sshServer.ts";
import { stopAtFirstFailure } from "../../support/inOrder.ts";

const root = join(import.meta.dirname, "../../..");
const program = `
import * as pulumi from "@pulumi/pulumi";
import * as command from "@pulumi/command";
import { connectionOf, resolveAccess } from "${root}/components/host/access.ts";
import { readConfig } from "${root}/plan/stackconfig.ts";
export default async () => {
  const config = pulumi.runtime.allConfig();
  const { default: [host] } = await import("./hosts/demo.ts");
  const { bastion, sudoPassword, sshKnownHostsFile = "" } = readConfig(config);
  const { access } = await resolveAccess([host], {
    sshUser: "me", sshPort: host.port, sshKnownHostsFile, sshDials: 8, bastion, sudoPassword: sudoPassword || undefined,
    sshPrivateKeyFile: config["plinth:sshPrivateKeyFile"],
  });
  for (const name of ["cp1-etcd", "cp1-node"])
    new command.remote.Command(name, {
      connection: connectionOf(access.get("cp1")),
      create: "echo " + name + " " + process.env.PLINTH_TEST_TEXT,
      delete: "echo released",
    }, { hideDiffs: ["connection"] });
  return {};
};
`;

// Who runs it is not in the state: the command line's own way, with the real engine and the bundled plugins, by an SSH server in
// this process. The tests build on each other's state.
// Of the loopback addresses those of a fleet on one machine are let in alone.
const address = "127.9.0.1";

describe("SSH keys of operators", function () {
  this.timeout(180_000);
  stopAtFirstFailure(this);
  const kept = { ...process.env };
  let server: TestSshServer;
  let project: Project;
  let file: (name: string) => string;
  const notes: string[] = [];
  const terminal = {
    print: () => undefined,
    note: (line: string) => void notes.push(line),
    warn: (line: string) => void notes.push(line),
    paint: (_style: string, text: string) => text,
    interactive: false,
  };
  const common = async () => ({
    ...{ stack: "demo", plugins: "bundled" as const, yes: true, project, terminal },
    phases: Phases.fromEnvironment({}),
    account: new Account(),
    input: await readInput(project, "demo", readSettings(project, "demo"), () =>
      Promise.reject(new Error("there is nothing to decrypt")),
    ),
  });

  /** Commands that a piece of work ran on the host. */
  async function commandsDuring(work: () => Promise<unknown>): Promise<string[]> {
    const before = server.commands.length;
    await work();
    return server.commands.slice(before).filter((command) => command.startsWith("echo"));
  }
  const up = async (): Promise<string[]> => {
    const options = await common();
    return commandsDuring(async () => {
      assert.equal(await runUp(options), 0);
    });
  };
  const unchanged = async (): Promise<void> => {
    const options = { ...(await common()), expectNoChanges: true };
    const ran = await commandsDuring(async () => {
      assert.equal(await runUp(options), 0);
    });
    assert.deepEqual(ran, []);
  };

  /** Every operator has a key; the configuration names a file, or none for the agent. */
  async function configure(keyFile: string | undefined, more: Record<string, string> = {}): Promise<void> {
    const network = { nodeSubnet: "127.9.0.0/24", vip: "127.9.0.10" };
    const settings = {
      ...rawConfig,
      ...network,
      ...(keyFile === undefined ? {} : { sshPrivateKeyFile: keyFile }),
      ...more,
    };
    const lines = Object.entries(settings).map(([name, value]) => `  plinth:${name}: ${value}\n`);
    const salt = existsSync(file("Pulumi.demo.yaml"))
      ? (/^encryptionsalt: .*\n/m.exec(await readFile(file("Pulumi.demo.yaml"), "utf8"))?.[0] ?? "")
      : "";
    await writeFile(file("Pulumi.demo.yaml"), `${salt}config:\n${lines.join("")}`);
  }
  async function writeKey(name: string): Promise<void> {
    await writeFile(file(name), newKey().privateKey, { mode: 0o600 });
  }
  const engine = () => engineContext(project, "demo", pulumiBinary(), () => undefined);
  const state = async () => runPulumi(await engine(), ["stack", "export", "--show-secrets"]);

  before(async () => {
    server = await startSshServer({ address });
    await mkdir(join(root, ".plinth"), { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(join(root, ".plinth", "test-keys-"));
    project = projectAt(folder);
    file = (name) => join(folder, name);
    await mkdir(file("hosts"));
    await copyFile(join(root, "Pulumi.yaml"), file("Pulumi.yaml"));
    const host = { name: "cp1", address, port: server.port, hostKey: server.hostKey };
    const inventory = [{ ...host, roles: ["etcd", "control-plane", "load-balancer"] }];
    await writeFile(file("hosts/demo.ts"), `export default ${JSON.stringify(inventory)};\n`);
    await writeFile(file("index.ts"), program);
    await writeKey("first");
    await writeKey("second");
    await configure(file("first"));
    for (const name of ["PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE", "SSH_AUTH_SOCK"])
      Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, {
      PULUMI_CONFIG_PASSPHRASE: "test",
      PLINTH_TEST_TEXT: "one",
      XDG_STATE_HOME: file("own-state"),
    });
  });
  after(async () => {
    for (const name of Object.keys(process.env)) if (!(name in kept)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, kept);
    await server.close();
    await rm(project.dir, { recursive: true, force: true });
  });

  it("are not in the state", async () => {
    assert.deepEqual((await up()).sort(), ["echo cp1-etcd one", "echo cp1-node one"]);
    assert.doesNotMatch(await state(), /privateKey|PRIVATE KEY|agentSocketPath|SSH_AUTH_SOCK/);
  });

  it("are no change: neither another file, nor an agent in its place", async () => {
    await configure(file("second"));
    await unchanged();
    const seen = await readFile(file(".plinth/keyless.demo"), "utf8");
    assert.deepEqual(await up(), []);
    await unchanged();
    assert.equal(await readFile(file(".plinth/keyless.demo"), "utf8"), seen, "the state was not decrypted again");
    const agent = await openRunAgent("official", file("second"));
    Object.assign(process.env, agent.env);
    try {
      await configure(undefined);
      await unchanged();
      process.env["PLINTH_TEST_TEXT"] = "two";
      assert.deepEqual((await up()).sort(), ["echo cp1-etcd two", "echo cp1-node two"], "the agent lets in");
      assert.doesNotMatch(await state(), /privateKey|PRIVATE KEY|agentSocketPath|plinth-agent-/);
    } finally {
      await agent.close();
      Reflect.deleteProperty(process.env, "SSH_AUTH_SOCK");
      await configure(file("second"));
    }
  });

  it("nor are bastions and the password of sudo, with which the same commands run", async () => {
    const sudo = new FakeSudo(file("sudo"), "xyzzy plugh");
    const gates = [await startSshServer(), await startSshServer()];
    const inner = server;
    const known = gates.map(({ port, hostKey }) => `[127.0.0.1]:${port} ${hostKey}\n`);
    await writeFile(file("known_hosts"), known.join(""));
    const bastion = JSON.stringify(gates.map(({ port }) => `127.0.0.1:${port}`));
    try {
      process.env["PATH"] = sudo.path; // What the server of this process gives to commands.
      await configure(file("second"), { bastion, sudoPassword: "xyzzy plugh", sshKnownHostsFile: file("known_hosts") });
      await unchanged();
      process.env["PLINTH_TEST_TEXT"] = "three";
      const before = inner.commands.length;
      await up();
      assert.match(inner.commands.slice(before).join("\n"), /sudo -k -S -p ''/);
      // The session connects ahead as well, by the inventory's own words.
      const [first, second] = gates.map(({ counts }) => counts.connections);
      assert.ok(first !== undefined && first > 0 && first === second, `${first} and ${second} connections`);
      const kept = await state();
      assert.match(kept, /cp1-etcd three/, "its output");
      for (const { port } of gates) assert.doesNotMatch(kept, new RegExp(String(port)));
      assert.doesNotMatch(`${kept}\n${notes.join("\n")}\n${sudo.seen}`, /xyzzy|BEHIND_SUDO/);
    } finally {
      process.env["PATH"] = kept["PATH"] ?? "";
      for (const gate of gates) await gate.close();
    }
    await configure(file("second"));
    await unchanged();
  });

  it("of a state that an earlier release or the official plugin left are taken out by one up that touches no host", async () => {
    const gone = newKey().privateKey;
    const exported = JSON.parse(await state()) as {
      deployment: { resources: { type: string; inputs: object; outputs: object }[] };
    };
    for (const { type, ...resource } of exported.deployment.resources) {
      if (type !== "command:remote:Command") continue;
      for (const properties of [resource.inputs, resource.outputs] as { connection: { plaintext: string } }[]) {
        const { connection } = properties;
        connection.plaintext = JSON.stringify({ ...(JSON.parse(connection.plaintext) as object), privateKey: gone });
      }
    }
    await runPulumi(await engine(), ["stack", "import"], JSON.stringify(exported));
    assert.match(await state(), /privateKey\\"/);

    notes.length = 0;
    assert.deepEqual(await up(), []);
    assert.match(
      notes.join("\n"),
      /Takes the SSH key out of 2 commands in the state\. Copies of earlier states still have it/,
    );
    assert.doesNotMatch(notes.join("\n"), /cp1/, "no step on a host");
    assert.doesNotMatch(await state(), /privateKey|PRIVATE KEY/);
    notes.length = 0;
    await unchanged();
    assert.doesNotMatch(notes.join("\n"), /SSH key/);
  });

  it("do not matter when hosts are released", async () => {
    await configure(file("first"));
    const options = { ...(await common()), command: "destroy", parallel: 4, writes: true, serves: false };
    const destroy = (): Promise<void> =>
      inSession(options, async (engine) => {
        await resolveAccess([], options.input.config);
        await engine.destroy({ events: new RunEvents() });
      });
    assert.deepEqual(await commandsDuring(destroy), ["echo released", "echo released"]);
  });
});
