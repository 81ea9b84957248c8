import assert from "node:assert/strict";
import { deployMachines } from "../../components/machines.ts";
import type { ProgramArgs } from "../../components/preflight.ts";
import { deploy } from "../../components/program.ts";
import { bundleGeneration, claimGeneration, type HostFacts, type HostReading } from "../../plan/facts.ts";
import type { HostInput } from "../../plan/inventory.ts";
import { RecordFirst } from "../../plan/record.ts";
import { defineRole, file, secret } from "../../roles.ts";
import { factsOf, hostsOf, rawConfig, readingsOf, threeHosts } from "../support/cluster.ts";
import { answered, pinned, programArgs } from "../support/program.ts";
import { isSecret, plain, record } from "../support/recorder.ts";

const login = defineRole({ name: "login", plan: () => [file("/etc/login", { content: secret("login") })] });
const clusterId = "0123456789abcdef";

type Written = Omit<HostInput, "roles"> & { roles?: string[] };
const first: Written = { name: "m1", address: "192.0.2.31", roles: ["login"] };
const second: Written = { name: "m2", address: "192.0.2.32" };
const alone = { artifactsUrl: rawConfig.artifactsUrl, secrets: { login: "very-secret" } };

/** A host that carries these bundles. */
function carrying(name: string, bundles: readonly string[], more: Partial<HostFacts> = {}): HostReading {
  const blank = factsOf(name);
  return {
    facts: factsOf(name, {
      claim: { cluster: "machines", clusterId, host: name, stack: "demo", generation: claimGeneration(blank) },
      bundles: Object.fromEntries(
        bundles.map((bundle) => [bundle, { generation: bundleGeneration(blank, bundle), state: "complete" }]),
      ),
      ...more,
    }),
  };
}

function argsOf(
  inventory: readonly Written[],
  given: Partial<ProgramArgs> = {},
  readings: Record<string, HostReading> = {},
) {
  const hosts = hostsOf(inventory.map(({ name, address }) => ({ name, address })));
  return programArgs({
    config: alone,
    roles: [login],
    inventory: pinned(inventory as HostInput[]),
    readHosts: () => Promise.resolve(readingsOf(hosts, readings)),
    lock: () => assert.fail("there is no cluster to lock"),
    ...given,
  });
}

const commandsOf = ({ registrations }: Awaited<ReturnType<typeof record>>) =>
  registrations.filter(({ type }) => type === "command:remote:Command").map(({ name }) => name);

describe("the program of a stack of machines", () => {
  it("makes nothing of a cluster: hosts are claimed and get what their roles are", async () => {
    const run = await record(() => deployMachines(argsOf([first, second])), { state: answered });
    assert.deepEqual(
      run.registrations
        .filter(({ type }) => !type.startsWith("pulumi:"))
        .map(({ type, name }) => `${type} ${name}`)
        .toSorted(),
      [
        "command:remote:Command m1-baseline",
        "command:remote:Command m1-claim",
        "command:remote:Command m1-role-login",
        "command:remote:Command m2-baseline",
        "command:remote:Command m2-claim",
        "plinth:host:Baseline m1-baseline",
        "plinth:host:Baseline m2-baseline",
        "plinth:host:Host m1",
        "plinth:host:Host m2",
        "plinth:index:Cluster machines",
        "plinth:role:Role m1-role-login",
        "random:index/randomId:RandomId cluster-id",
      ],
    );
    const { stdin, create } =
      run.registrations.find(({ name, type }) => name === "m1-role-login" && type.startsWith("command"))?.inputs ?? {};
    assert.ok(isSecret(stdin));
    assert.match(String(plain(stdin)), /very-secret/);
    assert.ok(!String(plain(create)).includes("very-secret"));
  });

  it("tells of hosts alone, and that there is no cluster", async () => {
    let outputs: object = {};
    await record(
      async () => {
        outputs = await deployMachines(argsOf([first, second]));
      },
      { state: answered },
    );
    assert.deepEqual(Object.keys(outputs).toSorted(), [
      "clusterId",
      "clusterName",
      "hostVersions",
      "hosts",
      "kind",
      "lost",
    ]);
    assert.equal("kind" in outputs && outputs.kind, "machines");
  });

  it("saves first under which id hosts are claimed", async () => {
    const asked = record(() => deployMachines(argsOf([first], { recording: "first" })), { state: answered });
    await assert.rejects(asked, (error: unknown) => error instanceof RecordFirst && error.newStack);
    let saved: Record<string, unknown> = {};
    const run = await record(
      async () => {
        saved = { ...(await deployMachines(argsOf([first], { recording: "now" }))) };
      },
      { state: answered },
    );
    assert.deepEqual(commandsOf(run), []);
    assert.equal(saved["kind"], "machines");
  });

  it("leaves a machine in service that does not answer as it is", async () => {
    const silent: HostReading = { failure: "unreachable", message: "no answer" };
    const previous = {
      ...{ kind: "machines", clusterName: "machines", clusterId },
      hosts: Object.fromEntries([first, second].map(({ name, address }) => [name, { address, roles: [] }])),
    };
    const args = argsOf(
      [first, second],
      { readPrevious: () => Promise.resolve(previous) },
      { m1: carrying("m1", ["baseline", "role-login"]), m2: silent },
    );
    const { warnings } = await record(() => deployMachines(args), { state: answered });
    assert.match(warnings.join("\n"), /left as it is: m2: no answer/);
  });

  it("is refused before anything is declared where the stack has a cluster", async () => {
    const previous = { hosts: {}, caCertificate: "PEM", clusterName: "demo" };
    const run = record(() => deployMachines(argsOf([first], { readPrevious: () => Promise.resolve(previous) })), {
      state: answered,
    });
    await assert.rejects(run, /\[cluster-left\]/);
  });

  it("keeps its hosts as they are when the stack gets a cluster, whose keys are saved as they are made", async () => {
    const hosts = [...threeHosts, first];
    const previous = {
      kind: "machines",
      clusterName: "machines",
      clusterId,
      hosts: { m1: { address: first.address, roles: [] } },
      lost: {},
    };
    const given: Partial<ProgramArgs> = {
      config: { ...rawConfig, ...alone },
      readPrevious: () => Promise.resolve(previous),
      lock: () => Promise.resolve(() => Promise.resolve()),
    };
    const readings = { m1: carrying("m1", ["baseline", "role-login"]) };
    const ask = record(() => deploy(argsOf(hosts, { ...given, recording: "first" }, readings)), { state: answered });
    await assert.rejects(ask, (error: unknown) => error instanceof RecordFirst && error.stepwise && !error.newStack);
    const whole = await record(() => deploy(argsOf(hosts, given, readings)), { state: answered });
    const cluster = whole.registrations.find(({ type }) => type === "plinth:index:Cluster");
    assert.equal(cluster?.name, "demo");
    assert.ok(commandsOf(whole).includes("m1-claim"));
  });
});

describe("a worker that becomes a machine, and a machine that becomes a worker", () => {
  const cluster = threeHosts;
  const previous = {
    ...{ clusterName: "demo", clusterId },
    hosts: Object.fromEntries(
      [...cluster, first].map(({ name, address, roles = [] }) => [
        name,
        { address, roles: name === "m1" ? ["worker"] : roles },
      ]),
    ),
  };
  const run = (roles: string[], bundles: readonly string[]) =>
    record(
      () =>
        deploy(
          argsOf(
            [...cluster, { name: "w1", address: "192.0.2.21", roles: ["worker"] }, { ...first, roles }],
            {
              config: { ...rawConfig, ...alone },
              readPrevious: () => Promise.resolve(previous),
              lock: () => Promise.resolve(() => Promise.resolve()),
            },
            { m1: carrying("m1", bundles) },
          ),
        ),
      { state: answered },
    );
  const textOf = ({ registrations }: Awaited<ReturnType<typeof run>>, name: string) =>
    String(
      plain(registrations.find((one) => one.type === "command:remote:Command" && one.name === name)?.inputs["create"]),
    );

  it("is given empty bundles in the place of a Node's, and no steps of a Node", async () => {
    const done = await run(["login"], ["baseline", "runtime", "node"]);
    for (const bundle of ["node", "runtime", "baseline"])
      assert.match(textOf(done, `m1-${bundle}`), new RegExp(`bundle ${bundle}\ngeneration \\d+\nend\n`));
    const names = commandsOf(done);
    assert.ok(!names.includes("m1-register") && !names.includes("m1-drain"));
    assert.ok(names.includes("m1-role-login"));
  });

  it("is given a Node's bundles again", async () => {
    const done = await run(["worker", "login"], ["baseline", "runtime", "node", "role-login"]);
    assert.match(textOf(done, "m1-node"), /unit kubelet\.service/);
    assert.match(textOf(done, "m1-baseline"), /unit plinth-swap\.service/);
    assert.ok(commandsOf(done).includes("m1-register"));
  });
});
