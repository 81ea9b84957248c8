import assert from "node:assert/strict";
import { bundles } from "../../../../plan/bringup.ts";
import {
  judgeRecord,
  parseRecord,
  recordKey,
  recordLine,
  recordOf,
  type NetworkReading,
} from "../../../../plan/networkcheck/record.ts";
import { defaultMaxAgeHours } from "../../../../plan/networkcheck/settings.ts";
import { mayBreakNetwork } from "../../../../plan/networkcheck/when.ts";

const finding = { path: "pod-pod" as const, from: "w1", to: "w2", message: "a pod on w1 does not reach a pod on w2" };
const record = recordOf({ paths: 21, findings: [], untested: [] }, Date.UTC(2026, 0, 31));
const failed = recordOf({ paths: 21, findings: [finding, finding], untested: [] }, Date.UTC(2026, 0, 31));
const command = "./plinth check network";
const hour = 3600;

describe("the record of the network's test", () => {
  it("is read again as it was written, for each stack", () => {
    const json = JSON.stringify({ data: { [recordKey("prod")]: JSON.stringify(record) } });
    assert.deepEqual(parseRecord(json, "prod"), record);
    assert.equal(parseRecord(json, "prod-pool"), undefined);
    assert.equal(parseRecord("{}", "prod"), undefined);
  });

  it("is data: what it says is escaped, and nonsense is refused", () => {
    const hostile = { ...failed, findings: [{ from: "w1", message: "\u001b[2Jall is well" }] };
    const json = JSON.stringify({ data: { [recordKey("prod")]: JSON.stringify(hostile) } });
    assert.equal(parseRecord(json, "prod")?.findings[0]?.message, "\\x1b[2Jall is well");
    for (const text of ["nonsense", JSON.stringify({ ...record, failed: -1 }), "null"])
      assert.throws(
        () => parseRecord(JSON.stringify({ data: { [recordKey("prod")]: text } }), "prod"),
        /makes no sense/,
      );
  });

  it("keeps the first findings, and counts all", () => {
    const many = recordOf({ paths: 900, findings: Array.from({ length: 300 }, () => finding), untested: [] }, 0);
    assert.deepEqual([many.failed, many.findings.length], [300, 50]);
  });

  it("is one line of the status", () => {
    assert.equal(recordLine({ record, age: 3 * hour }), "tested 3 h ago, all 21 paths work");
    const without = { ...failed, untested: [{ host: "w3", reason: "full" }] };
    assert.equal(recordLine({ record: without, age: 61 }), "tested 1 min ago, 2 of 21 paths do not work (without w3)");
    assert.equal(recordLine({ record: undefined }), "never tested");
    assert.equal(recordLine({ error: "HTTP 403" }), "unknown: HTTP 403");
  });

  const problems = (reading: NetworkReading, maxAgeHours?: number) =>
    judgeRecord(reading, { maxAgeHours }, command).map(({ message }) => message);

  it("is no problem while it is fresh, or where nobody wants a test", () => {
    assert.deepEqual(problems({ record, age: hour }), []);
    assert.deepEqual(problems({ record, age: -5 }), [], "clocks differ");
    assert.deepEqual(problems({ record: undefined }), []);
  });

  it("is a problem when it failed, is too old, or is missing", () => {
    assert.deepEqual(problems({ record: failed, age: hour }), [
      `the network did not work 1 h ago: ${finding.message} (and 1 more); test anew: ${command}`,
    ]);
    assert.match(problems({ record, age: 2 * hour }, 1)[0] ?? "", /^the network was last tested 2 h ago/);
    assert.deepEqual(problems({ record, age: (defaultMaxAgeHours - 1) * hour }), []);
    assert.equal(problems({ record, age: (defaultMaxAgeHours + 1) * hour }).length, 1);
    assert.match(problems({ record: undefined }, 1)[0] ?? "", /never been tested/);
    assert.match(problems({ error: "HTTP 403" })[0] ?? "", /is not known: HTTP 403/);
  });
});

describe("a run", () => {
  const command = "command:remote:Command";
  const changes = (...types: string[]) => mayBreakNetwork([{ types: ["plinth:index:Cluster", ...types] }]);

  it("is followed by a test when packets go by what it changed", () => {
    const carrying = bundles.filter(({ type }) => changes(type, command)).map(({ name }) => name);
    assert.deepEqual(carrying, ["baseline", "loadbalancer", "runtime", "node"]);
    assert.ok(changes("plinth:addons:Addons", "plinth:addons:CoreDns", "kubernetes:apps/v1:Deployment"));
  });

  it("is not when it changed other things, or nothing", () => {
    assert.ok(!mayBreakNetwork([]));
    assert.ok(!changes("plinth:tenants:Tenant", "kubernetes:core/v1:Namespace"));
    assert.ok(!changes("plinth:etcd:Member", command));
  });
});
