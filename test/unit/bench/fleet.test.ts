import assert from "node:assert/strict";
import { Fleet } from "../../../bench/fleet/fleet.ts";
import { benchHosts } from "../../../bench/project.ts";
import { takeClusterLock } from "../../../components/host/lock.ts";
import { readHost } from "../../../components/host/reader.ts";
import { factsScript, feed, hostScriptPath } from "../../../components/host/script.ts";
import { renderBundle, renderSecrets, type Bundle } from "../../../plan/bundle.ts";
import type { HostFacts, HostReading } from "../../../plan/facts.ts";
import { guardHosts } from "../../../plan/guards.ts";
import { liveCluster } from "../../../plan/livecluster.ts";
import { renderClaim, renderClaimant, renderRelease } from "../../../plan/claim.ts";
import { renderNodeManifest } from "../../../plan/roster.ts";
import { renderRosterText } from "../../../plan/rostertext.ts";
import { SshPool, type SshTarget } from "../../../ssh/index.ts";
import { configOf, hostsOf } from "../../support/cluster.ts";

const holder = {
  user: "me",
  machine: "here",
  command: "plinth up",
  stack: "bench",
  pid: 1,
  since: "2026-01-01T00:00:00Z",
};

describe("bench/fleet", () => {
  let fleet: Fleet;
  let pool: SshPool;
  let targets: Map<string, SshTarget>;

  beforeEach(async () => {
    fleet = await Fleet.start();
    pool = new SshPool();
    targets = new Map();
    for (const { name, address } of benchHosts(fleet.access.subnet, 4)) {
      const hostKey = await fleet.add({ name, address });
      const { sshPort: port, privateKey } = fleet.access;
      targets.set(name, { host: address, port, privateKey, hostKey });
    }
  });

  afterEach(async () => {
    await pool.close();
    await fleet.close();
  });

  const hosts = () => hostsOf(benchHosts(fleet.access.subnet, 4));
  const config = () =>
    configOf({ nodeSubnet: fleet.access.subnet, vip: fleet.access.vip, artifactsUrl: fleet.access.artifactsUrl });

  function target(name: string): SshTarget {
    const found = targets.get(name);
    assert.ok(found);
    return found;
  }

  async function run(name: string, command: string, stdin = ""): Promise<string> {
    const { code, stdout, stderr } = await pool.exec(target(name), command, { stdin });
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async function readings(): Promise<Map<string, HostReading>> {
    const script = factsScript();
    const read = [...targets].map(async ([name, to]): Promise<[string, HostReading]> => [
      name,
      await readHost(to, script, pool),
    ]);
    return new Map(await Promise.all(read));
  }

  async function factsOf(name: string): Promise<HostFacts> {
    const reading = (await readings()).get(name);
    assert.ok(reading !== undefined && "facts" in reading, JSON.stringify(reading));
    return reading.facts;
  }

  const claim = (name: string) =>
    run(
      name,
      renderClaim({ sha256: "1".repeat(64), url: "http://192.0.2.1/scripts/plinth-host" }, 7),
      renderClaimant({ cluster: "bench", clusterId: "00ff", host: name, stack: "bench" }),
    );

  const apply = (name: string, bundle: string, units: string[]) => {
    const plan: Bundle = {
      name: bundle,
      users: [],
      packages: [],
      directories: [],
      binaries: [{ name: "kubelet", version: "1.36.3" }],
      files: [{ path: "/etc/x", mode: "0644", owner: "root:root", content: "bundle wrong\ngeneration 1\n" }],
      secrets: [],
      units,
      checks: [],
    };
    const text = renderBundle(plan, 9, () => ({ sha256: "0".repeat(64), url: "http://192.0.2.1/kubelet" }));
    return run(name, feed(text, `${hostScriptPath} apply`), renderSecrets([{ path: "/etc/key", content: "secret" }]));
  };

  it("is read by the real reader, and no guard has anything against it", async () => {
    const seen = await readings();
    assert.deepEqual(guardHosts(hosts(), config(), seen, { clusterId: undefined }), []);
    assert.equal(new Set([...seen.values()].map((reading) => "facts" in reading && reading.facts.machineId)).size, 4);
  });

  it("remembers claims and bundles, and tells them", async () => {
    await claim("w1");
    const said: unknown = JSON.parse(await apply("w1", "node", ["kubelet.service", "kube-proxy.service"]));
    assert.deepEqual(said, {
      bundle: "node",
      host: "w1",
      generation: 9,
      changed: [],
      removed: [],
      restarted: [],
      reloaded: [],
      started: ["kubelet.service", "kube-proxy.service"],
      versions: { kubelet: "1.36.3" },
    });
    const facts = await factsOf("w1");
    assert.deepEqual(facts.claim, { cluster: "bench", clusterId: "00ff", host: "w1", stack: "bench", generation: 7 });
    assert.deepEqual(facts.bundles, { node: { generation: 9, state: "complete" } });
    assert.ok(facts.listeners.some(({ port, unit }) => port === 10250 && unit === "kubelet.service"));
    assert.deepEqual(guardHosts(hosts(), config(), await readings(), { clusterId: "00ff" }), []);
  });

  it("refuses what a real host refuses, and what it does not know, and counts it", async () => {
    const unclaimed = await pool.exec(target("w1"), `cat | ${hostScriptPath} apply`, {
      stdin: "bundle node\ngeneration 1\n",
    });
    assert.deepEqual([unclaimed.code, unclaimed.stderr], [3, "this host is not claimed by a cluster\n"]);
    const unknown = await pool.exec(target("w1"), "reboot");
    assert.equal(unknown.code, 127);
    assert.match(unknown.stderr, /does not know this command: reboot/);
    const { logins, commands, complaints } = fleet.counters();
    assert.deepEqual([logins, commands, complaints.length], [1, 2, 2]);
  });

  it("has members of etcd and Nodes that the roster makes and ends", async () => {
    for (const name of targets.keys()) await claim(name);
    for (const name of ["cp1", "cp2", "cp3"]) {
      await apply(name, "etcd", ["etcd.service"]);
      await apply(name, "controlplane", ["kube-apiserver.service"]);
    }
    for (const host of hosts()) {
      const variables = { MANIFEST: renderNodeManifest(host, "bench"), MACHINE_ID: "x" };
      await run("cp1", renderRosterText({ script: "register", node: host.name, deadline: 9, variables }));
    }
    const before = liveCluster(await readings(), hosts());
    assert.deepEqual(
      // Their order is that of their ids.
      before.members?.map(({ name, healthy }) => [name, healthy]).sort(),
      [
        ["cp1", true],
        ["cp2", true],
        ["cp3", true],
      ],
    );
    assert.deepEqual(before.nodes?.map(({ name, ready, owner }) => [name, ready, owner]).at(-1), ["w1", true, "bench"]);
    const ROSTER = ["member cp1", "member cp2"].map((line, n) => `${line} https://${hosts()[n]?.address ?? ""}:2380`);
    const stays = [...ROSTER, "node cp1 x", "node cp2 x", ""].join("\n");
    const roster = (OWNER: string, stdin: string) =>
      run("cp1", renderRosterText({ script: "roster", node: "roster", deadline: 9, variables: { OWNER } }), stdin);
    // A pool's names its own Nodes, and no members.
    await roster("pool", "");
    const untouched = liveCluster(await readings(), hosts());
    assert.deepEqual([untouched.members?.length, untouched.nodes?.length], [3, hosts().length]);
    await roster("bench", stays);
    const after = liveCluster(await readings(), hosts());
    assert.deepEqual(after.members?.map(({ name }) => name).sort(), ["cp1", "cp2"]);
    assert.deepEqual(
      after.nodes?.map(({ name }) => name),
      ["cp1", "cp2"],
    );
  });

  it("forgets what a release takes away", async () => {
    await claim("w1");
    await apply("w1", "node", ["kubelet.service"]);
    await run("w1", renderRelease("w1"));
    const { claim: claimed, bundles } = await factsOf("w1");
    assert.deepEqual([claimed, bundles], [undefined, {}]);
  });

  it("serves the commands of release 0.1.0, too, whose texts carried the scripts", async () => {
    await run(
      "cp1",
      [
        "cat <<'END_OF_PLINTH_TEXT' | /bin/sh -c 'cat > plinth-host' || exit",
        "say 'run plinth-host release --force'",
        "END_OF_PLINTH_TEXT",
        `{ echo generation 3; cat; } | $(test "$(id -u)" = 0 || echo sudo -n) ${hostScriptPath} claim`,
      ].join("\n"),
      renderClaimant({ cluster: "bench", clusterId: "00ff", host: "cp1", stack: "bench" }),
    );
    assert.equal((await factsOf("cp1")).claim?.generation, 3);
    await apply("cp1", "controlplane", ["kube-apiserver.service"]);
    await run(
      "cp1",
      `export NODE='w1'\nexport MANIFEST='{"it":\n"'\\''s"}'\nexec /usr/local/lib/plinth/roster/register\n`,
    );
    assert.deepEqual(
      (await factsOf("cp1")).nodes?.map(({ name, owner }) => [name, owner]),
      [["w1", "bench"]],
    );
  });

  it("gives the run lock to one run at a time", async () => {
    const release = await takeClusterLock(targets, hosts(), holder, { pool });
    await assert.rejects(takeClusterLock(targets, hosts(), { ...holder, pid: 2 }, { pool }), /me@here.*process 1/s);
    await release();
    await (
      await takeClusterLock(targets, hosts(), { ...holder, pid: 3 }, { pool })
    )();
  });
});
