import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterOutputs } from "../../components/outputs.ts";
import type { ProgramArgs } from "../../components/preflight.ts";
import { deploy } from "../../components/program.ts";
import { bringUp } from "../../plan/bringup.ts";
import { bundleGeneration, claimGeneration, type BundleFact, type HostReading } from "../../plan/facts.ts";
import { PlinthError } from "../../plan/findings.ts";
import { clusterOutputs } from "../../plan/outputs.ts";
import { parsePreviousRun } from "../../plan/previousrun.ts";
import { noRequests } from "../../plan/requests.ts";
import { configOf, factsOf, hostsOf, lastHostBundle, rawConfig, readingsOf, threeHosts } from "../support/cluster.ts";
import { digestsFor } from "../support/digests.ts";
import { programArgs } from "../support/program.ts";
import { isSecret, plain, record, type Registration } from "../support/recorder.ts";

const hosts = hostsOf();
const digests = digestsFor(hosts, configOf());

const state = (type: string, name: string) => {
  if (type === "tls:index/privateKey:PrivateKey") {
    return { privateKeyPem: `-----BEGIN PRIVATE KEY----- ${name}`, publicKeyPem: `public ${name}` };
  }
  if (type.startsWith("tls:")) return { certPem: `certificate ${name}`, certRequestPem: `request ${name}` };
  if (type.includes("randomPassword")) return { result: "k".repeat(32) };
  if (type.includes("randomId")) return { hex: "0123456789abcdef" };
  return { stdout: "", stderr: "" };
};

const run = (args: ProgramArgs = programArgs(), preview = false) => record(() => deploy(args), { state, preview });
const commands = (registrations: Registration[]) =>
  registrations.filter((item) => item.type === "command:remote:Command");
/** A bundle that was applied when the host was blank. */
const done = (name: string, state: BundleFact["state"] = "complete"): BundleFact => ({
  generation: bundleGeneration(factsOf(name), "etcd"),
  state,
});
const inService = (name: string, controlplane: BundleFact = done(name)): HostReading => ({
  facts: factsOf(name, {
    claim: {
      cluster: "demo",
      clusterId: "0123456789abcdef",
      host: name,
      stack: "demo",
      generation: claimGeneration(factsOf(name)),
    },
    bundles: { etcd: done(name), controlplane, loadbalancer: done(name) },
  }),
});
const rolling = (cp2 = done("cp2")) =>
  programArgs({
    readHosts: () =>
      Promise.resolve(readingsOf(hosts, { cp1: inService("cp1"), cp2: inService("cp2", cp2), cp3: inService("cp3") })),
  });

/** The value of an output that is known. */
function known(value: unknown): Promise<unknown> {
  return (pulumi.output(value) as unknown as { promise(): Promise<unknown> }).promise();
}

/** Names of the commands that a command waits for. */
function waitsFor(registrations: Registration[], name: string): string[] {
  const byUrn = new Map(commands(registrations).map((item) => [item.urn, item.name]));
  const item = commands(registrations).find((candidate) => candidate.name === name);
  assert.ok(item, name);
  return item.waitsFor.flatMap((urn) => byUrn.get(urn) ?? []).sort();
}

describe("program", () => {
  it("is one claim and one step per host and role, all under the cluster", async () => {
    const { registrations } = await run();
    const expected = bringUp.flatMap(({ kind, name, audience }) => {
      if (kind === "membership") return [name];
      return hosts.filter((host) => audience.includes(host, configOf())).map((host) => `${host.name}-${name}`);
    });
    assert.deepEqual(
      commands(registrations)
        .map((item) => item.name)
        .sort(),
      expected.sort(),
    );
    const cluster = registrations.find((item) => item.type === "plinth:index:Cluster");
    assert.ok(cluster);
    for (const component of registrations.filter(
      (item) => item.type.startsWith("plinth:host:") || item.type.startsWith("plinth:etcd:"),
    )) {
      assert.equal(component.parent, cluster.urn);
    }
  });

  it("first brings up all etcd members at once, then all API servers, then all load balancers", async () => {
    const { registrations } = await run();
    assert.deepEqual(waitsFor(registrations, "cp2-baseline"), ["cp2-claim"]);
    assert.deepEqual(
      waitsFor(registrations, "cp2-etcd"),
      [...["cp1", "cp2", "cp3"].map((host) => `${host}-${lastHostBundle}`), "cp2-claim"].sort(),
    );
    assert.deepEqual(waitsFor(registrations, "cp1-controlplane"), ["cp1-claim", "cp1-etcd", "cp2-etcd", "cp3-etcd"]);
    assert.deepEqual(waitsFor(registrations, "evacuation"), ["roster-access"]);
    const controlPlane = ["cp1-controlplane", "cp2-controlplane", "cp3-controlplane"];
    assert.deepEqual(waitsFor(registrations, "roster-access"), controlPlane);
    assert.deepEqual(waitsFor(registrations, "roster"), ["evacuation"]);
    assert.deepEqual(waitsFor(registrations, "cp3-loadbalancer"), [...controlPlane, "cp3-claim"].sort());
  });

  it("applies what is to be healed again, and nothing else", async () => {
    const create = async (heal: string[]) => {
      const { registrations } = await run({ ...rolling(), requests: { ...noRequests, heal } });
      const texts = commands(registrations).map(async ({ name, inputs }) => [name, await known(inputs["create"])]);
      return new Map((await Promise.all(texts)) as [string, string][]);
    };
    const before = await create([]);
    const after = await create(["cp2/etcd", "cp3/claim", "roster", "nobody/etcd"]);
    const changed = [...after].filter(([name, text]) => before.get(name) !== text).map(([name]) => name);
    assert.deepEqual(
      changed.sort(),
      ["cp2-etcd", "cp3-claim", "evacuation", "roster"],
      "a Node is drained before it is deleted",
    );
    const generation = (text = "") => Number(/generation (\d+)/.exec(text)?.[1]);
    assert.equal(generation(after.get("cp2-etcd")), generation(before.get("cp2-etcd")) + 1);
  });

  it("afterwards rolls: one chain through all hosts", async () => {
    const { registrations } = await run(rolling());
    assert.deepEqual(waitsFor(registrations, "cp1-controlplane"), ["cp1-claim", "cp1-etcd"]);
    assert.deepEqual(waitsFor(registrations, "cp2-baseline"), ["cp1-controlplane", "cp2-claim"]);
    assert.deepEqual(waitsFor(registrations, "cp2-etcd"), ["cp2-claim", `cp2-${lastHostBundle}`].sort());
    assert.deepEqual(waitsFor(registrations, "roster-access"), ["cp3-controlplane"]);
    assert.deepEqual(waitsFor(registrations, "evacuation"), ["roster-access"]);
    assert.deepEqual(waitsFor(registrations, "cp1-loadbalancer"), ["cp1-claim", "roster"]);
    assert.deepEqual(waitsFor(registrations, "cp3-loadbalancer"), ["cp2-loadbalancer", "cp3-claim"]);
  });

  it("the order never shows up as a difference: the same inputs before and after the bootstrap", async () => {
    const before = commands((await run()).registrations);
    const after = commands((await run(rolling())).registrations);
    for (const item of before)
      assert.deepEqual(item.inputs, after.find((other) => other.name === item.name)?.inputs, item.name);
  });

  it("a half-done host gets its bundle again, and only that one", async () => {
    const before = commands((await run(rolling())).registrations);
    const after = commands((await run(rolling(done("cp2", "half-done")))).registrations);
    const changed = before.filter(
      (item) => item.inputs["create"] !== after.find((other) => other.name === item.name)?.inputs["create"],
    );
    assert.deepEqual(
      changed.map((item) => item.name),
      ["cp2-controlplane"],
    );
  });

  it("lets an address for SSH change nothing but where commands connect to", async () => {
    const before = await run();
    const inventory = threeHosts.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` }));
    const moved = inventory.map((host) => ({ ...host, sshAddress: `${host.name}.example.net` }));
    const after = await run(programArgs({ inventory: moved }));
    const text = (item: Registration): string => JSON.stringify(plain(item.inputs));
    assert.equal(after.registrations.length, before.registrations.length);
    const rest = (item: Registration): Registration => ({ ...item, inputs: { ...item.inputs, connection: undefined } });
    const earlier = new Map(before.registrations.map((item) => [`${item.type} ${item.name}`, text(rest(item))]));
    for (const item of after.registrations) {
      assert.equal(text(rest(item)), earlier.get(`${item.type} ${item.name}`), item.name);
      if (item.type !== "command:remote:Command") continue;
      const { host } = plain(item.inputs["connection"]) as { host: unknown };
      assert.match(String(plain(host)), /^cp[123]\.example\.net$/, item.name);
    }
  });

  it("tells of a bastion in connections only where a plugin of others runs the commands, which goes by one", async () => {
    const folder = mkdtempSync(join(tmpdir(), "plinth-gates-"));
    const sshKnownHostsFile = join(folder, "known_hosts");
    writeFileSync(sshKnownHostsFile, "gate ssh-ed25519 GATE\nsecond ssh-ed25519 SECOND\n");
    const going = (bastion: string[], foreignPlugin: boolean) =>
      run(programArgs({ config: { ...rawConfig, bastion, sshKnownHostsFile }, foreignPlugin }));
    const proxies = ({ registrations }: { registrations: Registration[] }): unknown[] => {
      const found = commands(registrations).map(({ inputs }) => {
        const { proxy } = plain(inputs["connection"]) as { proxy?: unknown };
        return proxy === undefined ? undefined : plain((plain(proxy) as { hostKey: unknown }).hostKey);
      });
      return [...new Set(found)];
    };
    try {
      assert.deepEqual(proxies(await going(["gate", "second"], false)), [undefined]);
      assert.deepEqual(proxies(await going(["gate"], true)), ["ssh-ed25519 GATE"]);
      await assert.rejects(going(["gate", "second"], true), /goes by one bastion.*run \.\/plinth/s);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("keeps key material out of everything but secret inputs, and pins every host key", async () => {
    const { registrations } = await run();
    for (const item of commands(registrations)) {
      assert.doesNotMatch(String(item.inputs["create"]), /KEY----- \w/, item.name);
      // Who claims a host, and who is on the roster, is no secret.
      if (!/-claim$|^(evacuation|roster)$/.test(item.name)) assert.ok(isSecret(item.inputs["stdin"]), item.name);
      const connection = plain(item.inputs["connection"]) as Record<string, unknown>;
      assert.match(String(plain(connection["hostKey"])), /^ssh-ed25519 KEY-cp/);
      const told = ["dialErrorLimit", "host", "hostKey", "perDialTimeout", "port", "user"];
      assert.deepEqual(Object.keys(connection).sort(), told, "nothing of who runs it");
      assert.equal(item.inputs["addPreviousOutputInEnv"], false);
      assert.equal(item.inputs["triggers"] ?? undefined, undefined);
    }
    const bundle = commands(registrations).find((item) => item.name === "cp1-etcd");
    assert.match(String(plain(bundle?.inputs["stdin"])), /\|-----BEGIN PRIVATE KEY----- cp1-etcd-peer/);
  });

  it("protects what cannot be made again: authorities, service-account and encryption keys", async () => {
    const { registrations } = await run();
    const isProtected = registrations.filter((item) => item.protect).map((item) => item.name);
    for (const name of ["kubernetes-ca", "etcd-ca", "front-proxy-ca", "service-account", "encryption-key"])
      assert.ok(isProtected.includes(name), name);
  });

  it("the text of every bundle is known at preview, before any key exists", async () => {
    const { registrations } = await run(programArgs(), true);
    for (const item of commands(registrations)) assert.match(String(item.inputs["create"]), /plinth[-/]/, item.name);
  });

  it("gives the outputs that other stacks read, the kubeconfig as a secret", async () => {
    const { outputs } = await run();
    const result = (await known(outputs)) as Record<string, unknown>;
    assert.equal(result["endpoint"], "https://192.0.2.10:6443");
    assert.deepEqual(result["versions"], { kubernetes: "1.36.3", etcd: "3.6.14", containerd: "2.4.2" });
    const versions = result["hostVersions"] as Record<string, { kernel: string }>;
    assert.equal(versions["cp2"]?.kernel, factsOf("cp2").kernel);
    assert.equal(await pulumi.isSecret((outputs as ClusterOutputs).kubeconfig), true);
    assert.match(String(result["kubeconfig"]), /server: https:\/\/192\.0\.2\.10:6443/);
    // All of them, and no other: what the program declares is what is read back.
    assert.deepEqual(clusterOutputs.strict().parse(result), result);
    assert.deepEqual(parsePreviousRun("demo", result), { previous: result, findings: [] });
  });

  it("names the VIP to people and other stacks, and goes by the VIP itself", async () => {
    const { outputs, registrations } = await run(programArgs({ config: { ...rawConfig, vipName: "api.example.net" } }));
    const result = (await known(outputs)) as Record<string, unknown>;
    assert.equal(result["endpoint"], "https://api.example.net:6443");
    assert.match(String(result["kubeconfig"]), /server: https:\/\/api\.example\.net:6443/);
    const provider = registrations.find(({ type }) => type === "pulumi:providers:kubernetes");
    assert.match(JSON.stringify(provider?.inputs), /server: https:\/\/192\.0\.2\.10:6443/);
  });

  it("refuses a state whose outputs are not as expected, together with all else that is wrong", async () => {
    const broken = programArgs({
      readPrevious: () => Promise.resolve({ hosts: { cp1: { address: 7, roles: ["etcd"] } } }),
      readDigests: () => Promise.reject(new Error("connection refused")),
    });
    const error: unknown = await run(broken).catch((caught: unknown) => caught);
    assert.ok(error instanceof PlinthError);
    assert.deepEqual(
      error.findings.map(({ rule }) => rule),
      ["artifact-server", "stack-outputs"],
    );
    assert.match(error.message, /hosts\.cp1\.address \(expected string, received number\)/);
  });

  it("refuses another binary of a mirror, whose sums match it, and declares no host", async () => {
    const own = [...digests.matchAll(/^(\S+) {2}(\S+)$/gm)].map(
      ([, sha256 = "", path = ""]) => [path, sha256] as const,
    );
    const sums = new Map(own);
    const etcd = own.find(([path]) => path.startsWith("etcd/"))?.[0] ?? "";
    const mirror = { config: { ...rawConfig, artifactsUrl: "https://mirror.example.com/plinth" } };
    const locked = (path: string) => [sums.get(path) ?? []].flat();
    await run(programArgs({ ...mirror, lockedDigests: locked }));
    await run(programArgs({ ...mirror, lockedDigests: () => [] }));

    const seen = await run(
      programArgs({ ...mirror, lockedDigests: (path) => (path === etcd ? ["f".repeat(64)] : locked(path)) }),
    ).then(
      ({ registrations }) => registrations,
      (error: unknown) => error,
    );
    assert.ok(seen instanceof PlinthError);
    assert.match(
      seen.message,
      /^1 finding, no host was changed:\n {2}- the mirror https:\S+ has etcd\/\S+ with the SHA-256 /,
    );
    assert.match(
      seen.message,
      new RegExp(`plinth\\.lock\\.json has ${"f".repeat(64)}; .* --update .*\\[artifact-lock\\]$`),
    );
  });

  it("asks of a mirror by http:// that everything is locked", async () => {
    const plain = { ...rawConfig, artifactsUrl: "http://mirror.example.com/plinth" };
    await assert.rejects(
      run(programArgs({ config: plain, lockedDigests: () => [] })),
      /1 finding, no host was changed:\n.*by http:\/\/.* has none of \S*etcd\/.*, .*; use https:\/\/, or run .*\[artifact-lock\]$/,
    );
  });

  it("takes the cluster's lock before it looks at hosts, and not for a preview", async function () {
    this.timeout(30_000); // Two whole programs, on a machine that may be busy.
    const seen: string[] = [];
    const watched = programArgs({
      lock: (access) => {
        seen.push(`lock ${[...access.keys()].join(" ")}`);
        return Promise.resolve(() => Promise.resolve());
      },
      readHosts: () => {
        seen.push("look");
        return Promise.resolve(readingsOf(hosts));
      },
    });
    await run(watched);
    await run(watched, true);
    assert.deepEqual(seen, ["lock cp1 cp2 cp3", "look", "look"]);
  });

  it("neither looks at hosts nor declares any while another run has the lock", async () => {
    const finding = { rule: "cluster-locked", kind: "guard", hosts: ["cp1"], message: "held", remedy: "wait" } as const;
    const locked = programArgs({
      lock: () => Promise.reject(new PlinthError([{ ...finding, hosts: [...finding.hosts] }])),
      readHosts: () => assert.fail("a host was looked at"),
    });
    await assert.rejects(run(locked), /cp1: held; wait \[cluster-locked\]/);
  });

  it("tells that the lock could not be taken together with what else is wrong", async () => {
    const finding = { rule: "cluster-lock", kind: "guard", hosts: [], message: "on 1 of 3", remedy: "wait" } as const;
    const failing = programArgs({
      lock: () => Promise.reject(new PlinthError([{ ...finding, hosts: [] }])),
      readHosts: () =>
        Promise.resolve(readingsOf(hosts, { cp3: { failure: "unreachable", message: "no answer from 192.0.2.13" } })),
    });
    await assert.rejects(run(failing), /\[cluster-lock\]\n.*\[host-unreachable\]/);
  });

  it("reports everything that is wrong at once and declares no host", async () => {
    const broken = programArgs({
      config: { ...rawConfig, vip: "192.0.2.12", podCidr: "10.96.0.0/16" },
      inventory: [
        ...(programArgs().inventory as object[]),
        { name: "cp1", address: "192.0.2.11", roles: ["worker"], hostKey: "ssh-ed25519 X" },
      ],
      readHosts: () =>
        Promise.resolve(readingsOf(hosts, { cp3: { failure: "unreachable", message: "no answer from 192.0.2.13" } })),
      readDigests: () => Promise.reject(new Error("connection refused")),
    });
    let error: unknown;
    const { registrations } = await run(broken).catch((caught: unknown) => {
      error = caught;
      return { registrations: [] as Registration[] };
    });
    assert.deepEqual(commands(registrations), []);
    assert.ok(error instanceof PlinthError);
    const rules = error.findings.map((finding) => finding.rule);
    for (const rule of [
      "duplicate-name",
      "duplicate-address",
      "vip-is-host",
      "cidr-overlap",
      "host-unreachable",
      "artifact-server",
    ]) {
      assert.ok(rules.includes(rule), `${rule} in ${rules.join(", ")}`);
    }
  });
});
