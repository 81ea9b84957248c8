import assert from "node:assert/strict";
import fc from "fast-check";
import type { RestoreFact, RestoreFacts, RestoreStep } from "../../../../plan/restore/facts.ts";
import {
  givenUpOf,
  memberNames,
  nextStep,
  restoreSteps,
  underWay,
  type RestoreVerb,
} from "../../../../plan/restore/steps.ts";

const id = "20261129T210000Z-1a2b3c";
const factOf = (step: RestoreStep, which = id): RestoreFact => ({
  ...{ id: which, step, sha256: "0".repeat(64), token: "token", bump: 1_000_000_000 },
  members: "cp1=https://192.0.2.11:2380,cp2=https://192.0.2.12:2380",
});
const at = (step: RestoreStep): RestoreFacts => ({ current: factOf(step) });
const of = (hosts: Record<string, RestoreFacts | undefined>) => new Map(Object.entries(hosts));

/** What a host says after each step. */
const after: Record<RestoreVerb, RestoreFacts> = {
  stage: at("staged"),
  quiet: at("quiet"),
  stop: at("stopped"),
  seed: at("seeded"),
  start: at("started"),
  serve: at("serving"),
  finish: { last: id },
};

describe("the steps of a restore", () => {
  it("begin everywhere with the first", () => {
    assert.deepEqual(nextStep(id, of({ cp1: undefined, cp2: {} })), { step: "stage", hosts: ["cp1", "cp2"] });
    assert.deepEqual(nextStep(id, of({ cp1: { last: "20250101T000000Z-000000" } })), { step: "stage", hosts: ["cp1"] });
  });

  it("wait for the last host", () => {
    assert.deepEqual(nextStep(id, of({ cp1: at("stopped"), cp2: at("quiet") })), { step: "stop", hosts: ["cp2"] });
    assert.deepEqual(nextStep(id, of({ cp1: at("quiet"), cp2: at("quieting") })), { step: "quiet", hosts: ["cp2"] });
    assert.deepEqual(nextStep(id, of({ cp1: { last: id }, cp2: at("serving") })), { step: "finish", hosts: ["cp2"] });
    assert.deepEqual(nextStep(id, of({ cp1: { last: id }, cp2: { last: id } })), { done: true });
  });

  it("begin anew where hosts are in the middle of another restore", () => {
    const hosts = of({ cp1: { current: factOf("seeded", "20261128T210000Z-000000") }, cp2: at("staged") });
    assert.deepEqual(nextStep(id, hosts), { step: "stage", hosts: ["cp1"] });
  });

  it("leave what one has brought that was given up before it stopped anything", () => {
    const other = "20261128T210000Z-000000";
    const hosts = of({
      ...{ cp1: at("staged"), cp2: { current: factOf("staged", other) }, cp3: at("staged"), cp4: undefined },
      ...{ cp5: at("quiet"), cp6: { last: id } },
    });
    assert.deepEqual(givenUpOf(hosts), [
      { id: other, hosts: ["cp2"] },
      { id, hosts: ["cp1", "cp3"] },
    ]);
    assert.deepEqual(givenUpOf([]), []);
  });

  it("do not go on where somebody has taken a host's part away: its member has forgotten what it has voted for", () => {
    assert.deepEqual(nextStep(id, of({ cp1: at("started"), cp2: undefined })), { torn: ["cp2"] });
    assert.deepEqual(nextStep(id, of({ cp1: at("started"), cp2: at("stopped") })), { torn: ["cp2"] });
  });

  it("come to their end however often they are killed, one after the other on all hosts", () => {
    const names = ["cp1", "cp2", "cp3"];
    fc.assert(
      fc.property(fc.array(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), { maxLength: 40 }), (rounds) => {
        const hosts = new Map<string, RestoreFacts | undefined>(names.map((name) => [name, undefined]));
        const progress = new Map(names.map((name) => [name, 0]));
        // Each round only some of the hosts come to the end of what they are told; then all do.
        for (const ends of [...rounds, ...Array.from(restoreSteps, () => [true, true, true])]) {
          const next = nextStep(id, hosts);
          assert.ok(!("torn" in next));
          if ("done" in next) break;
          const index = restoreSteps.indexOf(next.step);
          for (const count of progress.values()) assert.ok(count >= index, "nobody is behind the step that is done");
          for (const name of next.hosts) {
            if (ends[names.indexOf(name)] !== true) continue;
            hosts.set(name, after[next.step]);
            progress.set(name, index + 1);
          }
        }
        assert.deepEqual(nextStep(id, hosts), { done: true });
      }),
    );
  });
});

describe("a restore that is under way", () => {
  it("is the newest that has stopped something, as hosts with etcd know it", () => {
    const without = { ...factOf("quiet"), sha256: "-" };
    const older = factOf("stopped", "20261128T210000Z-ffffff");
    assert.deepEqual(
      underWay([{ restores: { current: older } }, { restores: at("quiet") }, { restores: { current: without } }]),
      factOf("quiet"),
    );
    assert.equal(underWay([{ restores: at("staged") }, {}, { restores: { last: id } }]), undefined);
  });

  it("knows its members by name", () => {
    assert.deepEqual(memberNames(factOf("quiet").members), ["cp1", "cp2"]);
  });
});
