import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity } from "age-encryption";
import { useCopy } from "../../../../cli/backup/copies.ts";
import { listToPrune, usualList } from "../../../../cli/backup/limits.ts";
import { bytesOf, open } from "../../../../cli/backup/seal.ts";
import {
  checkPlace,
  forgetSets,
  listSets,
  readSet,
  RepositoryError,
  type Restic,
} from "../../../../cli/backup/repository.ts";
import { pruneSets } from "../../../../cli/backup/prune.ts";
import { TargetStore } from "../../../../cli/backup/targetstore.ts";
import type { Terminal } from "../../../../cli/render/terminal.ts";
import { findProcess } from "../../../../cli/process/identity.ts";
import { eventually } from "../../../support/eventually.ts";
import { backupOf, dataSet, placeOf, resticList, stateSet } from "../../../support/backup.ts";

const unexpected = (sentence: string): void => {
  assert.fail(sentence);
};

describe("repositories of backups", () => {
  let folder: string;
  let restic: Restic;
  let stop: AbortController;
  const path = (name: string): string => join(folder, name);
  const vault = placeOf("vault");

  /** What restic does, as a shell script. */
  const behave = (script: string): void => {
    writeFileSync(
      path("restic"),
      `#!/bin/sh\nprintf '%s\\n' "$*" >>"${path("calls")}"\nenv >"${path("env")}"\n${script}\n`,
      { mode: 0o755 },
    );
  };
  const calls = (): string[] =>
    existsSync(path("calls")) ? readFileSync(path("calls"), "utf8").trim().split("\n") : [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plinth-repository-"));
    stop = new AbortController();
    restic = {
      executable: path("restic"),
      password: "a password of repositories",
      cacheDir: path("cache"),
      signal: stop.signal,
    };
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("lists what is there, without a lock, and with nothing secret in its arguments", async () => {
    writeFileSync(path("list"), resticList([dataSet()]));
    behave(`cat "${path("list")}"`);
    const place = placeOf("store", {
      url: "s3:https://s3.example.net/backups",
      options: ['sftp.command=ssh -o "A=b, c"', "s3.region=eu"],
      authorityFile: "/tmp/ca.pem",
      env: { AWS_SECRET_ACCESS_KEY: "secret of the store" },
    });
    const [set] = await listSets(restic, place);
    assert.deepEqual(set?.set, dataSet());
    assert.deepEqual(calls(), [
      `--quiet --cache-dir ${path("cache")} --retry-lock 2m --repo s3:https://s3.example.net/backups -o "sftp.command=ssh -o ""A=b, c""" -o s3.region=eu --cacert /tmp/ca.pem snapshots --json --no-lock`,
    ]);
    const env = readFileSync(path("env"), "utf8");
    assert.match(env, /^RESTIC_PASSWORD=a password of repositories$/m);
    assert.match(env, /^AWS_SECRET_ACCESS_KEY=secret of the store$/m);
  });

  it("keeps nothing where all is to be read anew", async () => {
    writeFileSync(path("list"), resticList([dataSet()]));
    behave(`cat "${path("list")}"`);
    await listSets({ ...restic, cacheDir: undefined }, vault);
    assert.match(calls()[0] ?? "", /^--quiet --no-cache --retry-lock 2m --repo /);
  });

  it("is not led to other repositories of the operator's by his environment", async () => {
    process.env["RESTIC_PASSWORD_FILE"] = "/other/password";
    process.env["RESTIC_REPOSITORY_FILE"] = "/other/repository";
    try {
      behave("echo '[]'");
      await listSets(restic, vault);
    } finally {
      delete process.env["RESTIC_PASSWORD_FILE"];
      delete process.env["RESTIC_REPOSITORY_FILE"];
    }
    assert.doesNotMatch(readFileSync(path("env"), "utf8"), /\/other\//);
  });

  const ends: [script: string, sentence: RegExp][] = [
    ["exit 10", /^Target vault: there is no repository yet: no set has been stored there$/],
    ["exit 11", /^Target vault: the repository is locked by another run of restic;/],
    ["exit 12", /^Target vault: the password of plinth:backup is not that of the repository$/],
    [
      "echo a remark >&2; echo 'Fatal: unable to open config file' >&2; echo >&2; exit 1",
      /^Target vault: unable to open config file$/,
    ],
    [
      `echo '{"message_type":"exit_error","code":1,"message":"Fatal: the server is gone"}' >&2; exit 1`,
      /^Target vault: the server is gone$/,
    ],
    [
      `printf 'Fatal: Access Denied.\\nIs there a repository at the following location?\\ns3:https://s3.example.net/b\\n' >&2; exit 1`,
      /^Target vault: Access Denied\.$/,
    ],
    [
      `echo '{"message":"Fatal: Access Denied.\\\\nIs there a repository at the following location?\\\\ns3:https://b"}' >&2; exit 1`,
      /^Target vault: Access Denied\.$/,
    ],
    ["echo '{no JSON' >&2; exit 1", /^Target vault: \{no JSON$/],
    ["exit 3", /^Target vault: restic ended with 3$/],
    ["kill -9 $$", /^Target vault: restic ended with a signal$/],
    [`printf '\\033[2Jcleared\\n' >&2; exit 1`, /^Target vault: [^\p{Cc}]*cleared$/u],
  ];
  for (const [script, sentence] of ends) {
    it(`says in one sentence what "${script}" means`, async () => {
      behave(script);
      const told = (error: unknown): boolean =>
        error instanceof RepositoryError && error.place === "vault" && sentence.test(error.message);
      await assert.rejects(listSets(restic, vault), told);
      // The same of what is read, which says it at its end.
      await assert.rejects(bytesOf(readSet(restic, vault, "a")), told);
    });
  }

  it("says what is wrong though some bytes came before it", async () => {
    behave("printf part; echo 'Fatal: the server is gone' >&2; exit 1");
    await assert.rejects(bytesOf(readSet(restic, vault, "a")), /Target vault: the server is gone$/);
  });

  it("gives all bytes of a set that is whole", async () => {
    behave("head -c 300000 /dev/zero");
    assert.equal((await bytesOf(readSet(restic, vault, "abc"))).length, 300_000);
    assert.match(calls()[0] ?? "", / dump --no-lock abc \/content\.age$/);
  });

  it("gives up a place that hangs", async () => {
    behave("exec sleep 600");
    const started = Date.now();
    await assert.rejects(listSets({ ...restic, reachSeconds: 0.2 }, vault), /Target vault: no answer within 0\.2 s$/);
    assert.ok(Date.now() - started < 60_000);
    behave("echo 'Stat(<config/>) returned error, retrying after 1.3s: Stat: connection refused' >&2; exec sleep 600");
    await assert.rejects(
      listSets({ ...restic, reachSeconds: 3 }, vault),
      /Target vault: no answer within 3 s: Stat: connection refused$/,
    );
  });

  it("an operator who stops it is not told that a place does not answer", async () => {
    behave(`: >"${path("began")}"; exec sleep 600`);
    const listing = listSets(restic, vault);
    stop.abort();
    await assert.rejects(listing, { name: "AbortError" });
  });

  it("ends a place whose list does not, and refuses one with too many sets, of which prune sees all", async () => {
    behave("exec yes '[]'");
    await assert.rejects(
      listSets(restic, vault),
      new RegExp(`^CliError: Target vault: it lists more than ${usualList.bytes / 2 ** 20} MiB$`),
    );
    writeFileSync(path("list"), resticList([dataSet(), stateSet()]));
    behave(`cat "${path("list")}"`);
    const only = (sets: number) => listSets(restic, vault, { ...usualList, sets });
    await assert.rejects(only(1), /^CliError: Target vault: there are more than 1 sets/);
    assert.equal((await only(2)).length, 2);
    // Blanks are part of JSON.
    behave(`printf '%100s'; cat "${path("list")}"`);
    await assert.rejects(listSets(restic, vault, { ...usualList, bytes: 100 }), /it lists more than/);
    assert.equal((await listSets(restic, vault, listToPrune)).length, 2);
    assert.ok(listToPrune.bytes > usualList.bytes);
    behave("echo nonsense");
    await assert.rejects(listSets(restic, vault), /^CliError: Target vault: restic's list .* is not JSON$/);
  });

  it("keeps the end of endless complaints, which has the reason", async () => {
    behave("yes complaint | head -c 1000000 >&2; echo 'Fatal: the end' >&2; exit 1");
    await assert.rejects(listSets(restic, vault), /^CliError: Target vault: the end$/);
  });

  it("leaves no process behind of a set that was not read to its end", async () => {
    behave(`echo $$ >"${path("pid")}"; exec yes`);
    for await (const chunk of readSet(restic, vault, "a")) {
      assert.ok((chunk as Buffer).length > 0);
      break;
    }
    const pid = Number(readFileSync(path("pid"), "utf8"));
    await eventually("the end of restic", 30, () => Promise.resolve(findProcess(pid) === undefined ? true : undefined));
  });

  it("leaves no process behind of a set whose header does not open, whether more of it comes or not", async () => {
    const identity = await generateX25519Identity();
    for (const rest of ["exec yes", "exec sleep 600"]) {
      behave(`echo $$ >"${path("pid")}"; printf 'age-encryption.org/v1\\n-> X25519 A\\n\\n--- A\\n'; ${rest}`);
      await assert.rejects(open(readSet(restic, vault, "a"), [identity], 2 ** 20), /^CliError: The set is damaged/);
      const pid = Number(readFileSync(path("pid"), "utf8"));
      await eventually("the end of restic", 30, () =>
        Promise.resolve(findProcess(pid) === undefined ? true : undefined),
      );
    }
  });

  it("checks as much as it is told", async () => {
    behave("exit 0");
    await checkPlace(restic, vault, "10%");
    assert.match(calls()[0] ?? "", / check --no-lock --read-data-subset=10%$/);
  });

  it("removes old locks, then snapshots, then what nothing refers to; it stops where one of them fails", async () => {
    const verbs = (): string[] => calls().map((call) => call.replace(/.*--repo \/vault /, ""));
    behave('case "$*" in *snapshots*) echo "[]" ;; esac');
    await forgetSets(restic, vault, ["a", "b"]);
    await forgetSets(restic, vault, []);
    const listed = "snapshots --json --no-lock";
    assert.deepEqual(verbs(), ["unlock", "forget a b", listed, "prune", "unlock", "prune"]);
    rmSync(path("calls"));
    behave('case "$*" in *forget*) exit 11 ;; esac');
    await assert.rejects(forgetSets(restic, vault, ["a"]), /is locked by another run/);
    assert.deepEqual(verbs(), ["unlock", "forget a"]);
  });

  it("forgets any number of snapshots, more than fit on a command line, and tells those that are left of all", async () => {
    const ids = Array.from({ length: 1201 }, (_, index) => index.toString(16).padStart(64, "0"));
    behave('case "$*" in *snapshots*) echo "[]" ;; esac');
    await forgetSets(restic, vault, ids);
    const forgotten = calls().flatMap((call) => / forget (.*)$/.exec(call)?.[1]?.split(" ").length ?? []);
    assert.deepEqual(forgotten, [500, 500, 201]);
    assert.equal(calls().filter((call) => call.includes(" snapshots ")).length, 1);
    writeFileSync(path("list"), resticList([dataSet(), stateSet()]));
    behave(`case "$*" in *snapshots*) cat "${path("list")}" ;; esac`);
    await assert.rejects(forgetSets(restic, vault, ids), /Target vault: 2 of 1201 sets could not be deleted/);
  });

  it("says which sets a store has kept from it, of which restic makes a remark alone", async () => {
    writeFileSync(path("list"), resticList([dataSet(), stateSet()]));
    behave(`case "$*" in *snapshots*) cat "${path("list")}" ;; *forget*) echo "unable to remove snapshot" >&2 ;; esac`);
    await assert.rejects(
      forgetSets(restic, vault, ["0".repeat(64), "f".repeat(64)]),
      /Target vault: 1 of 2 sets could not be deleted: has the operator the right to\?$/,
    );
    assert.ok(!calls().some((call) => call.endsWith(" prune")));
  });

  describe("over all places", () => {
    const sets = [
      dataSet("2020-01-01T00:00:00Z"),
      dataSet("2020-01-01T00:00:00Z"),
      dataSet("2020-02-01T00:00:00Z"),
      stateSet("2019-12-01T00:00:00Z"),
    ];
    const places = [placeOf("disk on cp1"), placeOf("disk on cp10"), vault];
    let notes: string[];
    const terminal = {
      note: (line = "") => notes.push(line),
      print: () => undefined,
      warn: () => undefined,
      interactive: false,
    } as unknown as Terminal;
    const settings = backupOf({ keep: { last: 1, days: 1 } });

    beforeEach(() => {
      notes = [];
      writeFileSync(path("list"), resticList(sets));
      behave(
        `case "$*" in
          *"/disk on cp1 "*) echo 'Fatal: no route' >&2; exit 1 ;;
          *snapshots*)
            repository=$(printf '%s' "$*" | sed 's/.*--repo \\(.*\\) snapshots.*/\\1/')
            if grep -qF -- "--repo $repository forget" "${path("calls")}"; then echo '[]'; else cat "${path("list")}"; fi
            ;;
        esac`,
      );
    });
    const prune = (clusterId = "0123456789abcdef") =>
      pruneSets(new TargetStore(restic, places, clusterId), restic, {
        settings,
        terminal,
        ask: false,
        signal: stop.signal,
      });

    it("one that fails does not keep the others from being listed and pruned, and all copies of a set go", async () => {
      const report = await prune();
      assert.deepEqual(report.problems, ["Target disk on cp1: no route"]);
      assert.deepEqual(report.deleted, { "disk on cp10": [sets[0]?.id], vault: [sets[0]?.id] });
      assert.deepEqual(
        notes,
        ["disk on cp10", "vault"].map((name) => `${name}: 1 of 3 sets go, up to ${sets[0]?.id ?? ""}`),
      );
      const forgotten = calls().filter((call) => call.includes(" forget "));
      assert.equal(forgotten.length, 2);
      for (const call of forgotten) assert.match(call, / forget 0{64} 0{63}1$/);
    });

    it("sets of other clusters stay", async () => {
      assert.deepEqual((await prune("f".repeat(16))).deleted, { "disk on cp10": [], vault: [] });
      assert.ok(!calls().some((call) => call.includes(" forget ")));
    });

    it("reads a set from a place that has it, and says when none has it", async () => {
      const store = new TargetStore(restic, places, undefined);
      assert.equal((await store.list()).length, 3);
      const copies = await store.copies(stateSet("2019-12-01T00:00:00Z"));
      assert.deepEqual(
        copies.map(({ place }) => place),
        ["disk on cp10", "vault"],
      );
      const { others } = await useCopy("the id", copies, bytesOf, unexpected, stop.signal);
      assert.match(calls().at(-1) ?? "", /--repo \/disk on cp10 dump /);
      assert.deepEqual(others, copies.slice(1));
      assert.deepEqual(await store.copies(stateSet("2019-12-01T00:00:00Z", { stack: "another" })), []);
      await assert.rejects(
        useCopy("20200101T000000Z-none", [], bytesOf, unexpected, stop.signal),
        /^CliError: No target has the set 20200101T000000Z-none/,
      );
      assert.equal(
        calls().filter((call) => call.includes(" snapshots ")).length,
        places.length,
        "each place is asked once",
      );
    });

    it("says all that is wrong where no place can be read", async () => {
      behave("exit 12");
      await assert.rejects(
        new TargetStore(restic, places, undefined).list(),
        (error: Error) => error.message.split("\n").length === 3,
      );
    });
  });

  it("leaves no process of a place that hung", async () => {
    behave(`echo $$ >"${path("pid")}"; exec sleep 600`);
    await assert.rejects(listSets({ ...restic, reachSeconds: 2 }, vault), RepositoryError);
    if (!existsSync(path("pid"))) return;
    const pid = readFileSync(path("pid"), "utf8").trim();
    const alive = (): boolean => spawnSync("sh", ["-c", `kill -0 ${pid} 2>/dev/null`]).status === 0;
    while (alive()) await new Promise(setImmediate);
  });
});
