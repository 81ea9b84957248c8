import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { DirectoryStore } from "../../../cli/backup/directory.ts";
import { seal } from "../../../cli/backup/seal.ts";
import { pack } from "../../../cli/backup/pack.ts";
import { stateHalf, storeStateHalf } from "../../../cli/backup/statehalf.ts";
import { restoreFromHosts, type FromHostsRun } from "../../../cli/operations/restore-from-hosts.ts";
import { restoreState, type RestoreStateRun } from "../../../cli/operations/restore-state.ts";
import { Phases } from "../../../cli/process/phases.ts";
import { plannedFrom } from "../../../cli/project/inventory.ts";
import { projectAt, type Project } from "../../../cli/project/project.ts";
import { readSettings } from "../../../cli/project/settings.ts";
import { runPulumi } from "../../../cli/pulumi/cli.ts";
import { readConfigValues } from "../../../cli/pulumi/config-values.ts";
import { engineContext, type EngineContext } from "../../../cli/pulumi/context.ts";
import { readStackKeys } from "../../../cli/pulumi/stack-keys.ts";
import type { PlinthError } from "../../../plan/findings.ts";
import { configOf, hostsOf } from "../../support/cluster.ts";
import { pulumiBinary } from "../../support/pulumi.ts";
import { stopAtFirstFailure } from "../../support/inOrder.ts";

const root = join(import.meta.dirname, "../../..");
const stackFile = "Pulumi.demo.yaml";
const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});
const urn = (type: string, name: string): string => `urn:pulumi:demo::plinth::${type}::${name}`;
const resources = [
  {
    urn: urn("pulumi:pulumi:Stack", "plinth-demo"),
    custom: false,
    type: "pulumi:pulumi:Stack",
    outputs: { clusterId: "0123456789abcdef", clusterName: "demo", hosts: {}, kubeconfig: secret("the kubeconfig") },
  },
  ...(
    [
      ["tls:index/privateKey:PrivateKey", "service-account", { publicKeyPem: "PUBLIC\n", privateKeyPem: secret("P") }],
      ["random:index/randomPassword:RandomPassword", "encryption-key", { result: secret("the key") }],
    ] as const
  ).map(([type, name, outputs]) => ({ urn: urn(type, name), custom: true, id: name, type, inputs: {}, outputs })),
];

// Real stacks of the Pulumi CLI in a project of their own; no program runs, and there are no hosts. The tests build on each other.
describe("a state that is brought back from a set", function () {
  this.timeout(180_000);
  stopAtFirstFailure(this);
  const kept = { ...process.env };
  let project: Project;
  let sets = "";
  let identity = "";
  let recipient = "";
  let lines: string[] = [];
  const file = (name: string): string => join(project.dir, name);
  const text = (name: string): Promise<string> => readFile(file(name), "utf8");
  const terminal = {
    print: (line = "") => void lines.push(line),
    note: () => undefined,
    warn: (line: string) => void lines.push(`warning: ${line}`),
    paint: (_style: string, painted: string) => painted,
    interactive: false,
  };
  const open = (): Promise<EngineContext> =>
    engineContext(project, "demo", pulumiBinary(), () => undefined, readSettings(project, "demo"));

  async function restore(more: Partial<RestoreStateRun> = {}): Promise<string> {
    lines = [];
    const store = new DirectoryStore(sets);
    await restoreState({ context: await open(), yes: true, store, identities: [identity], terminal, ...more });
    return lines.join("\n");
  }
  const outputs = async (): Promise<Record<string, unknown>> =>
    JSON.parse(await runPulumi(await open(), ["stack", "output", "--json", "--show-secrets"])) as Record<
      string,
      unknown
    >;
  /** The state is lost: the stack's file of the backend, and nothing else. */
  const lose = async (): Promise<void> => {
    const folder = join(project.workDir, "state", ".pulumi", "stacks", "plinth");
    for (const name of await readdir(folder)) await rm(join(folder, name));
  };

  before(async () => {
    await mkdir(join(root, ".plinth"), { recursive: true });
    const folder = await mkdtemp(join(root, ".plinth", "restore-"));
    project = projectAt(folder);
    sets = join(folder, "sets");
    for (const name of ["PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE"])
      Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, { PULUMI_CONFIG_PASSPHRASE: "first", PULUMI_HOME: join(folder, "home") });
    await mkdir(file("hosts"));
    await symlink(join(root, "package.json"), file("package.json"));
    await writeFile(file("Pulumi.yaml"), "name: plinth\nruntime: nodejs\n");
    await writeFile(file("hosts/demo.ts"), 'import { rack } from "./rack.ts";\nexport default [rack];\n');
    await writeFile(file("hosts/rack.ts"), "export const rack = {};\n");
    await writeFile(file(stackFile), "config:\n  plinth:clusterName: demo\n");
    identity = await generateX25519Identity();
    recipient = await identityToRecipient(identity);
    const context = await open();
    await runPulumi(context, ["stack", "init"]);
    await runPulumi(context, ["config", "set", "plinth:sudoPassword", "--secret"], "of sudo");
    await runPulumi(context, ["config", "set", "--path", "plinth:registryCredentials.r.password", "--secret"], "of r");
    await writeFile(file(stackFile), await readFile(join(context.workDir, stackFile), "utf8"));
    const exported = JSON.parse(await runPulumi(context, ["stack", "export"])) as { deployment: object };
    const deployment = { ...exported.deployment, resources };
    await runPulumi(context, ["stack", "import"], JSON.stringify({ ...exported, deployment }));
  });
  after(async () => {
    for (const name of Object.keys(process.env)) if (!(name in kept)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, kept);
    await rm(project.dir, { recursive: true });
  });

  it("is kept with configuration and inventory, and nothing of it is in clear", async () => {
    const stores = [new DirectoryStore(sets)];
    const context = await open();
    const half = await stateHalf(context, { reason: "now" });
    const wanted = ["Pulumi.demo.yaml", "Pulumi.yaml", "hosts/demo.ts", "hosts/rack.ts"];
    assert.deepEqual(Object.keys(half?.files ?? {}).sort(), wanted);
    const { set, failures } = await storeStateHalf(context, { reason: "now", recipients: [recipient], stores });
    assert.deepEqual(failures, []);
    assert.equal(set?.cluster, "demo");
    assert.deepEqual(await readStackKeys(context), set.keys, "restore compares those of data with these");
    for (const name of await readdir(sets)) {
      const bytes = await readFile(join(sets, name), "latin1");
      for (const word of ["the kubeconfig", "the key", "of sudo"]) assert.ok(!bytes.includes(word), `${name} ${word}`);
    }
  });

  it("is there already where it was not lost", async () => {
    assert.match(await restore(), /Stack "demo" has this state already/);
  });

  it("comes back where the stack is gone, with its secrets encrypted", async () => {
    await lose();
    assert.match(await restore(), /Stack "demo" has its state again, as of /);
    assert.equal((await outputs())["kubeconfig"], "the kubeconfig");
    const exported = await runPulumi(await open(), ["stack", "export"]);
    assert.ok(!exported.includes("the kubeconfig"));
  });

  it("takes the place of no other one", async () => {
    const context = await open();
    const exported = JSON.parse(await runPulumi(context, ["stack", "export", "--show-secrets"])) as {
      deployment: { resources: { urn: string; inputs: object }[] };
    };
    const [, key] = exported.deployment.resources;
    if (key !== undefined) key.inputs = { changed: "since" };
    await runPulumi(context, ["stack", "import"], JSON.stringify(exported));
    await assert.rejects(restore(), /has a state with 2 resources.*it is not replaced/);
    await runPulumi(context, ["stack", "rm", "--yes", "--force", "--preserve-config"]);
    assert.match(await restore(), /has its state again/);
  });

  it("tells which files are not what they were, and writes them only when asked to", async () => {
    await writeFile(file("hosts/rack.ts"), "export const rack = { changed: 1 };\n");
    await rm(file("hosts/demo.ts"));
    const said = await restore();
    assert.match(said, /warning: hosts\/demo\.ts is in the set, and missing here/);
    assert.match(said, /warning: hosts\/rack\.ts is not what it was/);
    assert.match(await text("hosts/rack.ts"), /changed/);
    assert.match(await restore({ files: true }), /written: hosts\/demo\.ts\n {2}written: hosts\/rack\.ts/);
    assert.equal(await text("hosts/rack.ts"), "export const rack = {};\n");
  });

  it("needs no passphrase of before: state and configuration get the present one", async () => {
    await lose();
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "second";
    await assert.rejects(restore(), /were encrypted with another passphrase.*say --files/);
    // The working copy is gone as well.
    await rm(file(stackFile));
    await rm(join(project.workDir, "workspace"), { recursive: true });
    assert.match(await restore({ files: true }), /written: Pulumi\.demo\.yaml/);
    assert.equal((await outputs())["kubeconfig"], "the kubeconfig");
    const values = await readConfigValues(await open());
    assert.equal(values["plinth:sudoPassword"], "of sudo");
    assert.deepEqual(JSON.parse(values["plinth:registryCredentials"] ?? ""), { r: { password: "of r" } });
    assert.ok(!(await text(stackFile)).includes("of sudo"));
  });

  it("is brought back with a passphrase that is lost, though no file has changed since", async () => {
    const stores = [new DirectoryStore(sets)];
    const options = { reason: "now", at: Date.now() + 1000, recipients: [recipient], stores };
    const { set } = await storeStateHalf(await open(), options);
    const backup = set?.id ?? "";
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "third";
    await assert.rejects(restore({ backup, files: true }), /has a state that the present passphrase does not open/);
    await lose();
    await assert.rejects(restore({ backup }), /were encrypted with another passphrase.*say --files/);
    assert.match(await restore({ backup, files: true }), /has its state again/);
    const values = await readConfigValues(await open());
    assert.equal(values["plinth:sudoPassword"], "of sudo");
    assert.equal((await outputs())["kubeconfig"], "the kubeconfig");
    await rm(join(sets, `${backup}.age`));
    await rm(join(sets, `${backup}.json`));
  });

  it("is made of what hosts hold only where there is none, and only of all that is needed", async () => {
    const hosts = hostsOf();
    const config = configOf();
    const settings = readSettings(project, "demo");
    const input = { hosts, config, planned: plannedFrom(hosts, config), settings };
    let asked = 0;
    const fromHosts = async (): Promise<void> => {
      const ask: FromHostsRun["ask"] = (_input, script) => {
        asked += 1;
        assert.match(script("cp1"), /etcd-ca\.key/);
        const answers = [{ error: "no route" }, { text: "garbled" }, { text: "plinth-keys 1\nend\n" }] as const;
        return Promise.resolve(new Map(hosts.map(({ name }, index) => [name, answers[index % 3] ?? answers[0]])));
      };
      const phases = Phases.fromEnvironment({});
      await restoreFromHosts({
        ...{ project, stack: "demo", input, context: await open(), yes: true },
        terminal,
        phases,
        ask,
      });
    };
    // What a run has left that was cut off once keys were saved is made again; here no host holds any.
    await assert.rejects(fromHosts(), (error: PlinthError) => {
      const rules = error.findings.map(({ rule }) => rule).sort();
      const gone = ["authority-gone", "authority-gone", "authority-gone", "key-gone", "key-gone"];
      assert.deepEqual(rules, [...gone, "no-claim"]);
      return true;
    });
    assert.equal(asked, 1);
    const context = await open();
    const before = await runPulumi(context, ["stack", "export"]);
    const state = JSON.parse(before) as { deployment: { resources: object[] } };
    const type = "command:remote:Command";
    state.deployment.resources.push({
      urn: urn(type, "cp1-claim"),
      custom: true,
      id: "x",
      type,
      inputs: {},
      outputs: {},
    });
    await runPulumi(context, ["stack", "import"], JSON.stringify(state));
    await assert.rejects(fromHosts(), /has a state with 4 resources: it is not replaced/);
    assert.equal(asked, 1);
    await runPulumi(context, ["stack", "import"], before);
  });

  it("is refused, with one sentence, of a set that is missing, damaged, others', or made by somebody else", async () => {
    const store = new DirectoryStore(sets);
    await assert.rejects(
      restore({ backup: "20200101T000000Z-x" }),
      /Of stack "demo" there is no set of state 20200101T000000Z-x \(the newest is [^()]*\)\.$/,
    );
    const empty = { list: () => Promise.resolve([]), copies: () => Promise.resolve([]) };
    await assert.rejects(restore({ store: empty }), /Of stack "demo" there is no set of state\..*--from-hosts/);
    await assert.rejects(restore({ identities: [await generateX25519Identity()] }), /None of the keys at hand opens/);
    const half = await stateHalf(await open(), { reason: "now", at: Date.now() + 60_000 });
    assert.ok(half);
    const other = { ...half.set, stack: "prod", id: `${half.set.id}-x` };
    await store.write(other, await seal(Readable.from([await pack({ ...half, set: other })]), [recipient]));
    await assert.rejects(restore({ backup: other.id }), /is of stack "prod".*and not of "demo"/);
    const inner = { ...half.set, id: other.id };
    await store.write(half.set, await seal(Readable.from([await pack({ ...half, set: inner })]), [recipient]));
    await assert.rejects(restore(), /says inside that it is another one/);
    await writeFile(join(sets, `${half.set.id}.age`), "age-encryption.org/v1\n");
    await assert.rejects(restore(), /is damaged/);
    const [first] = half.stack.deployment.resources ?? [];
    const evil = [{ ...first, urn: urn("command:local:Command", "x"), type: "command:local:Command" }];
    const forged = { ...half, stack: { ...half.stack, deployment: { ...half.stack.deployment, resources: evil } } };
    await store.write(half.set, await seal(Readable.from([await pack(forged)]), [recipient]));
    await assert.rejects(restore(), /x is of the type command:local:Command.*was not Plinth/);
  });
});
