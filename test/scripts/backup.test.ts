import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drillReaders, renderDrillRecord, type DrillRecord } from "../../plan/backup/drill.ts";
import { parseListing } from "../../plan/backup/listing.ts";
import { parseResults } from "../../plan/backup/result.ts";
import { setId } from "../../plan/backup/set.ts";
import { paths } from "../../plan/names.ts";
import { readLook } from "../../plan/look.ts";
import { backupUnitScript } from "../../plan/scripts.ts";
import { dataSet, resticList, stateSet } from "../support/backup.ts";
import type { FakeHost, Result } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

const lookSource = join(import.meta.dirname, "../../scripts/look/backups.sh");
const clusterId = "0123456789abcdef";

/** A repository is a folder: `list` is what restic lists, `exit.VERB` the code and the words that it ends with. */
const restic = `#!/bin/sh
{ printf 'restic'; printf ' %s' "$@"; echo; } >>"$PLINTH_FAKES/argv"
while :; do
  case $1 in
    --repo) repository=$2; shift 2 ;;
    -o | --cacert | --cache-dir | --password-file) shift 2 ;;
    --*) shift ;;
    *) break ;;
  esac
done
here=$PLINTH_FAKES/repositories/$(basename "$repository")
if [ -e "$here/exit.$1" ]; then
  { read -r code; cat >&2; } <"$here/exit.$1"
  exit "$code"
fi
[ -d "$here" ] || { [ "$1" = init ] && mkdir -p "$here"; } || exit 10
if [ ! -e "$here/config" ]; then
  printf '{\\n  "version": 2,\\n  "id": "%s"\\n}\\n' "$(sha256sum </proc/sys/kernel/random/uuid | cut -c1-64)" >"$here/config"
fi
case $1 in
  cat) exec cat "$here/config" ;;
  snapshots) [ ! -e "$here/list" ] || exec cat "$here/list"; echo '[]' ;;
  backup)
    while [ "$1" != --tag ]; do shift; done
    printf '[{"id":"%064d","tags":["%s"]}]\\n' 0 "$(printf %s "$2" | sed 's/,/","/g')" >"$here/list"
    cp set.json content.age "$here"
    ;;
esac
`;
const etcdctl = `#!/bin/sh
{ printf 'etcdctl'; printf ' %s' "$@"; echo; } >>"$PLINTH_FAKES/argv"
while :; do
  case $1 in
    lock)
      [ ! -e "$PLINTH_FAKES/locked" ] || exec tail -f /dev/null
      shift 3
      exec "$PLINTH_FAKES/shell" "$@"
      ;;
    get)
      [ ! -e "$PLINTH_FAKES/no-quorum" ] || { echo 'Error: context deadline exceeded' >&2; exit 1; }
      exit
      ;;
    endpoint)
      printf '"MemberID" : 1\\n"DBSize" : %s\\n"DBSizeInUse" : 9\\n' "$(cat "$PLINTH_FAKES/size" 2>/dev/null || echo 9000000)"
      exit
      ;;
    snapshot) break ;;
  esac
  shift
done
[ ! -e "$PLINTH_FAKES/no-snapshot" ] || { echo 'context deadline exceeded' >&2; exit 1; }
[ ! -e "$PLINTH_FAKES/endless" ] || exec dd if=/dev/zero of="$3" bs=1 seek="$(cat "$PLINTH_FAKES/endless")" count=1 status=none
echo snapshot >"$3"
`;
const etcdutl = `#!/bin/sh
{ printf 'etcdutl'; printf ' %s' "$@"; echo; } >>"$PLINTH_FAKES/argv"
[ ! -e "$PLINTH_FAKES/bad.$2" ] || { echo "expected sha256, got another" >&2; exit 1; }
[ "$2" = restore ] || echo '{"hash":1,"revision":4711,"totalKey":815,"totalSize":9,"version":"3.6.0"}'
`;
const age = `#!/bin/sh
{ printf 'age'; printf ' %s' "$@"; echo; } >>"$PLINTH_FAKES/argv"
[ ! -e "$PLINTH_FAKES/bad.age" ] || { echo 'no recipients' >&2; exit 1; }
{ echo age-encryption.org/v1; cat; } >"$4"
`;

onHosts(
  "a member of etcd that makes backups",
  (host) => {
    const at = (name: string): string => join(host().fakes, name);
    const fake = (name: string, text: string): void => {
      host().write(`/opt/plinth/bin/${name}`, text);
      chmodSync(host().path(`/opt/plinth/bin/${name}`), 0o755);
    };
    const settings = (...targets: string[]): void => {
      const lines = [
        "cluster demo",
        "host cp1",
        "kubernetes 1.36.3",
        "etcd 3.6.14",
        "minutes 360",
        "endpoint https://127.0.0.1:2379",
        "data /var/lib/etcd",
      ];
      host().write(
        "/etc/plinth/backup/settings",
        [...lines, ...targets.map((name) => `target ${name} /srv/${name}`), ""].join("\n"),
      );
    };
    const repository = (target: string, list?: string): void => {
      mkdirSync(at(`repositories/${target}`), { recursive: true });
      if (list !== undefined) writeFileSync(at(`repositories/${target}/list`), list);
    };
    const fails = (target: string, verb: string, code: number, said: string): void => {
      repository(target);
      writeFileSync(at(`repositories/${target}/exit.${verb}`), `${code}\n${said}\n`);
    };
    const run = (...args: string[]): Promise<Result> => host().runFile(at("backup"), args);
    const store = (input: string, digest = createHash("sha256").update(input).digest("hex")): Promise<Result> =>
      host().runFile(at("backup"), ["store", digest], input);
    const results = ({ stdout }: Result) => parseResults(stdout, ["one", "two"]);
    const outcomes = (result: Result): string[] => results(result).map(({ target, outcome }) => `${outcome} ${target}`);
    const records = (): string[] => host().list("/var/lib/plinth/backup");
    const stored = (target: string) => {
      const list = at(`repositories/${target}/list`);
      return existsSync(list) ? parseListing(readFileSync(list, "utf8")) : [];
    };
    const aged = (hours: number): string =>
      resticList([{ ...dataSet(), id: setId(Date.now() - hours * 3_600_000, "cp2") }]);

    beforeEach(() => {
      writeFileSync(at("backup"), backupUnitScript().content, { mode: 0o755 });
      // What runs under the lock runs in the shell of the test, too.
      writeFileSync(at("shell"), `#!/bin/sh\nexec ${host().shell} "$@"\n`, { mode: 0o755 });
      for (const [name, text] of Object.entries({ restic, etcdctl, etcdutl, age })) fake(name, text);
      settings("one", "two");
      host().write("/etc/plinth/backup/password", "the password of repositories\n");
      host().write("/etc/plinth/backup/recipients", "age1q\n");
      host().write("/etc/plinth/backup/digests", `serviceAccounts ${"1".repeat(64)}\nencryption ${"2".repeat(64)}\n`);
      host().write("/etc/plinth/backup/targets/one.env", "AWS_SECRET_ACCESS_KEY=the secret of a store\n");
      host().write("/var/lib/plinth/claim", `cluster demo\ncluster-id ${clusterId}\n`);
    });

    it("makes repositories and gives each target one and the same set", async () => {
      const result = await run("due");
      assert.equal(result.code, 0, result.stderr);
      assert.deepEqual(outcomes(result), ["stored one", "stored two"]);
      const [one] = stored("one");
      assert.ok(one !== undefined && "kind" in one.set && one.set.kind === "data", JSON.stringify(one));
      const { host: maker, revision, totalKeys, bytes, reason, sha256 } = one.set;
      assert.deepEqual([maker, revision, totalKeys, bytes, reason], ["cp1", 4711, 815, 9, "timer"]);
      assert.equal(sha256, createHash("sha256").update("snapshot\n").digest("hex"));
      assert.equal(stored("two")[0]?.id, one.id);
      assert.deepEqual(records(), ["one.data", "two.data"]);
      const metrics = host().read("/var/lib/plinth/textfile/plinth-backup.prom");
      assert.match(metrics, /^plinth_backup_last_set_timestamp_seconds\{target="one",kind="data"\} \d+$/m);
      assert.match(metrics, /^plinth_backup_failed\{target="two",kind="data"\} 0$/m);
      assert.deepEqual(outcomes(await run("due")), ["there one", "there two"]);
      assert.match(host().read("/var/lib/plinth/backup/one.data"), /^keys 815\nbytes 9\n/m);
      const argv = readFileSync(at("argv"), "utf8");
      for (const secret of ["the password", "the secret"]) assert.ok(!argv.includes(secret), secret);
    });

    it("makes a set for targets whose newest is old, from a future that a wrong clock saw, or has no such date", async () => {
      for (const list of [aged(7), aged(-48), aged(1).replaceAll(/"id=\d{8}/g, '"id=20200230')]) {
        repository("one", list);
        repository("two", aged(1));
        assert.deepEqual(outcomes(await run("due")).sort(), ["stored one", "there two"], list);
      }
    });

    it("one target that fails does not keep the others from theirs, and is told of until it works", async () => {
      const failures: [verb: string, code: number, said: string, reason: RegExp][] = [
        [
          "cat",
          1,
          "a remark\nFatal: Access Denied.\nIs there a repository at the following location?\ns3:https://b",
          /^Access Denied\.$/,
        ],
        ["cat", 12, "Fatal: wrong password or no key found", /wrong password/],
        ["snapshots", 1, "Fatal: \u001b[2Jbroken", /^\[2Jbroken$/],
        ["backup", 1, "Fatal: no space left on device", /no space left/],
        ["backup", 124, "", /^it was not written within 3600 s$/],
        ["cat", 124, "", /^no answer within 60 s$/],
        [
          "cat",
          124,
          "Stat(<config/>) returned error, retrying after 2.1s: Stat: connection refused\nFatal: context canceled",
          /^no answer within 60 s: Stat: connection refused$/,
        ],
      ];
      for (const [verb, code, said, reason] of failures) {
        rmSync(at("repositories"), { recursive: true, force: true });
        rmSync(host().path("/var/lib/plinth/backup-repositories"), { recursive: true, force: true });
        fails("one", verb, code, said);
        const result = await run("due");
        assert.equal(result.code, 1, said);
        const one = results(result).find(({ target }) => target === "one");
        assert.ok(one?.outcome === "failed");
        assert.match(one.reason, reason);
        assert.equal(stored("two").length, 1);
        assert.ok(records().includes("one.data.failed"));
        assert.match(
          host().read("/var/lib/plinth/textfile/plinth-backup.prom"),
          /failed\{target="one",kind="data"\} 1$/m,
        );
      }
      rmSync(at("repositories/one/exit.cat"));
      assert.equal((await run("due")).code, 0);
      assert.deepEqual(records(), ["one.data", "two.data"]);
    });

    it("makes one when it is told, whatever is there, and says why", async () => {
      repository("one", aged(0));
      const result = await run("now", 'before "upgrade" 1.37');
      assert.deepEqual(outcomes(result), ["stored one", "stored two"]);
      const set = stored("one")[0]?.set;
      assert.ok(set !== undefined && "reason" in set);
      assert.equal(set.reason, "before upgrade 1.37");
    });

    const damages: [what: string, mark: string, reason: RegExp][] = [
      ["no snapshot", "no-snapshot", /no snapshot: context deadline exceeded/],
      ["a snapshot that is damaged", "bad.status", /the snapshot is damaged: expected sha256/],
      ["a snapshot that cannot be restored", "bad.restore", /the snapshot cannot be restored/],
      ["a seal that fails", "bad.age", /it cannot be sealed: no recipients/],
    ];
    for (const [what, mark, reason] of damages) {
      it(`stores nothing of ${what}`, async () => {
        writeFileSync(at(mark), "");
        const result = await run("now", "now");
        assert.equal(result.code, 1);
        assert.deepEqual(outcomes(result), ["failed one", "failed two"]);
        assert.match(result.stdout, reason);
        assert.deepEqual([...stored("one"), ...stored("two")], []);
        assert.deepEqual(records(), ["one.data.failed", "two.data.failed"]);
      });
    }

    it("stores no set that does not say whose it is", async () => {
      host().write("/var/lib/plinth/claim", "");
      assert.match((await run("now", "now")).stdout, /^failed one its description is not complete/m);
      assert.deepEqual(stored("one"), []);
    });

    it("stores a set of state once, and nothing that is none or was cut off", async () => {
      const text = `${JSON.stringify(stateSet())}\nage-encryption.org/v1\nsealed`;
      assert.deepEqual(outcomes(await store(text)), ["stored one", "stored two"]);
      assert.equal(readFileSync(at("repositories/one/content.age"), "utf8"), "age-encryption.org/v1\nsealed");
      assert.deepEqual(outcomes(await store(text)), ["there one", "there two"]);
      assert.deepEqual(records(), ["one.state", "two.state"]);
      rmSync(at("repositories"), { recursive: true });
      const digest = createHash("sha256").update(text).digest("hex");
      const wrong: [input: string, digest: string | undefined, said: RegExp][] = [
        [text.slice(0, -1), digest, /did not arrive whole/],
        ["", digest, /did not arrive whole/],
        [text, "", /did not arrive whole/],
        ["", undefined, /is not a set of this cluster's state/],
        [text.replace("\nage-", "\nAGE-"), undefined, /is not sealed by age/],
        [text.replace(clusterId, "f".repeat(16)), undefined, /is not a set of this cluster's state/],
        [text.replace('"state"', '"data"'), undefined, /is not a set of this cluster's state/],
      ];
      for (const [input, given, said] of wrong) {
        const result = await store(input, given);
        assert.equal(result.code, 65, result.stderr);
        assert.match(result.stderr, said);
        assert.equal(result.stdout, "");
        assert.ok(!existsSync(at("repositories")));
      }
      assert.deepEqual(records(), ["one.state", "two.state"]);
    });

    it("waits for another backup of the cluster, but not for ever", async () => {
      writeFileSync(at("locked"), "");
      host().env["PLINTH_BACKUP_LONGEST"] = "1";
      const result = await run("due");
      assert.equal(result.code, 75);
      assert.match(result.stderr, /another backup of the cluster did not end within 1 s, or etcd does not answer/);
    });

    it("does not wait for a lock where etcd has no quorum, and tells each target of that", async () => {
      writeFileSync(at("no-quorum"), "");
      writeFileSync(at("locked"), "");
      for (const words of [["due"], ["now", "now"]]) {
        const result = await run(...words);
        assert.equal(result.code, 75);
        const reason = "etcd does not answer with a quorum within 30 s: Error: context deadline exceeded";
        assert.equal(result.stderr, `backup: ${reason}\n`);
        assert.deepEqual(results(result), [
          { target: "one", outcome: "failed", reason },
          { target: "two", outcome: "failed", reason },
        ]);
        assert.deepEqual(records(), ["one.data.failed", "two.data.failed"]);
        const metrics = host().read("/var/lib/plinth/textfile/plinth-backup.prom");
        assert.match(metrics, /^plinth_backup_failed\{target="one",kind="data"\} 1$/m);
      }
      rmSync(at("no-quorum"));
      rmSync(at("locked"));
      assert.equal((await run("due")).code, 0);
      assert.deepEqual(records(), ["one.data", "two.data"]);
    });

    it("leaves targets to other members while a failover drill has etcd away", async () => {
      writeFileSync(at("no-quorum"), "");
      const drill = (seconds: number): void => {
        host().write(paths.failover, `until ${Math.round(Date.now() / 1000) + seconds}\nunit etcd.service\n`);
      };
      drill(60);
      const { code, stdout } = await run("due");
      assert.deepEqual([code, records()], [0, []]);
      assert.match(stdout, /a failover drill has etcd away here/);
      assert.equal((await run("now", "now")).code, 75);
      drill(-60);
      assert.equal((await run("due")).code, 75);
    });

    it("makes no snapshot that the disk has no room for, and says how much it needs", async () => {
      const gib = 1024 ** 3;
      writeFileSync(at("size"), `${3 * gib}\n`);
      const free = (kib: number): void => {
        host().command(
          "df",
          `printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\\n/dev/sda 9 9 ${kib} 9%% /\\n'`,
        );
      };
      free(2 * 1024 ** 2);
      const result = await run("now", "now");
      assert.equal(result.code, 1);
      assert.match(
        result.stdout,
        /^failed one a set needs 6\.1 GiB free below \/var\/lib\/plinth\/backup, and there are 2\.0 GiB: make room/m,
      );
      assert.doesNotMatch(readFileSync(at("argv"), "utf8"), /snapshot save/);
      assert.deepEqual(records(), ["one.data.failed", "two.data.failed"]);
      free(7 * 1024 ** 2);
      assert.equal((await run("now", "now")).code, 0);
      writeFileSync(at("size"), "nothing\n");
      assert.match((await run("now", "now")).stdout, /cannot tell the size of etcd's database/);
    });

    const knownOf = (target: string): string => host().path(`/var/lib/plinth/backup-repositories/${target}`);

    it("makes no second repository where that of a target is not there, as where a mount is missing", async () => {
      assert.equal((await run("due")).code, 0);
      const mounted = at("repositories/one");
      renameSync(mounted, `${mounted}.unmounted`);
      const missing = await run("now", "now");
      assert.equal(missing.code, 1);
      assert.match(
        missing.stdout,
        /^failed one its repository \(id [0-9a-f]{10}\) is not there any more; mount what it is on, or bring it back; to begin a new one on purpose, remove \/var\/lib\/plinth\/backup-repositories\/one on this member$/m,
      );
      assert.ok(results(missing).every(({ target, outcome }) => (target === "one") === (outcome === "failed")));
      assert.ok(!existsSync(mounted));
      // What somebody has made there meanwhile.
      mkdirSync(mounted);
      const other = await run("due");
      assert.match(
        other.stdout,
        /^failed one another repository \(id [0-9a-f]{10}\) is there than it had \(id [0-9a-f]{10}\); mount/m,
      );
      assert.deepEqual(stored("one"), []);
      rmSync(mounted, { recursive: true });
      renameSync(`${mounted}.unmounted`, mounted);
      assert.equal((await run("due")).code, 0);
    });

    it("begins a new repository on purpose: where its file is removed, and where the target is another one by now", async () => {
      await run("due");
      const first = readFileSync(knownOf("one"), "utf8");
      rmSync(at("repositories/one"), { recursive: true });
      rmSync(knownOf("one"));
      assert.equal((await run("now", "now")).code, 0);
      const second = readFileSync(knownOf("one"), "utf8");
      assert.match(second, /^repository \/srv\/one\nid [0-9a-f]{64}\n$/);
      assert.notEqual(second, first);
      const settingsFile = "/etc/plinth/backup/settings";
      host().write(settingsFile, host().read(settingsFile).replace("/srv/one", "/mnt/another"));
      assert.equal((await run("now", "now")).code, 0);
      assert.match(readFileSync(knownOf("one"), "utf8"), /^repository \/mnt\/another\n/);
    });

    it("says that a repository which members share is begun anew by all of them", async () => {
      const settingsFile = "/etc/plinth/backup/settings";
      host().write(settingsFile, host().read(settingsFile).replace("/srv/one", "s3:https://s3.example.net/one"));
      assert.equal((await run("due")).code, 0);
      rmSync(at("repositories/one"), { recursive: true });
      const { stdout } = await run("due");
      assert.match(stdout, /^failed one .* remove \/var\/lib\/plinth\/backup-repositories\/one on all members$/m);
    });

    it("finds the newest among very many sets, and says what to do where they cannot be listed in time", async () => {
      const ids = Array.from({ length: 5000 }, (_, n) => setId(Date.now() - (n + 1) * 60_000, "cp2"));
      repository("one", JSON.stringify(ids.map((id) => ({ id: "0".repeat(64), tags: [`id=${id}`, "x".repeat(500)] }))));
      const result = await run("due");
      assert.match(result.stdout, new RegExp(`^there one ${ids[0] ?? ""}$`, "m"));
      fails("one", "snapshots", 124, "");
      const late = await run("due");
      assert.match(late.stdout, /^failed one its sets are not listed within 60 s: run \.\/plinth backup prune/m);
    });

    it("gives a snapshot up that grows so far that it could not be restored beside itself", async () => {
      // Room for twice 46 MiB and a log of 64. Bash counts in blocks of 1024 bytes where it is not called sh, and allows twice as much.
      host().command("df", "printf 'Filesystem\\n/dev/sda 9 9 160000 9%% /\\n'");
      writeFileSync(at("endless"), host().shell === "bash" ? "96M" : "48M");
      const result = await run("now", "now");
      assert.equal(result.code, 1);
      assert.match(result.stdout, /^failed one no snapshot: .*File too large/m);
      assert.deepEqual(records(), ["one.data.failed", "two.data.failed"]);
    });

    it("leaves etcd room on a disk that a directory shares with it", async () => {
      const lines = host().read("/etc/plinth/backup/settings").replace("/srv/one", at("repositories/one"));
      host().write("/etc/plinth/backup/settings", lines);
      repository("one");
      host().write("/var/lib/etcd/member/wal/0.wal", "");
      const free = (there: number): void => {
        host().command(
          "df",
          `case $2 in */repositories/one) kib=${there} ;; *) kib=1048576 ;; esac
printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\\n/dev/sda 9 9 %s 9%% /\\n' "$kib"`,
        );
      };
      free(100 * 1024);
      const result = await run("now", "now");
      assert.match(
        result.stdout,
        /^failed one with the set less than 128 MiB would be free on the disk that etcd has its data on: run \.\/plinth backup prune, or move it$/m,
      );
      assert.match(result.stdout, /^stored two /m);
      free(1024 ** 2);
      assert.equal((await run("now", "now")).code, 0);
      // What is refused is what would fill the disk of etcd's data, wherever the member's own files are.
      free(100 * 1024);
      const disks = (directory: number, etcd: number, own: number): void => {
        const numbers = `*/repositories/one) echo ${directory} ;; */var/lib/etcd) echo ${etcd} ;; *) echo ${own} ;;`;
        host().command("stat", `case $3 in ${numbers} esac`);
      };
      disks(2, 2, 1);
      assert.match((await run("now", "now")).stdout, /^failed one with the set less than 128 MiB would be free/m);
      disks(1, 2, 1);
      assert.match((await run("now", "now")).stdout, /^stored one /m);
    });

    it("takes no set of state that there is no room for", async () => {
      const text = `${JSON.stringify(stateSet())}\nage-encryption.org/v1\n${"x".repeat(100_000)}`;
      const free = (kib: number): void => {
        host().command("df", `printf 'Filesystem\\n/dev/sda 9 9 ${kib} 9%% /\\n'`);
      };
      free(131_072 + 100);
      const result = await store(text);
      assert.equal(result.code, 65);
      assert.match(result.stderr, /what was sent is larger than 0 MiB, for which there is room/);
      free(131_072);
      const full = await store(text);
      assert.equal(full.code, 1);
      assert.match(
        full.stderr,
        /128 MiB are free below \/var\/lib\/plinth\/backup, of which 128 MiB are kept free: make room there/,
      );
      free(131_072 + 400);
      assert.equal((await store(text)).code, 0);
    });

    it("forgets records of targets that are not configured any more", async () => {
      await run("due");
      settings("two");
      await run("due");
      assert.deepEqual(records(), ["two.data"]);
      assert.deepEqual(host().list("/var/lib/plinth/backup-repositories"), ["two"]);
      assert.doesNotMatch(host().read("/var/lib/plinth/textfile/plinth-backup.prom"), /"one"/);
    });

    const drillOf = (change: Partial<DrillRecord> = {}): DrillRecord => ({
      ...{ at: Math.floor(Date.now() / 1000) - 60, seconds: 41, result: "ok", set: dataSet().id, reason: "" },
      ...change,
    });
    const drill = (text: string): Promise<Result> => host().runFile(at("backup"), ["drill"], text);
    const failedDrill = drillOf({ result: "failed", set: undefined, reason: 'Target one: "no" $(answer) `in` 60 s…' });
    const metric = (name: string): string | undefined =>
      new RegExp(`^plinth_backup_drill_${name} (.*)$`, "m").exec(
        host().read("/var/lib/plinth/textfile/plinth-backup.prom"),
      )?.[1];

    it("keeps the record of a restore drill, for metrics and for who looks at the host", async () => {
      const look = async (): Promise<DrillRecord[]> => {
        const found: DrillRecord[] = [];
        const script = ["STATE=$PLINTH_ROOT/var/lib/plinth", readFileSync(lookSource, "utf8")];
        writeFileSync(at("look"), [...script, "echo plinth-facts 1; backups; echo end", ""].join("\n"));
        const { stdout, stderr } = await host().runFile(at("look"), []);
        assert.equal(stderr, "");
        readLook(
          stdout,
          drillReaders((record) => found.push(record)),
        );
        return found;
      };
      const good = drillOf();
      assert.deepEqual(await look(), []);
      const result = await drill(renderDrillRecord(good));
      assert.deepEqual([result.code, result.stdout, result.stderr], [0, "recorded\n", ""]);
      assert.deepEqual(await look(), [good]);
      assert.equal(metric("timestamp_seconds"), String(good.at));
      assert.equal(metric("duration_seconds"), "41");
      assert.equal(metric("failed"), "0");
      assert.equal(metric("set_timestamp_seconds"), String(Date.parse(dataSet().time) / 1000));

      assert.equal((await drill(renderDrillRecord(failedDrill))).code, 0);
      assert.deepEqual(await look(), [failedDrill]);
      assert.equal(metric("failed"), "1");
      assert.equal(metric("set_timestamp_seconds"), undefined);

      // Sets that are made since leave it as it is.
      assert.equal((await run("due")).code, 0);
      assert.deepEqual(records(), ["drill", "one.data", "two.data"]);
      assert.equal(metric("failed"), "1");
    });

    it("keeps no record that makes no sense, or is from the future", async () => {
      const text = renderDrillRecord(drillOf());
      const wrong = [
        "",
        "at 1\n",
        text.replace("result ok", "result good"),
        text.replace("result ok", "result failed"),
        text.replace(/seconds \d+/, "seconds 4 1"),
        text.replace(/^at \d+/, "at -1"),
        text.replace(/set .*/, "set ../../etc/passwd"),
        `${text}reason none\n`,
        `${text}more\n`,
        renderDrillRecord({ ...failedDrill, reason: "an\u001b[31mescape" }),
        renderDrillRecord({ ...failedDrill, reason: "x".repeat(5000) }),
      ];
      for (const input of wrong) {
        const result = await drill(input);
        assert.equal(result.code, 65, input);
        assert.match(result.stderr, /what was sent is not the record of a restore drill/);
      }
      const future = await drill(renderDrillRecord(drillOf({ at: Math.floor(Date.now() / 1000) + 7200 })));
      assert.equal(future.code, 65);
      assert.match(future.stderr, /compare the clock of the operator's machine with this host's/);
      assert.deepEqual(records(), []);
    });

    it("says what is wrong with how it is called", async () => {
      assert.equal((await run("often")).code, 64);
      rmSync(host().path("/etc/plinth/backup/settings"));
      const result = await run("due");
      assert.equal(result.code, 1);
      assert.match(result.stderr, /this host is not set up for backups: run up/);
    });

    it("a run that is killed anywhere is finished by the next one, which leaves nothing of it", async () => {
      const whole = ["one.data", "two.data"];
      for (let n = 1; ; n += 3) {
        const copy: FakeHost = host().copy();
        try {
          copy.env["PLINTH_BACKUP_LOCKED"] = "yes";
          copy.dieAt(n);
          const killed = await copy.runFile(join(copy.fakes, "backup"), ["due"]);
          copy.live();
          if (killed.code === 0) {
            assert.ok(n > 10, "it was killed nowhere");
            return;
          }
          const next = await copy.runFile(join(copy.fakes, "backup"), ["due"]);
          assert.equal(next.code, 0, `killed at ${n}: ${next.stderr}${next.stdout}`);
          assert.deepEqual(copy.list("/var/lib/plinth/backup"), whole, `killed at ${n}`);
        } finally {
          copy.remove();
        }
      }
    });
  },
  120,
);
