import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  keepPlan,
  notInPlan,
  parsePlan,
  requirePlanned,
  withPlanFile,
  type EnginePlan,
} from "../../../../cli/operations/saved-plan.ts";

const urn = (name: string): string => `urn:pulumi:lab::plinth::command:remote:Command::${name}`;
const secret = (ciphertext: string) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ciphertext,
});
const planOf = (resources: Record<string, [string, unknown?]>): EnginePlan => ({
  resourcePlans: Object.fromEntries(
    Object.entries(resources).map(([name, [op, inputDiff = {}]]) => [urn(name), { steps: [op], goal: { inputDiff } }]),
  ),
});

describe("saved plans", () => {
  const saved = planOf({
    "cp1-etcd": ["update", { updates: { create: "a", stdin: secret("one") } }],
    "cp2-etcd": ["same"],
    "cp3-etcd": ["create", { adds: { create: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" } }],
  });
  const hosts = ["cp1", "cp2", "cp3"];

  it("hold what they have shown, what only the run tells, and secrets in whatever cipher", () => {
    const now = planOf({
      "cp1-etcd": ["update", { updates: { create: "a", stdin: secret("two") } }],
      "cp3-etcd": ["create", { adds: { create: "known by now" } }],
    });
    assert.deepEqual(notInPlan(saved, now, hosts), []);
    assert.deepEqual(notInPlan(saved, planOf({ "cp1-etcd": ["same"] }), hosts), [], "done already");
  });

  it("do not hold another change, another operation or more", () => {
    const now = planOf({
      "cp1-etcd": ["update", { updates: { create: "b", stdin: secret("one") } }],
      "cp2-etcd": ["update", { updates: { create: "x" } }],
      "cp3-etcd": ["delete"],
      "w1-claim": ["create"],
    });
    assert.deepEqual(notInPlan(saved, now, hosts), [
      "update etcd on cp1",
      "update etcd on cp2",
      "delete etcd on cp3",
      "create claim on w1",
    ]);
    assert.throws(() => {
      requirePlanned("plan.json", saved, now, hosts);
    }, /^CliError: Refused: plan\.json does not hold update etcd on cp1, .*nothing was touched\. Review again\.$/);
  });

  it("are for one stack, and are plans", () => {
    assert.throws(() => parsePlan("{", "p", "lab"), /p is not a plan/);
    assert.throws(() => parsePlan("[]", "p", "lab"), /p is not a plan/);
    assert.throws(() => parsePlan(JSON.stringify(saved), "p", "prod"), /for stack "lab", not for "prod"/);
    assert.deepEqual(parsePlan(JSON.stringify(saved), "p", "lab"), saved);
  });

  it("lie where this user alone can read them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "plinth-plan-"));
    try {
      const target = join(folder, "plan.json");
      let draft = "";
      await withPlanFile(folder, (path) => {
        draft = path;
        assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
        writeFileSync(path, "{}", { mode: 0o644 });
        keepPlan(path, target);
        return Promise.resolve();
      });
      assert.equal(existsSync(dirname(draft)), false);
      assert.equal(statSync(target).mode & 0o777, 0o600);
      assert.equal(readFileSync(target, "utf8"), "{}");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
