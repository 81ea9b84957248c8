import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { factsScript } from "../../components/host/script.ts";
import { parseFacts } from "../../plan/facts.ts";
import { restoreSteps } from "../../plan/restore/steps.ts";
import { Bundle, me } from "./support/bundle.ts";
import { FakeEtcd } from "./support/etcdctl.ts";
import { FakeHost, type Result } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

const snapshot = "the snapshot\n";
const sha256 = createHash("sha256").update(snapshot).digest("hex");
const id = "20261129T210000Z-1a2b3c";
const other = "20261129T220000Z-000000";
const members = "cp1=https://10.0.0.1:2380,cp2=https://10.0.0.2:2380";
const data = "/var/lib/etcd";
const kept = (which = id): string => `/var/lib/plinth-kept/demo-01234567-restore-${which}${data}/member`;
const api = ["kube-apiserver.service", "kube-controller-manager.service", "kube-scheduler.service"];
const units = ["etcd.service", ...api];

/** An etcdutl that makes a member's data of its arguments, into an empty directory. */
const etcdutl = `#!/bin/sh
case "$1 $2" in
  'snapshot status') if grep -q broken "$3"; then echo 'Error: snapshot file integrity check failed' >&2; exit 1; fi ;;
  'snapshot restore')
    all=$* from=$3
    while [ $# -gt 0 ]; do
      case $1 in --data-dir) to=$2 ;; esac
      shift
    done
    [ ! -e "$to" ] || { echo 'Error: data-dir not empty' >&2; exit 1; }
    command -p mkdir -p "$to/member/wal"
    : >"$to/member/wal/0-0.wal"
    { cat "$from"; printf '%s\\n' "\${all#*.db }"; } >"$to/member/db"
    ;;
esac
`;

function etcd(): Bundle {
  return new Bundle("etcd")
    .directory(data, "keep")
    .line(`directory /etc/etcd 0755 ${me} purge`)
    .service("etcd.service")
    .line(`prepare etcd-join 1 etcd.service cp1 https://10.0.0.1:2380 ${data} /ca /crt /key demo ${members}`)
    .check("etcd-voter", 1, "etcd.service", `https://10.0.0.1:2379 /ca /crt /key cp1 ${members}`);
}

function controlPlane(): Bundle {
  return api.reduce((bundle, unit) => bundle.service(unit), new Bundle("controlplane"));
}

/** A member in service, with data. */
async function inService(host: FakeHost): Promise<void> {
  fakes(host);
  host.write(`${data}/member/db`, "of before\n");
  host.write(`${data}/member/wal/0-0.wal`, "");
  await host.claim();
  await host.apply(etcd());
  await host.apply(controlPlane());
  host.log();
}

function fakes(host: FakeHost): void {
  new FakeEtcd(host).silent("connection refused", "10.0.0.2");
  host.command("curl", "exit 7");
  host.write("/opt/plinth/bin/etcdutl", etcdutl);
  chmodSync(host.path("/opt/plinth/bin/etcdutl"), 0o755);
}

const wordsOf = (step: string, which = id, sha = sha256): string[] => [
  ...["restore", step, "--id", which],
  ...(["stage", "plant"].includes(step)
    ? [
        ...["--cluster-id", "0123456789abcdef", "--host", "cp1", "--token", `token-${which}`],
        ...["--members", members, "--bump", "1000000000", "--sha256", sha],
      ]
    : []),
];

const run = (host: FakeHost, step: string, which = id): Promise<Result> =>
  host.run(wordsOf(step, which), step === "stage" || step === "plant" ? snapshot : "");

async function done(host: FakeHost, step: string, which = id): Promise<void> {
  const { code, stdout, stderr } = await run(host, step, which);
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { host: "cp1", restore: which, step });
}

async function refused(host: FakeHost, step: string, code: number, which = id): Promise<string> {
  const result = await run(host, step, which);
  assert.deepEqual([result.code, result.stdout], [code, ""], result.stderr);
  return result.stderr;
}

async function facts(host: FakeHost): Promise<ReturnType<typeof parseFacts>["restores"]> {
  // The etcdctl of tests does not speak JSON.
  const told = (await host.runFile("-s", [], factsScript())).stdout.replaceAll(/^etcd-.*\n/gm, "");
  return parseFacts(told).restores;
}

const states = (host: FakeHost): string[] =>
  units.map((unit) => `${host.unit(unit, "active")} ${host.unit(unit, "enabled")}`);
const restored = `${snapshot}--name cp1 --initial-cluster ${members} --initial-cluster-token token-${id}`;

onHosts("restore", (host) => {
  it("goes its way step by step, and ends with the data of the snapshot", async () => {
    await inService(host());
    await done(host(), "stage");
    assert.deepEqual(host().log(), [], "nothing has been stopped");
    assert.deepEqual((await facts(host()))?.current, {
      ...{ id, step: "staged", sha256, token: `token-${id}`, members, bump: 1_000_000_000 },
    });
    await done(host(), "quiet");
    const stopped = ["kube-scheduler", "kube-controller-manager", "kube-apiserver"].map((name) => `${name}.service`);
    assert.deepEqual(
      host().log(),
      stopped.flatMap((unit) => [`disable ${unit}`, `stop ${unit}`]),
    );
    assert.equal((await facts(host()))?.current?.step, "quiet");
    await done(host(), "stop");
    assert.deepEqual(host().log(), ["disable etcd.service", "stop etcd.service"]);
    await done(host(), "seed");
    assert.ok(host().read(`${data}/member/db`).startsWith(restored), host().read(`${data}/member/db`));
    assert.match(host().read(`${data}/member/db`), /--bump-revision 1000000000 --mark-compacted/);
    assert.deepEqual(host().list(data), ["member", "member/db", "member/wal", "member/wal/0-0.wal"]);
    assert.equal(host().read(`${kept()}/db`), "of before\n");
    await done(host(), "start");
    assert.deepEqual(states(host())[0], "active enabled");
    assert.notEqual(host().unit("kube-apiserver.service", "active"), "active");
    await done(host(), "serve");
    assert.deepEqual(
      states(host()),
      Array.from(units, () => "active enabled"),
    );
    await done(host(), "finish");
    assert.deepEqual(await facts(host()), { last: id });
    assert.equal(host().exists("/var/lib/plinth/restore-data"), false);
    assert.deepEqual((await host().apply(etcd())).restarted, []);
  });

  it("does nothing when a step is done already, and none out of turn", async () => {
    await inService(host());
    assert.match(await refused(host(), "quiet", 77), /not under way on this host \(none is\)/);
    await done(host(), "stage");
    await done(host(), "quiet");
    host().log();
    for (const step of ["stage", "quiet"]) await done(host(), step);
    assert.deepEqual(host().log(), []);
    assert.match(await refused(host(), "seed", 77), /this host is quiet in the restore .*, expected stopped/);
    assert.match(await refused(host(), "finish", 77), /expected serving/);
    assert.match(await refused(host(), "stop", 77, other), new RegExp(`${other} is not under way .* \\(${id} is\\)`));
  });

  it("keeps others from changing the host once it has stopped something", async () => {
    await inService(host());
    await done(host(), "stage");
    await host().apply(etcd());
    await done(host(), "quiet");
    assert.match(
      await host().refuse(controlPlane(), 77),
      /restore .* is under way \(it is quiet\), and bundle controlplane has to wait/,
    );
    assert.equal((await host().claim()).code, 77);
    assert.equal((await host().run(["retire"])).code, 77);
    assert.notEqual(host().unit("kube-apiserver.service", "active"), "active");
  });

  it("refuses what does not fit before anything is stopped", async () => {
    fakes(host());
    assert.match(await refused(host(), "stage", 77), /this host is nobody of cluster none/);
    await inService(host());
    const stage = async (sha: string, stdin: string, words: (list: string[]) => string[] = (list) => list) => {
      const { code, stderr } = await host().run(words(wordsOf("stage", id, sha)), stdin);
      return `${code ?? "killed"} ${stderr}`;
    };
    assert.match(await stage(sha256, "the snap"), /^1 .*did not come as it was sent/);
    const broken = createHash("sha256").update("broken").digest("hex");
    assert.match(await stage(broken, "broken"), /^77 .*etcdutl finds the snapshot damaged: .*integrity check failed/);
    const replaced = (from: string, to: string) => (list: string[]) => list.map((word) => (word === from ? to : word));
    assert.match(
      await stage(sha256, snapshot, replaced(members, "cp2=https://10.0.0.2:2380")),
      /^77 .*not among those/,
    );
    assert.match(await stage(sha256, snapshot, replaced("cp1", "cp2")), /^77 .*this host is cp1 .*, not cp2/);
    assert.match(await stage(sha256, snapshot, replaced("cp1", "a;b")), /^65 .*not allowed/);
    assert.equal((await host().run(["restore"])).code, 65);
    assert.equal((await host().run(["restore", "stage", "--id"])).code, 65);
    assert.equal((await host().run(["restore", "anything", "--id", id])).code, 65);
    assert.deepEqual([host().log(), await facts(host())], [[], undefined]);
  });

  it("says what does not come up, and goes on from there", async () => {
    await inService(host());
    for (const step of ["stage", "quiet", "stop", "seed"]) await done(host(), step);
    host().behave("etcd.service", "fail");
    assert.match(await refused(host(), "start", 1), /etcd\.service is failed.*run \.\/plinth restore again/s);
    host().behave("etcd.service");
    for (const step of ["start", "serve", "finish"]) await done(host(), step);
  });

  it("begins again in the place of another one, whose data it sets aside, too", async () => {
    await inService(host());
    for (const step of ["stage", "quiet", "stop", "seed"]) await done(host(), step);
    await done(host(), "stage", other);
    assert.equal((await facts(host()))?.current?.step, "quieting", "what is stopped stays barred");
    for (const step of restoreSteps.slice(1)) await done(host(), step, other);
    assert.equal(host().read(`${kept()}/db`), "of before\n");
    assert.ok(
      host()
        .read(`${kept(other)}/db`)
        .startsWith(restored),
    );
    assert.match(host().read(`${data}/member/db`), new RegExp(`token-${other}`));
  });

  it("brings back a member whose data is gone", async () => {
    await inService(host());
    rmSync(host().path(`${data}/member`), { recursive: true });
    for (const step of restoreSteps) await done(host(), step);
    assert.ok(host().read(`${data}/member/db`).startsWith(restored));
  });

  it("stops and starts the API server of a host without etcd", async () => {
    await host().claim();
    await host().apply(controlPlane());
    host().log();
    assert.equal((await host().run(wordsOf("stage", id, "-"))).code, 0);
    for (const step of restoreSteps.slice(1, -1)) {
      await done(host(), step);
      assert.equal(host().unit("kube-apiserver.service", "active") === "active", step === "serve", step);
    }
    await done(host(), "finish");
    assert.deepEqual(await facts(host()), { last: id });
  });
});

onHosts("a snapshot that is planted", (host) => {
  beforeEach(() => {
    fakes(host());
  });

  it("is what the first member begins with", async () => {
    const { code, stderr } = await host().run(wordsOf("plant"), snapshot);
    assert.equal(code, 0, stderr);
    assert.deepEqual((await facts(host()))?.seed?.id, id);
    assert.equal(host().mode("/var/lib/plinth/restore-data"), "0700");
    await host().claim();
    await host().apply(etcd());
    assert.ok(host().read(`${data}/member/db`).startsWith(restored));
    assert.match(host().read("/etc/etcd/bootstrap.env"), /CLUSTER_STATE=existing/);
    assert.deepEqual(await facts(host()), { last: id });
    assert.equal(host().exists("/var/lib/plinth/restore-data"), false);
  });

  it("is refused by another cluster, and by other members", async () => {
    await host().run(wordsOf("plant"), snapshot);
    await host().claim("cp1", "fedcba9876543210");
    assert.match(
      await host().refuse(etcd(), 1),
      /planted here is of the cluster id 0123456789abcdef, not of fedcba9876543210/,
    );
    await host().run(["release", "--force"]);
    host().install();
    fakes(host());
    await host().run(
      wordsOf("plant").map((word) => (word === members ? "cp1=https://10.0.0.9:2380" : word)),
      snapshot,
    );
    await host().claim();
    assert.match(await host().refuse(etcd(), 1), /is for the members cp1=https:\/\/10\.0\.0\.9:2380/);
    assert.equal(existsSync(host().path(`${data}/member`)), false);
  });

  it("is not for a host that carries something, and is dropped where there is a cluster", async () => {
    await host().run(wordsOf("plant"), snapshot);
    new FakeEtcd(host()).members("2222, started, cp2, https://10.0.0.2:2380, https://10.0.0.2:2379, false").well();
    await host().claim();
    assert.match(await refused(host(), "plant", 77), /carries something of ours already \(claimed by demo\)/);
    await host().apply(etcd());
    assert.equal(await facts(host()), undefined);
    assert.match(host().read("/etc/etcd/bootstrap.env"), /CLUSTER_STATE=existing/);
  });
});

describe("a restore that is killed", function () {
  this.timeout(300_000);

  it("at any command ends as if it had not been", async () => {
    const first = new FakeHost();
    await inService(first);
    const whole = first.copy();
    for (const step of restoreSteps) await done(whole, step);
    const end = ended(whole);
    const at = first.copy();
    let kills = 0;
    const stride = process.env["PLINTH_TEST_THOROUGH"] === undefined ? 3 : 1;
    for (const step of restoreSteps) {
      for (let n = 1; ; n += stride) {
        const host = at.copy();
        try {
          host.dieAt(n);
          const { code } = await run(host, step);
          host.live();
          if (code !== null) break;
          kills++;
          for (const next of restoreSteps.slice(restoreSteps.indexOf(step))) await done(host, next);
          assert.deepEqual(ended(host), end, `after a kill of ${step} at command ${n}`);
        } finally {
          host.remove();
        }
      }
      await done(at, step);
    }
    assert.ok(kills > 20, `${kills} kills`);
    for (const host of [first, whole, at]) host.remove();
  });
});

/** What a restore leaves, but for half-written notes that nobody reads. */
function ended(host: FakeHost): Record<string, string> {
  const left = Object.entries(host.snapshot()).filter(([path]) => !/\/\.[a-z]+\.plinth$/.test(path));
  return Object.fromEntries(left.map(([path, text]) => [path, text.replaceAll(/\/\S+\/root(?=\/)/g, "")]));
}
