import assert from "node:assert/strict";
import type { EngineEvent, OpType, StepEventMetadata } from "@pulumi/pulumi/automation/index.js";
import { countChanges, plainText, RunEvents, type FinishedStep } from "../../../../cli/pulumi/events.ts";

const urn = "urn:pulumi:lab::plinth::command:remote:Command::cp1-etcd";

function metadata(op: OpType, custom = true): StepEventMetadata {
  const state = { type: "t", urn, custom, id: "", parent: "", inputs: {}, outputs: {}, provider: "" };
  return { op, urn, type: "command:remote:Command", provider: "", new: state };
}

function event(part: Partial<EngineEvent>): EngineEvent {
  return { sequence: 0, timestamp: 0, ...part };
}

describe("events of a run of the engine", () => {
  it("measures steps and reports those that change something", () => {
    let clock = 1000;
    const reported: FinishedStep[] = [];
    const events = new RunEvents({ now: () => clock, onStep: (step) => reported.push(step) });
    for (const op of ["create", "same"] as const) {
      events.handle(event({ resourcePreEvent: { metadata: metadata(op) } }));
      clock += 500;
      events.handle(event({ resOutputsEvent: { metadata: metadata(op) } }));
    }
    assert.equal(events.steps.length, 2);
    assert.deepEqual(reported, [{ op: "create", urn, custom: true, started: 1000, ended: 1500, failed: false }]);
    assert.deepEqual(events.unfinished(), []);
  });

  it("knows failed and unfinished steps", () => {
    const events = new RunEvents({ now: () => 5 });
    events.handle(event({ resourcePreEvent: { metadata: metadata("update") } }));
    events.handle(event({ resourcePreEvent: { metadata: metadata("delete") } }));
    events.handle(event({ resOpFailedEvent: { metadata: metadata("update"), status: 1, steps: 1 } }));
    assert.deepEqual(
      events.steps.map(({ op, failed }) => [op, failed]),
      [["update", true]],
    );
    assert.deepEqual(events.unfinished(), [{ op: "delete", urn, custom: true, started: 5 }]);
  });

  it("takes the end of a stack, of which the engine has nothing new to say", () => {
    const events = new RunEvents();
    const gone = { ...metadata("delete"), type: "pulumi:pulumi:Stack", new: null };
    events.handle(event({ resOutputsEvent: { metadata: gone as unknown as StepEventMetadata } }));
    assert.equal(events.outputs, undefined);
    assert.equal(events.steps.length, 1);
  });

  it("keeps plans apart from what was done", () => {
    const events = new RunEvents();
    events.handle(event({ resourcePreEvent: { metadata: metadata("update"), planning: true } }));
    events.handle(event({ resourcePreEvent: { metadata: metadata("same"), planning: true } }));
    events.handle(event({ resOutputsEvent: { metadata: metadata("update"), planning: true } }));
    assert.deepEqual(
      events.planned.map(({ op }) => op),
      ["update"],
    );
    assert.deepEqual([events.steps, events.unfinished()], [[], []]);
  });

  it("collects what was said, what plugins print included, without colours", () => {
    const events = new RunEvents();
    const say = (message: string, ephemeral = false): void => {
      const diagnosticEvent = { urn, message, color: "raw", severity: "error" as const, ephemeral };
      events.handle(event({ diagnosticEvent }));
    };
    say("<{%fg 1%}>error: <{%reset%}>\u001b[31mit broke\u001b[0m\n");
    say("progress of a plugin", true);
    say("\n");
    assert.deepEqual(events.diagnostics, [
      { urn, severity: "error", message: "error: it broke" },
      { urn, severity: "error", message: "progress of a plugin" },
    ]);
    assert.equal(plainText("a 100%> b"), "a 100%> b");
  });

  it("passes warnings on", () => {
    const warnings: string[] = [];
    const events = new RunEvents({ onWarning: (message) => warnings.push(message) });
    for (const severity of ["warning", "info"] as const) {
      events.handle(
        event({ diagnosticEvent: { message: "<{%fg 3%}>warning: <{%reset%}>set aside", color: "raw", severity } }),
      );
    }
    assert.deepEqual(warnings, ["set aside"]);
  });

  it("has the stack's outputs of a run, and none of a preview or where the program failed", () => {
    const ca = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "[secret]" };
    const ofStack = (): StepEventMetadata => {
      const { new: state, ...rest } = metadata("same", false);
      assert.ok(state);
      return {
        ...rest,
        type: "pulumi:pulumi:Stack",
        new: { ...state, outputs: { vip: "192.0.2.10", ca } },
      };
    };
    const events = new RunEvents();
    events.handle(event({ resOutputsEvent: { metadata: ofStack(), planning: true } }));
    events.handle(event({ resOpFailedEvent: { metadata: ofStack(), status: 1, steps: 1 } }));
    events.handle(event({ resOutputsEvent: { metadata: metadata("create") } }));
    assert.equal(events.outputs, undefined);
    events.handle(event({ resOutputsEvent: { metadata: ofStack() } }));
    assert.deepEqual(events.outputs, { vip: "192.0.2.10", ca: "[secret]" });
  });

  it("counts changes, not what stays", () => {
    assert.equal(countChanges({ same: 4, read: 1, update: 2, create: 1 }), 3);
    assert.equal(countChanges({}), 0);
  });
});
