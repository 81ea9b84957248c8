import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { Bundle, me } from "./support/bundle.ts";
import { FakeEtcd } from "./support/etcdctl.ts";
import { onHosts } from "./support/suite.ts";

const file = "/etc/etcd/bootstrap.env";
const peer = (n: number) => `https://10.0.0.${n}:2380`;
const declared = (...numbers: number[]) => numbers.map((n) => `cp${n}=${peer(n)}`).join(",");
/** A line of `member list`. */
const voter = (n: number, id = `${n}${n}${n}${n}`) =>
  `${id}, started, cp${n}, ${peer(n)}, https://10.0.0.${n}:2379, false`;
const refused = "rpc error: code = DeadlineExceeded desc = dial tcp: connect: connection refused";

/** etcd's bundle of cp3, as far as it matters here. */
function bundle(members = declared(1, 2, 3), seconds = 1): Bundle {
  return new Bundle("etcd")
    .directory("/var/lib/etcd", "keep")
    .line(`directory /etc/etcd 0755 ${me} purge`)
    .service("etcd.service")
    .line(`prepare etcd-join ${seconds} etcd.service cp3 ${peer(3)} /var/lib/etcd /ca /crt /key demo ${members}`);
}

const checked = (members = declared(1, 2, 3), seconds = 1) =>
  bundle(members).check("etcd-voter", seconds, "etcd.service", `https://10.0.0.3:2379 /ca /crt /key cp3 ${members}`);

function settings(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => /^ETCD_/.test(line));
  return Object.fromEntries(
    lines.map((line) => [line.slice("ETCD_INITIAL_".length, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

onHosts("prepare etcd-join", (host) => {
  let etcd: FakeEtcd;
  /** What peers show: nothing at all, unless a test says otherwise. */
  const peers = (script: string) => host().command("curl", script);

  beforeEach(async () => {
    await host().claim("cp3");
    etcd = new FakeEtcd(host());
    peers("exit 7");
  });

  it("begins a cluster where nobody has one", async () => {
    etcd.silent(refused, "10.0.0.1", "10.0.0.2");
    await host().apply(bundle());
    assert.deepEqual(settings(host().read(file)), {
      CLUSTER: declared(1, 2, 3),
      CLUSTER_STATE: "new",
      CLUSTER_TOKEN: "demo",
    });
    assert.equal(host().mode(file), "0644");
    assert.deepEqual(etcd.log(), []);
  });

  it("begins one of a single member without asking", async () => {
    await host().apply(bundle(declared(3)));
    assert.equal(settings(host().read(file))["CLUSTER_STATE"], "new");
  });

  it("begins none where a majority cannot be reached: there may be one on the other side", async () => {
    etcd.silent(refused, "10.0.0.1").silent("dial tcp: connect: no route to host", "10.0.0.2");
    await host().apply(bundle());
    etcd.silent("dial tcp: i/o timeout", "10.0.0.1");
    const other = bundle();
    host().setUnit("etcd.service", "active", "inactive");
    assert.match(
      await host().refuse(other, 1),
      /etcd\.service could not be prepared within \d+ s \(prepare etcd-join\): this host reaches 1 of 3 declared members.*not reached: cp1 \(.*timeout\), cp2 \(.*no route/,
    );
  });

  it("begins none where its member has served before, though all others refuse connections for a moment", async () => {
    const sentence = /has served before, its data is gone, and no other member is in service: .*\(\.\/plinth restore\)/;
    for (const members of [declared(1, 2, 3), declared(3)]) {
      rmSync(host().path("/var/lib/plinth/bundles"), { recursive: true, force: true });
      rmSync(host().path(file), { force: true });
      host().setUnit("etcd.service", "active", "inactive");
      host().write("/var/lib/etcd/member/wal/0-0.wal", "");
      await host().apply(bundle(members));
      const spent = host().read(file);
      etcd.silent(refused, "10.0.0.1", "10.0.0.2");
      const lose = () => {
        rmSync(host().path("/var/lib/etcd/member"), { recursive: true, force: true });
        host().setUnit("etcd.service", "active", "failed");
      };
      lose();
      const stderr = await host().refuse(bundle(members), 1);
      assert.match(stderr, sentence);
      assert.equal(host().read(file), spent);
      // A first bring-up that was cut off has no manifest yet, and the file tells.
      rmSync(host().path("/var/lib/plinth/bundles/etcd"), { recursive: true });
      assert.match(await host().refuse(bundle(members), 1), sentence);
    }
  });

  it("waits for members that are down for a moment, and joins them again", async () => {
    host().write("/var/lib/etcd/member/wal/0-0.wal", "");
    await host().apply(bundle());
    rmSync(host().path("/var/lib/etcd/member"), { recursive: true });
    host().setUnit("etcd.service", "active", "failed");
    etcd.members(voter(1), voter(2), voter(3)).silent(refused, "10.0.0.1", "10.0.0.2");
    host().command("sleep", 'rm -f "$PLINTH_FAKES"/etcd-silent.*');
    await host().apply(bundle(declared(1, 2, 3), 60));
    assert.match(etcd.log().join(), /member remove 3333.*member add cp3 --learner/);
  });

  it("begins none where members of a cluster without a leader are", async () => {
    etcd.silent("context deadline exceeded while waiting for connections to become ready", "10.0.0.1", "10.0.0.2");
    peers(`while [ "$1" != --output ]; do shift; done; echo '[{"id":1,"clientURLs":["https://10.0.0.1:2379"]}]' >"$2"`);
    assert.match(await host().refuse(bundle(), 1), /the cluster is in service, but cp1 .*lost its quorum/);
    assert.equal(host().exists(file), false);
  });

  it("begins one beside members that wait for it: they have names, and no client URLs", async () => {
    etcd.silent("context deadline exceeded while waiting for connections to become ready", "10.0.0.1", "10.0.0.2");
    peers(`while [ "$1" != --output ]; do shift; done; echo '[{"id":1,"name":"cp1"}]' >"$2"`);
    await host().apply(bundle());
    assert.equal(settings(host().read(file))["CLUSTER_STATE"], "new");
  });

  it("asks peers as a member, for clients are refused there; bundles of earlier releases name no such certificate", async () => {
    const log = host().path("/asked");
    peers(`echo "$*" >>${log}; while [ "$1" != --output ]; do shift; done; echo '[]' >"$2"`);
    etcd.silent("timeout", "10.0.0.1", "10.0.0.2");
    const access = (name: string) =>
      new RegExp(`--cert ${host().path(`/${name}.crt`)} --key ${host().path(`/${name}.key`)} `);
    await host().apply(bundle(`${declared(1, 2, 3)} /peer.crt /peer.key`));
    assert.match(host().read("/asked"), access("peer"));
    rmSync(log);
    rmSync(host().path(file));
    rmSync(host().path("/var/lib/plinth/bundles"), { recursive: true });
    host().setUnit("etcd.service", "active", "inactive");
    await host().apply(bundle());
    assert.match(host().read("/asked"), /--cert \S*\/crt --key \S*\/key /);
  });

  it("begins none where somebody refuses its certificate", async () => {
    etcd.silent("tls: certificate required", "10.0.0.1", "10.0.0.2");
    peers("echo 'curl: (56) alert certificate required' >&2; exit 56");
    assert.match(await host().refuse(bundle(), 1), /cp1 answers .* not as a member of this cluster: curl: \(56\)/);
  });

  it("joins a cluster in service as a learner, by whichever member answers", async () => {
    etcd.members(voter(1), voter(2)).silent("timeout", "10.0.0.1");
    await host().apply(bundle());
    assert.deepEqual(etcd.log(), [`10.0.0.2 member add cp3 --learner --peer-urls=${peer(3)}`]);
    assert.deepEqual(settings(host().read(file)), {
      CLUSTER: declared(1, 2, 3),
      CLUSTER_STATE: "existing",
      CLUSTER_TOKEN: "demo",
    });
  });

  it("takes the place that a killed run has made, or that a first bring-up keeps for it", async () => {
    for (const mine of [`9, unstarted, , ${peer(3)}, , true`, `9, started, cp3, ${peer(3)}, , false`]) {
      etcd.members(voter(1), voter(2), mine);
      host().setUnit("etcd.service", "active", "inactive");
      await host().apply(bundle());
      assert.deepEqual(etcd.log(), []);
      assert.equal(settings(host().read(file))["CLUSTER"], declared(1, 2, 3));
    }
  });

  it("takes out its earlier life first, whose disk is gone", async () => {
    etcd.members(voter(1), voter(2), voter(3));
    host().behave("etcd.service", "fail");
    const { stderr } = await host().run(["apply"], bundle().text());
    assert.match(stderr, /removed the member cp3 \(id 3333\): this host was that member, and its data is gone/);
    assert.deepEqual(etcd.log(), [
      "10.0.0.1 member remove 3333",
      `10.0.0.1 member add cp3 --learner --peer-urls=${peer(3)}`,
    ]);
  });

  it("takes out dead members that nobody declares, and leaves those that live", async () => {
    const other = voter(5).replace("cp5", "cp1");
    etcd
      .members(voter(1), voter(2), voter(4), other, `6666, unstarted, , https://10.0.0.6:2380, , true`)
      .sick("x", "10.0.0.4");
    await host().apply(bundle());
    assert.deepEqual(etcd.log(), [
      "10.0.0.1 member remove 4444",
      "10.0.0.1 member remove 6666",
      `10.0.0.1 member add cp3 --learner --peer-urls=${peer(3)}`,
    ]);
    assert.equal(
      settings(host().read(file))["CLUSTER"],
      `cp1=${peer(1)},cp2=${peer(2)},5555=${peer(5)},cp3=${peer(3)}`,
      "a name that is taken gives way to the id",
    );
  });

  it("tries again while the cluster is not well, until the deadline", async () => {
    etcd
      .members(voter(1), voter(2))
      .fail("add", "etcdserver: unhealthy cluster", "etcdserver: Peer URLs already exists");
    await host().apply(bundle(declared(1, 2, 3), 60));
    assert.equal(etcd.log().length, 1);
    etcd.members(voter(1), voter(2), `9, unstarted, , ${peer(4)}, , true`);
    etcd.fail("add", ...Array.from({ length: 500 }, () => "etcdserver: too many learner members in cluster"));
    host().setUnit("etcd.service", "active", "inactive");
    assert.match(
      await host().refuse(bundle(declared(1, 2, 3, 4)), 1),
      /another member is joining, .*: - \(id 9, https:\/\/10\.0\.0\.4:2380\)/,
    );
    assert.deepEqual(etcd.log(), []);
  });

  it("gives up at once where time does not help", async () => {
    etcd.members(voter(1), voter(2)).fail("add", "etcdserver: permission denied");
    assert.match(await host().refuse(bundle(declared(1, 2, 3), 600), 1), /does not take cp3 .*permission denied/);
  });

  it("leaves a member with data alone, and one that runs", async () => {
    host().write("/var/lib/etcd/member/wal/0-0.wal", "");
    etcd.members(voter(1), voter(2), voter(3));
    await host().apply(bundle());
    const spent = { CLUSTER: declared(3), CLUSTER_STATE: "existing" };
    assert.deepEqual(settings(host().read(file)), spent);
    rmSync(host().path("/var/lib/etcd/member"), { recursive: true });
    rmSync(host().path(file));
    host().log();
    await host().apply(bundle());
    assert.deepEqual(settings(host().read(file)), spent, "made anew when it is missing");
    assert.deepEqual([etcd.log(), host().log()], [[], []]);
  });

  it("sets aside what an etcd has begun whose data was lost, and joins again", async () => {
    host().write("/var/lib/etcd/member/snap/db", "begun anew");
    etcd.members(voter(1), voter(2), voter(3));
    await host().apply(bundle());
    const [kept] = host()
      .list("/var/lib/plinth-kept")
      .filter((path) => path.endsWith("/member/snap/db"));
    assert.equal(host().read(`/var/lib/plinth-kept/${kept ?? ""}`), "begun anew");
    assert.equal(host().exists("/var/lib/etcd/member"), false);
    assert.match(etcd.log().join(), /member remove .*member add cp3 --learner/);
  });

  it("takes the file over from the bundle that had it, without a restart", async () => {
    const old = new Bundle("etcd")
      .directory("/var/lib/etcd", "keep")
      .file(file, "ETCD_INITIAL_CLUSTER_STATE=new\n")
      .service("etcd.service");
    await host().apply(old);
    host().write("/var/lib/etcd/member/wal/0-0.wal", "");
    host().log();
    const done = await host().apply(checked());
    assert.deepEqual([done.changed.filter((path) => path !== "/etc/etcd"), done.removed, host().log()], [[], [], []]);
    assert.equal(settings(host().read(file))["CLUSTER_STATE"], "existing", "spent, as the member votes");
    await host().run(["release", "--force"]);
    assert.equal(host().exists("/etc/etcd"), false);
  });

  it("gives the file back when the bundle that had it is put back", async () => {
    const old = new Bundle("etcd").file(file, "ETCD_INITIAL_CLUSTER_STATE=new\n").service("etcd.service");
    await host().apply(old);
    const manifest = host().read("/var/lib/plinth/bundles/etcd/manifest");
    host().write("/var/lib/etcd/member/wal/0-0.wal", "");
    const failing = checked().file("/etc/x", "x").check("command", 1, "-", "false");
    assert.match(await host().refuse(failing, 1), /the previous configuration was put back and is healthy/);
    assert.equal(host().read(file), "ETCD_INITIAL_CLUSTER_STATE=new\n");
    assert.equal(host().read("/var/lib/plinth/bundles/etcd/manifest"), manifest);
  });

  it("fails before any unit starts", async () => {
    etcd.silent("timeout", "10.0.0.1", "10.0.0.2");
    host().journal("etcd.service", "Error: something of long ago\n");
    const stderr = await host().refuse(bundle(), 1);
    assert.deepEqual(host().log(), ["daemon-reload"]);
    assert.doesNotMatch(stderr, /long ago/);
    assert.match(host().read("/var/lib/plinth/bundles/etcd/intent"), /^failed etcd\.service could not be prepared/m);
    etcd.well().members(voter(1), voter(2));
    await host().apply(bundle());
    assert.deepEqual(host().log(), ["daemon-reload", "enable etcd.service", "start etcd.service"]);
  });

  it("is refused with too few words, or of an unknown name", async () => {
    const line = (text: string) => new Bundle("x").line(text);
    assert.match(
      await host().refuse(line("prepare etcd-join 5 -"), 65),
      /prepare etcd-join takes at least 8 arguments/,
    );
    assert.match(await host().refuse(line("prepare tcp 5 - x y"), 65), /unknown prepare tcp/);
    assert.match(
      await host().refuse(line("prepare etcd-join x -"), 65),
      /deadline of prepare etcd-join is not a number/,
    );
  });
});

onHosts("check etcd-voter", (host) => {
  let etcd: FakeEtcd;
  beforeEach(async () => {
    await host().claim("cp3");
    etcd = new FakeEtcd(host());
    host().write("/var/lib/etcd/member/wal/0-0.wal", "");
  });
  const learner = "etcdserver: rpc not supported for learner";
  const mine = `3333, started, cp3, ${peer(3)}, https://10.0.0.3:2379, true`;

  it("promotes a learner once it has caught up, by a member that answers", async () => {
    etcd.members(voter(1), voter(2), mine).sick(learner, "10.0.0.3").silent("timeout", "10.0.0.1");
    etcd.fail("promote", "etcdserver: can only promote a learner member which is in sync with leader");
    await host().apply(checked(declared(1, 2, 3), 60));
    assert.deepEqual(etcd.log(), ["10.0.0.2 member promote 3333"]);
    assert.equal(settings(host().read(file))["CLUSTER"], declared(3));
  });

  it("says what is missing at its deadline", async () => {
    etcd.members(voter(1), voter(2), mine).sick(learner, "10.0.0.3");
    etcd.fail(
      "promote",
      ...Array.from({ length: 500 }, () => "etcdserver: can only promote a learner which is in sync"),
    );
    assert.match(await host().refuse(checked(), 1), /check etcd-voter\): it is a learner still: .*in sync/);
    etcd.members(voter(1), voter(2));
    assert.match(await host().refuse(checked(), 1), /the cluster does not list it as a member/);
    etcd.members(voter(1), voter(2), voter(3));
    assert.match(await host().refuse(checked(), 1), /it has been promoted, and its member still answers as a learner/);
    etcd.silent("timeout", "10.0.0.1", "10.0.0.2");
    assert.match(await host().refuse(checked(), 1), /no other member answers to promote it/);
    etcd.silent("no leader", "10.0.0.3");
    assert.match(await host().refuse(checked(), 1), /check etcd-voter\): no leader/);
    assert.deepEqual(etcd.log(), []);
  });
});

onHosts("require etcd-quorum", (host) => {
  let etcd: FakeEtcd;
  const restarting = (text: string, seconds = 1) =>
    new Bundle("etcd")
      .service("etcd.service", text)
      .line(`require etcd-quorum ${seconds} etcd.service https://10.0.0.3:2379 /ca /crt /key`);

  beforeEach(async () => {
    await host().claim("cp3");
    etcd = new FakeEtcd(host()).members(voter(1), voter(2), voter(3));
    etcd.silent(refused, "10.0.0.1", "10.0.0.2", "10.0.0.3");
    await host().apply(restarting("1"));
    etcd.well();
    host().log();
  });

  it("lets a member be restarted while the others are a quorum", async () => {
    await host().apply(restarting("2"));
    assert.deepEqual(host().log(), ["daemon-reload", "restart etcd.service"]);
    etcd.members(voter(1), voter(2), voter(3), voter(4), voter(5)).silent("timeout", "10.0.0.5");
    await host().apply(restarting("3"));
  });

  it("refuses where they are not, before anything is changed", async () => {
    etcd.silent("i/o timeout", "10.0.0.2");
    const before = host().snapshot();
    const stderr = await host().refuse(restarting("2"), 1);
    assert.match(
      stderr,
      /^cp3: etcd\.service must not be restarted now .*: without it 1 of 3 voters answer, 2 are needed; not well: cp2 at https:\/\/10\.0\.0\.2:2379 \(i\/o timeout\); nothing was changed$/m,
    );
    assert.deepEqual([host().snapshot(), host().log()], [before, []]);
    etcd.well().members(voter(1), voter(3), `2222, started, cp2, ${peer(2)}, , false`);
    assert.match(
      await host().refuse(restarting("2"), 1),
      /not well: cp2 at - \(it has never started\)/,
      "one that has never started",
    );
  });

  it("waits for one that is coming back", async () => {
    etcd.silent("i/o timeout", "10.0.0.2");
    host().command("sleep", 'rm -f "$PLINTH_FAKES/etcd-silent.10.0.0.2"');
    await host().apply(restarting("2", 60));
  });

  it("asks nothing where nothing is restarted, or the unit is down", async () => {
    etcd.silent("i/o timeout", "10.0.0.1", "10.0.0.2");
    await host().apply(restarting("1"));
    host().setUnit("etcd.service", "active", "failed");
    await host().apply(restarting("2"));
  });

  it("asks little of a small cluster, and of learners nothing", async () => {
    etcd.silent("i/o timeout", "10.0.0.1");
    etcd.members(voter(3));
    await host().apply(restarting("2"));
    etcd.members(voter(2), voter(3), voter(1).replace("false", "true"));
    await host().apply(restarting("3"));
    etcd.members(voter(1), voter(2), voter(3).replace("false", "true"));
    await host().apply(restarting("4"));
    etcd.members(voter(1), voter(3));
    await host().refuse(restarting("5"), 1);
  });

  it("does not stand in the way where the member has no cluster to serve", async () => {
    etcd.silent("context deadline exceeded", "10.0.0.3");
    const { code, stderr } = await host().run(["apply"], restarting("2").text());
    assert.deepEqual([code, /restarted all the same: its member does not answer itself/.test(stderr)], [0, true]);
  });

  it("does not stand in the way of putting the previous configuration back", async () => {
    host().inputs("etcd.service", "/etc/systemd/system/etcd.service");
    host().behave("etcd.service", "reject /etc/systemd/system/etcd.service bad");
    // The others go while this one restarts.
    host().command("journalctl", 'echo timeout >"$PLINTH_FAKES/etcd-silent.10.0.0.2"');
    const bad = restarting("bad").check("unit-active", 5, "etcd.service");
    assert.match(await host().refuse(bad, 1), /previous configuration was put back and is healthy/);
  });
});
