import assert from "node:assert/strict";
import { judgeBackups, type TargetState } from "../../../../plan/backup/record.ts";
import { clockSlack } from "../../../../plan/backup/set.ts";
import { backupOf } from "../../../support/backup.ts";

const now = 1_800_000_000;
const stateAt = (at: number): TargetState => ({
  ...{ target: "vault", kind: "data", failures: [] },
  newest: { id: "20270115T080000Z-cp1", at, sha256: undefined },
});
const judged = (at: number): string[] =>
  judgeBackups(backupOf(), [stateAt(at)], now, "./plinth backup now").map(({ message }) => message);

describe("what is to be done about backups", () => {
  it("is nothing while the newest set is young, by clocks that differ a little", () => {
    for (const at of [now - 60, now, now + clockSlack]) assert.deepEqual(judged(at), []);
  });

  it("is to see to a set that is too old, or that would not be for years", () => {
    assert.match(judged(now - 30 * 86_400).join(), /^backup target vault has a newest set of data that is 30 d old: /);
    assert.match(
      judged(now + clockSlack + 1).join(),
      /^backup target vault has a newest set of data that is dated in the future \(20270115T080000Z-cp1\), compare the clocks of members: /,
    );
  });

  it("is to compare the clocks of whoever makes the half", () => {
    const state = { ...stateAt(now + clockSlack + 1), kind: "state" as const };
    const [found] = judgeBackups(backupOf(), [state], now, "./plinth backup now");
    assert.match(found?.message ?? "", /a newest set of state .*, compare the clocks of operators' machines: /);
  });
});
