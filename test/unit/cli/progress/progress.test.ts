import assert from "node:assert/strict";
import { RunEvents, type FinishedStep } from "../../../../cli/pulumi/events.ts";
import type { Ordered } from "../../../../plan/runs/order.ts";
import { converging, Progress } from "../../../../cli/progress/progress.ts";
import { Phases } from "../../../../cli/process/phases.ts";
import { LiveLines } from "../../../../cli/render/live.ts";
import type { TimedRun } from "../../../../plan/history/expected.ts";

const type = "plinth:index:Cluster$command:remote:Command";
const urn = (name: string): string => `urn:pulumi:prod::plinth::${type}::${name}`;
const past: TimedRun[] = [
  {
    ...{ command: "up", result: "done" },
    phases: [
      { name: "preview", duration: 8000 },
      { name: converging, duration: 500_000 },
    ],
    steps: [{ kind: "update etcd", durations: [20_000] }],
  },
];
const order: Ordered[] = [
  { key: `${type}::cp1-etcd`, custom: true, dependsOn: [] },
  { key: `${type}::cp2-etcd`, custom: true, dependsOn: [`${type}::cp1-etcd`] },
  { key: "plinth:index:Cluster$tls:index/privateKey:PrivateKey::key", custom: true, dependsOn: [] },
];

describe("the progress of a command", () => {
  let clock: number;
  let said: string[];
  let reads: number;
  const terminal = { note: (line = "") => void said.push(line), paint: (_style: unknown, text: string) => text };
  const begin = (): Progress =>
    new Progress(terminal, {
      ...{ command: "up", now: () => clock },
      past: () => {
        reads += 1;
        return past;
      },
    });
  /** Events of which a step is under way. */
  const running = (steps: FinishedStep[] = []): Pick<RunEvents, "steps" | "unfinished"> => ({
    steps,
    unfinished: () => [{ op: "update", urn: urn("cp1-etcd"), custom: true, started: clock - 12_000 }],
  });
  beforeEach(() => {
    // After all that other tests have written to a terminal.
    clock = Date.now() + 3_600_000;
    said = [];
    reads = 0;
  });

  it("says nothing before it was quiet for twenty seconds, and then one line", async () => {
    using progress = begin();
    const phases = new Phases();
    phases.watch(progress.phase);
    await phases.measure("preview", async () => {
      progress.tell();
      clock += 19_000;
      progress.tell();
      assert.deepEqual(said, []);
      assert.equal(reads, 0);
      clock += 2000;
      progress.tell();
      progress.tell();
      await Promise.resolve();
    });
    clock += 60_000;
    progress.tell();
    assert.deepEqual(said, ["  … preview 21 s of about 8 s"]);
    assert.equal(reads, 1);
  });

  it("tells what runs, what waits for it, and how long the whole is expected to take, from what is planned", () => {
    using progress = begin();
    progress.phase(converging);
    progress.expect([["update etcd"], ["update etcd"]]);
    const unfollow = progress.follow({ events: running(), hosts: ["cp1", "cp2"], order: () => order });
    clock += 30_000;
    const view = progress.view();
    assert.deepEqual(view, {
      phase: { name: converging, elapsed: 30_000, expected: 40_000 },
      done: 0,
      running: [{ name: "etcd on cp1", elapsed: 12_000, expected: 20_000 }],
      waiting: 1,
      next: [{ name: "etcd on cp2", awaits: ["etcd on cp1"], more: 0 }],
    });
    unfollow();
    assert.equal(progress.view().done, undefined);
  });

  it("expects nothing of what hosts do where nobody has looked, or something was never done before", () => {
    using progress = begin();
    progress.phase(converging);
    progress.follow({ events: running(), hosts: ["cp1", "cp2"], order: () => [] });
    assert.equal(progress.view().phase?.expected, undefined);
    progress.expect([["update etcd", "create role"]]);
    assert.equal(progress.view().phase?.expected, undefined);
    progress.expect([]);
    assert.equal(progress.view().phase?.expected, undefined);
  });

  it("draws lines anew on a terminal, and takes them away at the end", () => {
    const written: string[] = [];
    const stream = { columns: 60, rows: 10, write: (text: string) => written.push(text) > 0 };
    const drawn = { ...terminal, live: new LiveLines(stream) };
    {
      using progress = new Progress(drawn, { command: "drift", now: () => clock });
      progress.phase("look");
      clock += 1000;
      progress.tell();
      assert.deepEqual(written, ["  … look 1 s\n"]);
      clock += 1000;
      progress.tell();
      assert.ok(written.includes("  … look 2 s\n"));
    }
    assert.doesNotMatch(written.at(-1) ?? "", /look/);
    assert.deepEqual(said, []);
  });
});
