import assert from "node:assert/strict";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { ProgramArgs } from "../../../components/preflight.ts";
import { readPrevious } from "../../../components/previous.ts";
import { deploy } from "../../../components/program.ts";
import { adoptionOf, type HeldFiles } from "../../../plan/adoption.ts";
import { planHost } from "../../../plan/bundles/index.ts";
import { bundleGeneration, claimGeneration, type BundleFact, type HostReading } from "../../../plan/facts.ts";
import type { HostInput } from "../../../plan/inventory.ts";
import { recordedTargets, type Recording } from "../../../plan/record.ts";
import { noRequests } from "../../../plan/requests.ts";
import { Adoptions } from "../../../plugins/bridged/adoptions.ts";
import { configOf, factsOf, hostsOf, rawConfig, threeHosts, usualBundles } from "../../support/cluster.ts";
import { digestsFor } from "../../support/digests.ts";
import { testStack, type TestStack } from "../../support/pulumi.ts";
import { RecordingCommands, servePlugins } from "../../support/recording.ts";
import { stopAtFirstFailure } from "../../support/inOrder.ts";

interface Stored {
  urn: string;
  type: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

const inputs: HostInput[] = [
  ...threeHosts.slice(0, 1),
  { name: "w1", address: "192.0.2.21", roles: ["worker"] satisfies HostInput["roles"] },
].map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` }));
const hosts = hostsOf(inputs);
const config = { ...rawConfig, tenants: { team: {} } };
const secretsOf = (host: (typeof hosts)[number]) =>
  planHost({ host, hosts, config: configOf(config) }).flatMap(({ secrets }) => secrets);

const nameOf = ({ urn }: Stored): string => urn.split("::").at(-1) ?? "";
const clear = (value: unknown): unknown => {
  const text = (value as { plaintext?: string } | undefined)?.plaintext;
  return text === undefined ? value : JSON.parse(text);
};

/** The files that the bundles of a state bring to a host. */
function filesOf(host: string, resources: readonly Stored[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const resource of resources) {
    const text = clear(resource.inputs?.["stdin"]);
    if (!nameOf(resource).startsWith(`${host}-`) || typeof text !== "string" || !text.startsWith("plinth-secrets"))
      continue;
    for (const part of text.split(/^secret /m).slice(1)) {
      const [path = "", ...lines] = part.split("\n");
      const content = lines.filter((line) => line.startsWith("|")).map((line) => `${line.slice(1)}\n`);
      files.set(path, content.join(""));
    }
  }
  return files;
}

// The whole program and the real engine: a cluster is brought up, its state thrown away, and made again from what its hosts have been
// given. The tests build on each other's state.
describe("a state that is made of what hosts hold", function () {
  this.timeout(240_000);
  stopAtFirstFailure(this);
  const commands = new RecordingCommands();
  const closing: (() => Promise<void>)[] = [];
  let clusterId = "";
  let claimed = false;
  let lost: Stored[] = [];
  let held = new Map<string, HeldFiles>();
  let adoptions = new Adoptions(new Map());
  let stack: TestStack;

  function readingOf(name: string): HostReading {
    if (!claimed) return { facts: factsOf(name) };
    const claim = { cluster: "demo", clusterId, host: name, stack: "demo", generation: claimGeneration(factsOf(name)) };
    const generation = bundleGeneration(factsOf(name), "etcd");
    const bundles: Record<string, BundleFact> = {};
    for (const { name: bundle } of usualBundles) bundles[bundle] = { generation, state: "complete" };
    return { facts: factsOf(name, { claim, bundles }) };
  }

  const args = (recording: Recording): ProgramArgs => ({
    stack: "demo",
    config,
    inventory: inputs,
    readHosts: () => Promise.resolve(new Map(hosts.map(({ name }) => [name, readingOf(name)]))),
    readDigests: () => Promise.resolve(digestsFor(hosts, configOf(config))),
    lockedDigests: undefined,
    readPrevious,
    requests: noRequests,
    recording,
    lock: () => Promise.resolve(() => Promise.resolve()),
  });

  async function open(): Promise<TestStack> {
    const plugins = await servePlugins(commands.definition, undefined, adoptions);
    const made = await testStack({ program: () => Promise.resolve({}), debugProviders: plugins.debugProviders });
    closing.push(
      () => plugins.close(),
      () => made.close(),
    );
    return made;
  }

  /** Returns what was done, `operation NAME`, of resources that are no components. */
  async function up(recording: Recording): Promise<string[]> {
    stack.stack.workspace.program = async () => ({ ...(await deploy(args(recording))) });
    const done: string[] = [];
    const onEvent = ({ resourcePreEvent }: EngineEvent): void => {
      const { op, urn, new: made } = resourcePreEvent?.metadata ?? {};
      if (op === undefined || op === "same" || made?.custom !== true) return;
      done.push(`${op} ${urn?.split("::").at(-1) ?? ""}`);
    };
    await stack.stack.up({
      parallel: 16,
      onEvent,
      ...(recording === "adopt" ? { target: recordedTargets(true) } : {}),
    });
    return done;
  }

  const resources = async (): Promise<Stored[]> =>
    ((await stack.stack.exportStack()) as { deployment: { resources: Stored[] } }).deployment.resources;

  before(async () => {
    stack = await open();
    await up("along");
    clusterId = String((await stack.stack.outputs())["clusterId"]?.value);
    lost = await resources();
    claimed = true;
    held = new Map(
      hosts.map(({ name }) => {
        const claim = `cluster demo\ncluster-id ${clusterId}\nhost ${name}\nstack demo\ngeneration 1\n`;
        return [name, new Map([...filesOf(name, lost), ["/var/lib/plinth/claim", claim]])];
      }),
    );
  });
  after(async () => {
    for (const close of closing.reverse()) await close();
  });

  it("has everything that the program wants of the hosts", async () => {
    const adoption = adoptionOf({ hosts, cluster: "demo", stack: "demo", secretsOf, held });
    assert.deepEqual(adoption.findings, []);
    assert.deepEqual(adoption.anew, []);
    assert.equal(adoption.clusterId, clusterId);
    adoptions = new Adoptions(adoption.texts);
    stack = await open();
    commands.take();
    await up("adopt");
    assert.deepEqual(commands.take(), []);
    assert.deepEqual([...adoptions.unfit], []);
    assert.equal(adoptions.taken.size, adoption.texts.size);
    const outputs = await stack.stack.outputs();
    assert.equal(outputs["clusterId"]?.value, clusterId);
    assert.equal(outputs["kubeconfig"]?.secret, true);
  });

  it("holds the same keys, certificates and ids as the one that is gone", async () => {
    const now = new Map((await resources()).map((one) => [one.urn.replace(/^.*?::.*?::/, ""), one]));
    let compared = 0;
    for (const old of lost) {
      const key = `${old.type}::${nameOf(old)}`;
      if (!adoptions.taken.has(key)) continue;
      const made = now.get(old.urn.replace(/^.*?::.*?::/, ""));
      const visible = [
        "privateKeyPem",
        "publicKeyPem",
        "certPem",
        "result",
        "hex",
        "keyAlgorithm",
        "validityPeriodHours",
      ];
      for (const name of visible)
        assert.deepEqual(clear(made?.outputs?.[name]), clear(old.outputs?.[name]), `${key} ${name}`);
      compared += 1;
    }
    assert.equal(compared, adoptions.taken.size);
  });

  it("lets the next up bring the hosts what they have, byte for byte, and the one after it nothing", async () => {
    await up("first");
    const own = new Map((await resources()).map((one) => [nameOf(one), one]));
    for (const old of lost.filter(({ type }) => type === "command:remote:Command")) {
      const made = own.get(nameOf(old));
      // The administrator's kubeconfig is new, which this step is given.
      const names = nameOf(old) === "roster-access" ? ["create", "delete"] : ["create", "delete", "stdin"];
      for (const name of names)
        assert.deepEqual(clear(made?.inputs?.[name]), clear(old.inputs?.[name]), `${nameOf(old)} ${name}`);
    }
    assert.deepEqual(await up("first"), []);
  });
});
