import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent, OpType } from "@pulumi/pulumi/automation/index.js";
import { CliError, QuietExit } from "../../../../cli/errors.ts";
import { Exit } from "../../../../cli/exit.ts";
import { Phases } from "../../../../cli/process/phases.ts";
import { RunEvents } from "../../../../cli/pulumi/events.ts";
import { hide } from "../../../../cli/render/terminal.ts";
import { RunFollower } from "../../../../cli/runs/follow.ts";
import { Journal, type JournalOptions } from "../../../../cli/runs/journal.ts";
import { journaled } from "../../../../cli/runs/journaled.ts";
import { followOperation } from "../../../../cli/runs/operations.ts";
import { keptRuns, runsFolder } from "../../../../cli/runs/store.ts";
import { appendRun, type RunResult } from "../../../../local/history.ts";
import { parseEvents, type RunEvent } from "../../../../plan/runs/event.ts";
import type { Ordered } from "../../../../plan/runs/order.ts";
import { commandUrn } from "../support.ts";

const COMMAND = "command:remote:Command";

/** What the engine says when a step begins or ends. */
function said(
  kind: "resourcePreEvent" | "resOutputsEvent" | "resOpFailedEvent",
  op: OpType,
  name: string,
): EngineEvent {
  const urn = commandUrn(name);
  const state = { type: COMMAND, urn, custom: true, id: "x", parent: "", inputs: {}, outputs: {}, provider: "" };
  const metadata = { op, urn, type: COMMAND, provider: "", new: state };
  return { sequence: 0, timestamp: 0, [kind]: { metadata, planning: false, status: 1, steps: 1 } };
}

describe("the journal of a run", () => {
  let workDir: string;
  const warned: string[] = [];

  beforeEach(() => {
    workDir = mkdtempSync(join(tmpdir(), "plinth-journal-"));
    warned.length = 0;
  });
  afterEach(() => {
    rmSync(workDir, { recursive: true });
  });

  const options = (more: { command?: string; events?: string } = {}) => ({
    ...{ project: { workDir }, stack: "demo", command: "up", hosts: ["cp1", "cp2"], phases: new Phases() },
    warn: (message: string) => void warned.push(message),
    ...more,
  });
  const folder = (): string => runsFolder({ workDir }, "demo");
  const eventsOf = (path: string): RunEvent[] => parseEvents(readFileSync(path, "utf8")).events;
  const kept = (): RunEvent[] => eventsOf(join(folder(), `${keptRuns(folder())[0] ?? ""}.jsonl`));

  it("is the same in .plinth, for this user alone, and in the file that was asked for", async () => {
    const events = join(workDir, "events.jsonl");
    await journaled(options({ events }), (journal) => {
      journal.tell({ type: "operation", kind: "up" });
      return Promise.resolve();
    });
    assert.deepEqual(
      kept().map(({ type }) => type),
      ["begin", "operation", "end"],
    );
    assert.deepEqual(eventsOf(events), kept());
    for (const name of readdirSync(folder())) assert.equal(statSync(join(folder(), name)).mode & 0o077, 0, name);
    assert.deepEqual(warned, []);
  });

  it("tells what the engine does, by the names of people, and what waits for what", () => {
    const journal = new Journal(options());
    const run = new RunEvents();
    const key = (name: string): string => commandUrn(name).split("::").slice(2).join("::");
    const order: Ordered[] = [
      { key: key("etcd-cp1"), custom: true, dependsOn: [] },
      { key: key("etcd-cp2"), custom: true, dependsOn: [key("etcd-cp1")] },
      { key: key("apiserver-cp2"), custom: true, dependsOn: [key("etcd-cp2")] },
    ];
    const over = followOperation(journal, "up", run, () => order);
    run.handle(said("resourcePreEvent", "update", "etcd-cp1"));
    run.handle(said("resOutputsEvent", "update", "etcd-cp1"));
    run.handle(said("resourcePreEvent", "same", "etcd-cp2"));
    run.handle(said("resOutputsEvent", "same", "etcd-cp2"));
    run.handle(said("resourcePreEvent", "update", "apiserver-cp2"));
    run.handle(said("resOpFailedEvent", "update", "apiserver-cp2"));
    over();
    journal.end({ thrown: new CliError("apiserver on cp2: it broke") });
    const told = kept();
    const steps = told.flatMap((event) =>
      event.type === "step-begin"
        ? [`begins ${event.what} on ${event.host ?? ""} in wave ${event.wave}`]
        : event.type === "step-end"
          ? [`ends ${event.what} on ${event.host ?? ""}${event.failed ? ", failed" : ""}`]
          : [],
    );
    // Nothing was changed in between, so that the last one is of the second wave.
    assert.deepEqual(steps, [
      "begins etcd on cp1 in wave 1",
      "ends etcd on cp1",
      "begins apiserver on cp2 in wave 2",
      "ends apiserver on cp2, failed",
    ]);
    const waiting = told.find((event) => event.type === "waiting");
    assert.deepEqual([waiting?.done, waiting?.total], [2, 3]);
    const end = told.at(-1);
    assert.ok(end?.type === "end");
    assert.deepEqual([end.result, end.exitCode, end.message], ["failed", 1, "apiserver on cp2: it broke"]);
  });

  it("says how a run ends, in the words of who accounts for it", async () => {
    const resultOf = async (
      work: (journal: Journal) => Promise<unknown>,
      account?: JournalOptions["account"],
    ): Promise<string> => {
      await journaled({ ...options(), account }, work).catch(() => undefined);
      const end = kept().at(-1);
      rmSync(folder(), { recursive: true });
      return end?.type === "end" ? end.result : "";
    };
    assert.equal(await resultOf(() => Promise.resolve()), "done");
    assert.equal(await resultOf(() => Promise.reject(new QuietExit(Exit.interrupted))), "interrupted");
    assert.equal(await resultOf(() => Promise.reject(new CliError("x", Exit.refused))), "refused");
    assert.equal(await resultOf(() => Promise.reject(new Error("x"))), "failed");
    const withCode = (journal: Journal): Promise<void> => {
      journal.conclude(Exit.changes);
      return Promise.resolve();
    };
    assert.equal(await resultOf(withCode), "changes");
    const account: JournalOptions["account"] = {
      resultOf: (exitCode) => (exitCode === Exit.changes ? "drift" : "declined"),
    };
    assert.equal(await resultOf(withCode, account), "drift");
    assert.equal(await resultOf(() => Promise.reject(new QuietExit(Exit.failed)), account), "declined");
  });

  it("never has a secret, nor what a terminal would obey", async () => {
    hide(["correct-horse-battery"]);
    await journaled(options(), (journal) => {
      journal.warning("password correct-horse-battery\u001b]0;x\u0007");
      return Promise.resolve();
    });
    const text = readFileSync(join(folder(), `${keptRuns(folder())[0] ?? ""}.jsonl`), "utf8");
    assert.ok(!text.includes("correct-horse-battery"), text);
    assert.match(text, /password \[secret\]\\\\x1b/);
  });

  it("refuses a file that cannot be written before anything is done, and goes on where its own folder cannot", async () => {
    const missing = join(workDir, "no", "such", "folder");
    assert.throws(
      () => new Journal(options({ events: missing })),
      (error: unknown) =>
        error instanceof CliError && error.exitCode === Exit.badInput && /--?|folder/.test(error.message),
    );
    const broken = { ...options(), project: { workDir: "/dev/null" } };
    assert.equal(await journaled(broken, () => Promise.resolve(7)), 7);
    assert.match(warned.join("\n"), /cannot be written down/);
  });

  it("keeps so many streams", () => {
    for (let run = 0; run < 12; run++) {
      new Journal({ ...options({ command: "preview" }), now: () => 1000 * run }).end();
    }
    assert.ok(keptRuns(folder()).length <= 6, String(keptRuns(folder()).length));
  });
});

describe("who follows the runs of a stack", () => {
  let project: { dir: string; workDir: string };
  beforeEach(() => {
    const dir = mkdtempSync(join(tmpdir(), "plinth-follow-"));
    project = { dir, workDir: join(dir, ".plinth") };
  });
  afterEach(() => {
    rmSync(project.dir, { recursive: true });
  });
  const past = (command: string, result: RunResult = "done", minute = 0) => ({
    ...{ command, result, began: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(), duration: 5000, hosts: 1 },
    ...{ phases: [{ name: "converge", duration: 4000 }], steps: [], changes: { update: 2 } },
  });
  const start = (command: string): Journal =>
    new Journal({
      ...{ project, stack: "demo", command, hosts: ["cp1"], phases: new Phases() },
      warn: (message) => {
        throw new Error(message);
      },
    });

  it("sees a run while it goes on, then its end, and tells whether there is something new", async () => {
    const follower = new RunFollower(project, "demo");
    assert.deepEqual(follower.look(), { history: [] });
    const journal = start("up");
    assert.deepEqual([follower.look().run?.goesOn, follower.isNew], [true, true]);
    journal.tell({ type: "plan", waves: [[{ op: "update", what: "etcd", host: "cp1", effects: [] }]] });
    const { run, plan } = follower.look();
    assert.deepEqual([run?.state.plan?.waves.length, plan?.run], [1, run?.state.run]);
    journal.end();
    const over = follower.look();
    assert.deepEqual([over.run?.goesOn, over.history, follower.isNew], [false, [], true]);
    await appendRun(project.dir, "demo", past("up"));
    assert.deepEqual([follower.look().history, follower.isNew], [[past("up")], true]);
    follower.look();
    assert.equal(follower.isNew, false);
  });

  it("shows a run that changes beside looks that were made since", () => {
    start("up").end();
    const look = start("drift");
    look.tell({
      type: "drift",
      count: 1,
      differences: [{ kind: "file", name: "/etc/a", detail: "is missing" }],
      unseen: [],
    });
    look.end();
    const seen = new RunFollower(project, "demo").look();
    assert.deepEqual([seen.run?.state.command, seen.drift?.count], ["up", 1]);
  });

  it("knows of the history's runs the newest first, of those that were killed, and of no look for drift", async () => {
    for (const [minute, command] of ["up", "drift", "destroy"].entries())
      await appendRun(project.dir, "demo", past(command, "done", minute));
    const self = { pid: 2 ** 22 + 1, startTicks: "1" };
    const folder = runsFolder(project, "demo");
    mkdirSync(folder, { recursive: true });
    for (const [run, command] of [
      ["20260101T000100000Z-7-up", "up"],
      ["20260101T000101000Z-8-preview", "preview"],
    ] as const) {
      const begin: RunEvent = {
        ...{ type: "begin", at: Date.UTC(2026, 0, 1, 0, 1), run, stack: "demo", command },
        ...{ hosts: ["cp1"], process: self },
      };
      writeFileSync(join(folder, `${run}.jsonl`), `${JSON.stringify(begin)}\n`);
    }
    assert.deepEqual(
      new RunFollower(project, "demo").look().history.map(({ command, result }) => [command, result]),
      [
        ["destroy", "done"],
        ["up", "killed"],
        ["up", "done"],
      ],
    );
  });
});
