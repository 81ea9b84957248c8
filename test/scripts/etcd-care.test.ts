import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseHashes } from "../../plan/etcdcare/hashes.ts";
import { parseProbe } from "../../cli/status/probe.ts";
import { paths } from "../../plan/names.ts";
import { statusScript } from "../../components/host/script.ts";
import type { FakeHost } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

/**
 * Members at 10.0.0.N, each as the file etcd-member.N has it: `answer=no`, `size=`, `used=`, `leader=`, `index=`, `applied=`, `learner=`,
 * `alarms=`. etcd-log has what was changed; etcd-fail.VERB makes a verb fail with the sentence in it.
 */
const etcdctl = `#!/bin/sh
endpoint=
while :; do
  case $1 in
    --endpoints) endpoint=$2; shift 2 ;;
    --*) shift 2 ;;
    *) break ;;
  esac
done
n=\${endpoint%:*}
n=\${n##*.}
cd "$PLINTH_FAKES" || exit 2
say() { printf '{"level":"warn","error":"%s"}\\n' "$1" >&2; exit 1; }
answer=yes size=1000 used=400 leader=1 index=50 applied=50 learner=false alarms=
case $endpoint in
  *,*) ;;
  *) [ ! -e "etcd-member.$n" ] || . "./etcd-member.$n" ;;
esac
[ "$answer" = yes ] || say "connection refused"
case "$1 \${2-}" in
  'member list')
    for i in 1 2 3; do
      learner=false
      [ ! -e "etcd-member.$i" ] || . "./etcd-member.$i"
      [ -e "etcd-gone.$i" ] || printf '%s, started, cp%s, https://10.0.0.%s:2380, https://10.0.0.%s:2379, %s\\n' "$i" "$i" "$i" "$i" "$learner"
    done
    exit ;;
  'endpoint status')
    case " $* " in *json*) printf '[{"Status":{"header":{"member_id":1}}}]\\n'; exit ;; esac
    errors=
    for alarm in $alarms; do errors="$errors memberID:1 alarm:$alarm "; done
    printf '"%s" : %s\\n' MemberID "$n" Revision 77 Leader "$leader" IsLearner "$learner" RaftIndex "$index" RaftAppliedIndex "$applied" \\
      DBSize "$size" DBSizeInUse "$used" DBSizeQuota 2000 Errors "[$errors]"
    exit ;;
  'endpoint hashkv') printf '[{"Endpoint":"x","HashKV":{"header":{},"hash":9%s,"compact_revision":5,"hash_revision":77}}]\\n' "$n"; exit ;;
  'endpoint health' | 'alarm list' | 'get '*) exit 0 ;;
esac
if [ -s "etcd-fail.$1" ]; then
  read -r why <"etcd-fail.$1"
  say "$why"
fi
printf '%s %s\\n' "$n" "$*" >>etcd-log
case $1 in
  lock) shift; while [ "$1" != sh ]; do shift; done; exec "$@" ;;
  move-leader) for i in 1 2 3; do printf 'leader=%s\\n' "$2" >>"etcd-member.$i"; done ;;
  defrag) printf 'size=%s\\n' "$used" >>"etcd-member.$n" ;;
  member) : >"etcd-gone.$3" ;;
esac
`;

const access = "/pki/ca.crt /pki/client.crt /pki/client.key";
const members = [1, 2, 3].map((n) => `cp${n}=https://10.0.0.${n}:2380`).join(",");
const apiservers = ["--apiservers", "https://10.0.0.2:6443,https://10.0.0.3:6443"];

onHosts("care for etcd", (host) => {
  const fake = (name: string) => join(host().fakes, name);
  const member = (n: number, ...settings: string[]) => {
    writeFileSync(fake(`etcd-member.${n}`), settings.map((line) => `${line}\n`).join(""));
  };
  const log = () => {
    const lines = existsSync(fake("etcd-log")) ? readFileSync(fake("etcd-log"), "utf8").trim().split("\n") : [];
    rmSync(fake("etcd-log"), { force: true });
    return lines.map((line) => line.replace(/ sh \/.*/, ""));
  };
  /** URLs that answer nobody. */
  const deaf = (...urls: string[]) => {
    host().command(
      "curl",
      `for url; do :; done
case " ${urls.join(" ")} " in *" $url "*) echo 'connection refused' >&2; exit 7 ;; esac
body=-
while [ $# -gt 1 ]; do [ "$1" = --output ] && body=$2; shift; done
case $url in
  */metrics)
    cat <<'METRICS'
etcd_disk_wal_fsync_duration_seconds_bucket{le="0.001"} 5
etcd_disk_wal_fsync_duration_seconds_bucket{le="+Inf"} 6
etcd_disk_backend_commit_duration_seconds_bucket{le="0.001"} 7
etcd_disk_backend_commit_duration_seconds_bucket{le="+Inf"} 8
etcd_mvcc_db_total_size_in_bytes 1.048576e+06
etcd_mvcc_db_total_size_in_use_in_bytes 524288
METRICS
    ;;
  *) echo ok >"$body" ;;
esac`,
    );
  };
  const etcd = (...words: string[]) => host().run(["etcd", ...words]);
  const manifest = (of: FakeHost) => {
    of.write(
      "/var/lib/plinth/bundles/etcd/manifest",
      [
        "plinth-manifest 1",
        "bundle etcd",
        "generation 4",
        "unit etcd.service",
        `prepare etcd-join 60 etcd.service cp1 https://10.0.0.1:2380 /var/lib/etcd ${access} demo ${members} /pki/p.crt /pki/p.key`,
        `check etcd-voter 60 etcd.service https://10.0.0.1:2379 ${access} cp1 ${members}`,
        "end\n",
      ].join("\n"),
    );
    of.write(
      "/var/lib/plinth/bundles/controlplane/manifest",
      "plinth-manifest 1\nbundle controlplane\ngeneration 1\nunit kube-apiserver.service\nunit kube-scheduler.service\ncheck http-ok 60 kube-apiserver.service https://10.0.0.1:6443/readyz /pki/k8s.crt ok\nend\n",
    );
  };
  const systemd = (of: RegExp) =>
    host()
      .log()
      .filter((line) => of.test(line));

  beforeEach(async () => {
    await host().claim();
    host().write("/opt/plinth/bin/etcdctl", etcdctl);
    chmodSync(host().path("/opt/plinth/bin/etcdctl"), 0o755);
    host().packaged("kube-apiserver.service").packaged("kube-scheduler.service").packaged("etcd.service");
    for (const unit of ["kube-apiserver.service", "kube-scheduler.service", "etcd.service"]) {
      host().setUnit(unit, "active", "active").setUnit(unit, "sub", "running").setUnit(unit, "invocation", "1");
    }
    for (const n of [1, 2, 3]) member(n, "leader=2");
    deaf();
    manifest(host());
    host().log();
    host().env = { ...host().env, PLINTH_ETCD_SECONDS: "2" };
  });

  it("defragments the member of this host while its API server is away", async () => {
    const { code, stdout, stderr } = await etcd("defrag", ...apiservers);
    assert.equal(code, 0, stderr);
    const { seconds, ...sizes } = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([sizes, typeof seconds], [{ host: "cp1", before: 1000, after: 400 }, "number"]);
    assert.deepEqual(log(), ["3 lock --ttl 60 /plinth/etcd-care", "1 defrag"]);
    assert.deepEqual(systemd(/kube-apiserver/), [
      "stop kube-apiserver.service kube-scheduler.service",
      "start kube-apiserver.service kube-scheduler.service",
    ]);
    assert.equal(host().exists("/var/lib/plinth/etcd-paused"), false);
    assert.match(host().read("/var/lib/plinth/etcd-history"), /^\d+ 1048576 524288 0\.001:5,inf:6 0\.001:7,inf:8\n$/);
  });

  it("hands over what the member leads first", async () => {
    for (const n of [1, 2, 3]) member(n, "leader=1");
    const { code, stderr } = await etcd("defrag", ...apiservers);
    assert.equal(code, 0, stderr);
    assert.deepEqual(log().slice(1), ["1 move-leader 2", "1 defrag"]);
  });

  it("begins nothing while a member is not fit for it", async () => {
    const cases: [number, string, RegExp][] = [
      [2, "learner=true", /cp2 is a learner/],
      [2, "answer=no", /cp2 does not answer/],
      [2, "leader=0", /cp2 knows no leader/],
      [2, "leader=3", /do not agree on a leader/],
      [3, "index=5000 applied=5000", /cp1 is 4950 entries behind/],
      [3, "alarms=CORRUPT", /CORRUPT: run \.\/plinth etcd repair/],
    ];
    for (const [n, settings, sentence] of cases) {
      for (const each of [1, 2, 3]) member(each, "leader=2");
      member(n, "leader=2", settings);
      const { code, stderr } = await etcd("defrag", ...apiservers);
      assert.equal(code, 77, stderr);
      assert.match(stderr, sentence);
      assert.deepEqual(
        log().filter((line) => /defrag$/.test(line)),
        [],
      );
    }
    assert.deepEqual(systemd(/stop/), []);
  });

  it("leaves the last API server that is ready in service", async () => {
    deaf("https://10.0.0.2:6443/readyz", "https://10.0.0.3:6443/readyz");
    const { code, stderr } = await etcd("defrag", ...apiservers);
    assert.equal(code, 77);
    assert.match(stderr, /no API server of another host is ready/);
    assert.deepEqual(log().slice(1), []);
  });

  it("does without while the cluster's lock cannot be had", async () => {
    writeFileSync(fake("etcd-fail.lock"), "context deadline exceeded\n");
    const { code, stderr } = await etcd("defrag", ...apiservers);
    assert.equal(code, 75, stderr);
    assert.match(stderr, /nothing was defragmented: context deadline exceeded/);
  });

  it("needs no lock, and takes no API server away, while there is no space to write", async () => {
    for (const n of [1, 2, 3]) member(n, "leader=2", "alarms=NOSPACE");
    const { code, stderr } = await etcd("defrag", ...apiservers);
    assert.equal(code, 0, stderr);
    assert.deepEqual(log(), ["1 defrag"]);
    assert.deepEqual(systemd(/kube-apiserver/), []);
  });

  it("brings the API server back when the defragmentation fails, and when it was killed", async () => {
    writeFileSync(fake("etcd-fail.defrag"), "no space left on device\n");
    const { code, stderr } = await etcd("defrag", ...apiservers);
    assert.equal(code, 1);
    assert.match(stderr, /the defragmentation failed: no space left on device/);
    assert.equal(host().unit("kube-apiserver.service", "active"), "active");
    host().write("/var/lib/plinth/etcd-paused", "2026-01-01T00:00:00Z\n");
    host().setUnit("kube-apiserver.service", "active", "inactive");
    assert.equal((await etcd("resume")).code, 0);
    assert.equal(host().unit("kube-apiserver.service", "active"), "active");
    assert.equal(host().exists("/var/lib/plinth/etcd-paused"), false);
  });

  it("lets a member join again by what its bundle has left, without a new plan", async () => {
    const path = "/var/lib/plinth/bundles/etcd/manifest";
    host().write(path, host().read(path).replaceAll(" 60 ", " 5 "));
    host().write("/var/lib/etcd/member/snap/db", "data");
    host().write("/var/lib/etcd/member/wal/0.wal", "log");
    host().write("/etc/etcd/bootstrap.env", "");
    host().setUnit("etcd.service", "active", "inactive");
    const { code, stdout, stderr } = await etcd("rejoin");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"joined":true/);
    assert.equal(host().unit("etcd.service", "active"), "active");
  });

  describe("while somebody else has stopped the API server of this host", () => {
    const api = () => host().unit("kube-apiserver.service", "active");
    const awayAgain = () => {
      host().write("/var/lib/plinth/etcd-paused", "2026-01-01T00:00:00Z\n");
      host().setUnit("kube-apiserver.service", "active", "inactive");
    };

    it("leaves it stopped during a restore and a failover drill, and says so", async () => {
      host().write("/var/lib/etcd/member/snap/db", "data");
      const marks: [path: string, text: string, sentence: RegExp][] = [
        [
          "/var/lib/plinth/restore",
          "id r1\ncluster-id 0123456789abcdef\nstep quiet\n",
          /the restore r1 of this host is under way \(it is quiet\)/,
        ],
        [
          paths.failover,
          `until ${Math.round(Date.now() / 1000) + 600}\nunit etcd.service\n`,
          /a failover drill has services of this host away until \d{4}-/,
        ],
      ];
      for (const [path, text, sentence] of marks) {
        awayAgain();
        host().write(path, text);
        for (const [words, wanted] of [
          [["care", "--above", "50", ...apiservers], 0],
          [["resume"], 0],
          [["defrag", ...apiservers], 77],
          [["set-aside"], 77],
          [["rejoin"], 77],
        ] as const) {
          const { code, stderr } = await etcd(...words);
          assert.equal(code, wanted, `${words.join(" ")}: ${stderr}`);
          assert.match(stderr, sentence);
        }
        assert.deepEqual([api(), log(), systemd(/./)], ["inactive", [], []]);
        assert.equal(host().exists("/var/lib/plinth/etcd-history"), false);
        rmSync(host().path(path));
      }
      assert.equal((await etcd("resume")).code, 0);
      assert.equal(api(), "active");
    });

    it("waits for a defragmentation that is under way, and starts nothing behind its back", async () => {
      awayAgain();
      const lock = host().path("/run/plinth/host.lock");
      const holder = spawn("flock", [lock, "sh", "-c", "echo held; exec cat"], { stdio: ["pipe", "pipe", "ignore"] });
      try {
        await once(holder.stdout, "data");
        host().env["PLINTH_LOCK_SECONDS"] = "1";
        for (const words of [["care", "--above", "50", ...apiservers], ["resume"]]) {
          const { code, stderr } = await etcd(...words);
          assert.equal(code, 75, stderr);
          assert.match(stderr, /another run still holds/);
        }
        assert.deepEqual([api(), log()], ["inactive", []]);
      } finally {
        holder.stdin.end();
        await once(holder, "close");
      }
    });

    it("waits no longer than systemd lets it when other runs take turns", async () => {
      awayAgain();
      host().command(
        "flock",
        `[ "$1" != -w ] || { echo "pid $$, bundle demo" >"$PLINTH_ROOT/run/plinth/host.lock"; command -p sleep 0.3; }\nexit 1`,
      );
      host().env["PLINTH_LOCK_SECONDS"] = "1";
      const { code, stderr } = await etcd("resume");
      assert.equal(code, 75, stderr);
      assert.match(stderr, /one run after the other holds .*host.lock, for 1 s by now/);
    });

    it("starts nothing after a defragmentation that did not run before", async () => {
      host().setUnit("kube-scheduler.service", "active", "inactive");
      assert.equal((await etcd("defrag", ...apiservers)).code, 0);
      assert.deepEqual(systemd(/kube/), ["stop kube-apiserver.service", "start kube-apiserver.service"]);
    });
  });

  it("happens by itself above what is allowed, the leader last", async () => {
    const care = (above: string, least: string) => etcd("care", "--above", above, "--least", least, ...apiservers);
    for (const [above, least] of [
      ["0", "0"],
      ["60", "0"],
      ["50", "1001"],
    ] as const) {
      assert.deepEqual([(await care(above, least)).code, log()], [0, []], `${above} ${least}`);
    }
    for (const n of [1, 2, 3]) member(n, "leader=1");
    const later = await care("50", "1000");
    assert.match(later.stderr, /the others are defragmented first/);
    for (const n of [2, 3]) member(n, "leader=1", "used=900");
    log();
    const { code, stderr } = await care("50", "1000");
    assert.equal(code, 0, stderr);
    assert.deepEqual(log().slice(1), ["1 move-leader 2", "1 defrag"]);
    assert.equal(
      host().read("/var/lib/plinth/etcd-history").trim().split("\n").length,
      6,
      "one each time, and one after",
    );
  });

  it("is left to the next time when something is in its way, and says what", async () => {
    member(2, "answer=no");
    const { code, stderr } = await etcd("care", "--above", "50", ...apiservers);
    assert.equal(code, 0);
    assert.match(stderr, /not defragmented now: cp2 does not answer/);
  });

  it("keeps a history of a week", async () => {
    host().write("/var/lib/plinth/etcd-history", "1 2 3 inf:1 inf:1\n".repeat(400));
    await etcd("care", "--above", "0");
    const lines = host().read("/var/lib/plinth/etcd-history").trim().split("\n");
    assert.equal(lines.length, 200);
    assert.match(lines.at(-1) ?? "", / 1048576 /);
    const { stdout } = await host().runFile("-s", [], statusScript());
    const facts = parseProbe(stdout).etcd;
    assert.deepEqual([facts?.measure?.used, facts?.samples?.map(({ used }) => used)], [524288, [3, 3, 524288]]);
  });

  it("compacts to the present revision, and ends alarms only where they do not come back at once", async () => {
    assert.equal((await etcd("compact")).code, 0);
    assert.deepEqual(log(), ["1 compact --physical 77"]);
    // A member that takes no writes does not count what it has freed.
    host().env["PLINTH_ETCD_STILL_SECONDS"] = "1";
    member(2, "leader=2", "used=900000000");
    const counted = await etcd("compact");
    assert.deepEqual([counted.code, counted.stderr], [0, ""]);
    member(2, "leader=2");
    log();
    writeFileSync(fake("etcd-fail.compact"), "mvcc: required revision has been compacted\n");
    assert.equal((await etcd("compact")).code, 0, "done already");
    assert.equal((await etcd("disarm")).code, 0);
    assert.deepEqual(
      log().map((line) => line.replace(/ \d+$/, "")),
      ["1 alarm disarm", "1 put /plinth/etcd-care-write", "1 del /plinth/etcd-care-write"],
    );
    member(2, "leader=2", "size=2000");
    const { code, stderr } = await etcd("disarm");
    assert.deepEqual([code, log()], [77, []]);
    assert.match(stderr, /come back at once: cp2 has 2000 of 2000 bytes; delete objects/);
  });

  it("tells the hashes of all members that answer", async () => {
    member(3, "answer=no");
    const { stdout } = await etcd("hashes");
    assert.deepEqual(parseHashes(stdout), [
      { id: "1", hash: 91, revision: 77, compacted: 5 },
      { id: "2", hash: 92, revision: 77, compacted: 5 },
    ]);
  });

  it("sets a member aside, and can do it twice", async () => {
    host().write("/var/lib/etcd/member/snap/db", "corrupt");
    const { code, stdout, stderr } = await etcd("set-aside");
    assert.equal(code, 0, stderr);
    const { kept } = JSON.parse(stdout) as { kept: string };
    assert.match(kept, /^\/var\/lib\/plinth-kept\/demo-01234567-\d{8}T\d{6}Z\/var\/lib\/etcd$/);
    assert.equal(host().read(`${kept}/member/snap/db`), "corrupt");
    assert.deepEqual(log(), ["2 member remove 1"]);
    assert.equal(host().unit("etcd.service", "active"), "inactive");
    assert.match(host().read("/var/lib/plinth/bundles/etcd/intent"), /^failed the data of the member was set aside/m);
    const again = await etcd("set-aside");
    assert.deepEqual([again.code, JSON.parse(again.stdout), log()], [0, { host: "cp1", kept: "" }, []]);
  });

  it("does not set a member aside that the quorum needs", async () => {
    host().write("/var/lib/etcd/member/snap/db", "corrupt");
    member(3, "answer=no");
    const { code, stderr } = await etcd("set-aside");
    assert.equal(code, 77);
    assert.match(stderr, /the member stays: without it 1 of 3 voters are well, and 2 are needed/);
    assert.deepEqual([log(), host().unit("etcd.service", "active")], [[], "active"]);
    // Of two voters both have to agree that one of them leaves.
    writeFileSync(fake("etcd-gone.3"), "");
    const two = await etcd("set-aside");
    assert.deepEqual([two.code, log(), host().unit("etcd.service", "active")], [77, [], "active"]);
    for (const n of [2, 3]) member(n, "answer=no");
    assert.match((await etcd("set-aside")).stderr, /the member stays: no other member tells who the members are/);
  });

  it("is for hosts with a member", async () => {
    assert.equal((await etcd("nonsense")).code, 65);
    assert.equal((await etcd("care", "--above", "x")).code, 65);
    rmSync(host().path("/var/lib/plinth/bundles/etcd/manifest"));
    const { code, stderr } = await etcd("defrag");
    assert.equal(code, 77);
    assert.match(stderr, /no member of etcd/);
  });
});
