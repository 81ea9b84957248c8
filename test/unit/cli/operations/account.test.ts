import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent, OpType } from "@pulumi/pulumi/automation/index.js";
import { CliError, QuietExit } from "../../../../cli/errors.ts";
import { Exit } from "../../../../cli/exit.ts";
import { Account } from "../../../../cli/operations/account.ts";
import { accountFor, accountForOne, type AccountedRun } from "../../../../cli/operations/accounted.ts";
import { Phases } from "../../../../cli/process/phases.ts";
import { projectAt } from "../../../../cli/project/project.ts";
import { RunEvents } from "../../../../cli/pulumi/events.ts";
import { readHistory } from "../../../../local/history.ts";
import { PlinthError } from "../../../../plan/findings.ts";
import { noticeSchema } from "../../../../plan/notices/notice.ts";

const urn = "urn:pulumi:prod::plinth::plinth:index:Cluster$command:remote:Command::cp1-etcd";

/** What the engine says of a step that changes something. */
function eventsOf(op: OpType, changes: Record<string, number>): RunEvents {
  const events = new RunEvents();
  const state = {
    type: "command:remote:Command",
    urn,
    custom: true,
    id: "",
    parent: "",
    inputs: {},
    outputs: {},
    provider: "",
  };
  const metadata = { op, urn, type: state.type, provider: "", new: state };
  for (const part of [
    { resourcePreEvent: { metadata } },
    { resOutputsEvent: { metadata } },
    { summaryEvent: { maybeCorrupt: false, durationSeconds: 1, resourceChanges: changes, policyPacks: {} } },
  ] as Partial<EngineEvent>[])
    events.handle({ sequence: 0, timestamp: 0, ...part });
  return events;
}

const ending = (exitCode: number, error?: unknown) => ({ began: new Date(0), duration: 1234, exitCode, error });

describe("the account of a run", () => {
  const about = { stack: "prod", command: "up", phases: new Phases() };

  it("says how it ended by its exit code, and by what it says besides", () => {
    const account = new Account();
    assert.deepEqual(
      [Exit.done, Exit.failed, Exit.badInput, Exit.refused, Exit.changes, Exit.interrupted, Exit.timedOut].map((code) =>
        account.resultOf(code),
      ),
      ["done", "failed", "invalid", "refused", "changes", "interrupted", "failed"],
    );
    account.looked({ differences: [], remarks: [], unseen: [], heal: [], objects: [] });
    assert.equal(account.resultOf(Exit.changes), "drift");
    account.declined();
    assert.equal(account.resultOf(Exit.failed), "declined");
  });

  it("adds up what all runs of the engine have done, those that failed included", () => {
    const account = new Account();
    account.follow(eventsOf("create", { create: 2, same: 40 }));
    account.follow(eventsOf("update", { create: 1, update: 5 }));
    assert.deepEqual(account.changes, { create: 3, update: 5 });
    assert.equal(account.steps.length, 2);
  });

  it("makes a notice of findings, problems and drift, without secrets", () => {
    const account = new Account();
    account.ofHosts(["cp1", "cp2"]);
    account.looked({
      differences: [{ host: undefined, kind: "object", name: "x", detail: "token: abcdefgh\u0007" }],
      remarks: [],
      unseen: [{ host: "cp2", message: "cannot be reached" }],
      ...{ heal: [], objects: [] },
    });
    const finding = { rule: "quorum", kind: "guard" as const, hosts: [], message: "m", remedy: "password=hunter22" };
    const notice = account.notice(about, ending(Exit.refused, new PlinthError([finding])));
    assert.deepEqual(noticeSchema.strict().parse(notice), notice);
    assert.equal(notice.hosts, 2);
    assert.equal(notice.seconds, 1.2);
    assert.deepEqual(notice.problems, []);
    assert.doesNotMatch(JSON.stringify(notice), /abcdefgh|hunter22|\\u0007/);
    const failed = account.notice(about, ending(Exit.failed, new CliError("etcd on cp1: it is down")));
    assert.deepEqual(failed.problems, ["etcd on cp1: it is down"]);
    assert.deepEqual(account.notice(about, ending(Exit.failed, new QuietExit(1))).problems, []);
  });

  it("has lists that end, and says how long they were", () => {
    const account = new Account();
    const difference = { host: "cp1", kind: "file", name: "x", detail: "y".repeat(10_000) };
    const differences = Array.from({ length: 300 }, () => difference);
    account.looked({ differences, remarks: [], unseen: [], heal: [], objects: [] });
    const { differences: told } = account.notice(about, ending(Exit.changes));
    assert.equal(told?.total, 300);
    assert.equal(told.first.length, 100);
    assert.equal(told.first[0]?.detail.length, 500);
  });
});

describe("a command that is accounted for", function () {
  this.timeout(60_000);
  let folder: string;
  let said: string[];
  const run = (more: Partial<AccountedRun> = {}): AccountedRun => {
    const say = (line = ""): void => void said.push(line);
    return {
      ...{ project: projectAt(folder), stack: "prod", command: "up", changing: true, phases: new Phases() },
      terminal: { print: say, note: say, warn: say, paint: (_style, text) => text, interactive: false },
      ...more,
    };
  };
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text);
  };
  beforeEach(() => {
    said = [];
    folder = mkdtempSync(join(tmpdir(), "plinth-account-"));
    write("Pulumi.yaml", "name: plinth\n");
    write("Pulumi.prod.yaml", "config: {}\n");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("goes into the history with its phases and the steps that it has done, also when it fails", async () => {
    const first = run();
    const code = await accountFor(first, (account) =>
      first.phases.measure("converge", () => {
        account.ofHosts(["cp1"]);
        account.follow(eventsOf("update", { update: 1 }));
        return Promise.resolve(Exit.done);
      }),
    );
    assert.equal(code, Exit.done);
    const failure = new CliError("it broke");
    await assert.rejects(
      accountFor(run(), () => Promise.reject(failure)),
      (error) => error === failure,
    );
    const [done, failed] = readHistory(folder, "prod");
    assert.deepEqual(
      [done?.command, done?.result, done?.hosts, done?.changes, done?.phases.map(({ name }) => name)],
      ["up", "done", 1, { update: 1 }, ["converge"]],
    );
    assert.deepEqual(
      done?.steps.map(({ kind, count }) => [kind, count]),
      [["update etcd", 1]],
    );
    assert.equal(failed?.result, "failed");
    assert.deepEqual(said, []);
  });

  it("writes the report that was asked for, whatever it ends by, and refuses to begin where it cannot", async () => {
    const report = join(folder, "report.md");
    await assert.rejects(
      accountFor(run({ report }), () => Promise.reject(new CliError("it broke"))),
      /it broke/,
    );
    assert.match(readFileSync(report, "utf8"), /^<!-- plinth-report prod up -->\n[^]*> it broke\n/);
    assert.equal(statSync(report).mode & 0o777, 0o600);
    let began = false;
    await assert.rejects(
      accountFor(run({ report: join(folder, "missing", "report.md") }), () => {
        began = true;
        return Promise.resolve(Exit.done);
      }),
      (error) =>
        error instanceof CliError && error.exitCode === Exit.badInput && /cannot be written/.test(error.message),
    );
    assert.equal(began, false);
  });

  it("ends as it would when nothing of that can be done, and says so without the address", async () => {
    rmSync(join(folder, ".plinth"), { recursive: true, force: true });
    write(".plinth", "a file where the folder should be");
    write("Pulumi.prod.yaml", 'config:\n  plinth:notices: { url: "http://127.0.0.1:1/secret-path" }\n');
    const report = join(folder, "report.md");
    assert.equal(
      await accountFor(run({ report }), () => {
        rmSync(report, { force: true });
        return Promise.resolve(Exit.failed);
      }),
      Exit.failed,
    );
    assert.match(said[0] ?? "", /^how long this run took could not be written down: /);
    assert.match(
      said[1] ?? "",
      /^nobody was told of this run: the webhook of plinth:notices did not take it, it cannot be reached/,
    );
    assert.doesNotMatch(said.join("\n"), /secret-path/);
    assert.equal(said.length, 2);
  });

  it("tells nobody where nobody is named, or the run is not to be told of", async () => {
    write("Pulumi.prod.yaml", 'config:\n  plinth:notices: { url: "http://127.0.0.1:1/x", on: { failed: false } }\n');
    await accountFor(run(), () => Promise.resolve(Exit.failed));
    await accountFor(run(), () => Promise.resolve(Exit.interrupted));
    await accountForOne(run({ changing: false, command: "drift" }), "look", () => Promise.resolve(Exit.done));
    await accountFor(run({ notices: false, command: "drift" }), () => Promise.resolve(Exit.refused));
    assert.deepEqual(said, []);
    assert.deepEqual(
      readHistory(folder, "prod").map(({ command, phases }) => [command, phases.map(({ name }) => name)]),
      [
        ["up", []],
        ["up", []],
        ["drift", ["look"]],
        ["drift", []],
      ],
    );
  });

  it("says that notices are not valid", async () => {
    write("Pulumi.prod.yaml", "config:\n  plinth:notices: { url: nowhere }\n");
    await accountFor(run(), () => Promise.resolve(Exit.failed));
    assert.match(said.join("\n"), /^nobody was told of this run: plinth:notices url must be an address with https/);
  });
});
