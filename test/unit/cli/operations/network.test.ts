import assert from "node:assert/strict";
import type { NetworkReport } from "../../../../cli/network/check.ts";
import { afterUpLines, isTestDue, testAfterUp } from "../../../../cli/operations/network.ts";
import type { LoadedStack } from "../../../../cli/project/inventory.ts";
import type { EngineContext } from "../../../../cli/pulumi/context.ts";
import type { FinishedStep } from "../../../../cli/pulumi/events.ts";
import { bundles } from "../../../../plan/bringup.ts";
import { configOf, hostsOf } from "../../../support/cluster.ts";

const carrying = bundles.find(({ carriesTraffic }) => carriesTraffic === true)?.type ?? "";
const other = bundles.find(({ carriesTraffic }) => carriesTraffic !== true)?.type ?? "";
const step = (type: string, more: Partial<FinishedStep> = {}): FinishedStep => ({
  ...{ op: "update", custom: true, started: 0, ended: 1, failed: false },
  urn: `urn:pulumi:prod::plinth::plinth:index:Cluster$${type}$command:remote:Command::cp1`,
  ...more,
});
const input = { hosts: hostsOf(), config: configOf() };

const report: NetworkReport = {
  ...{ at: "2026-01-31T00:00:00.000Z", paths: 21, findings: [], untested: [] },
  hosts: { cp1: { "pod-pod": { tried: 2, failed: 0 } } },
};
const finding = {
  path: "pod-pod" as const,
  from: "cp1",
  to: "cp2",
  message: "a pod on cp1 does not reach a pod on cp2",
};
const plain = { paint: (_style: unknown, text: string) => text };

describe("the test of the network after a run", () => {
  it("is due when something changed that packets go by", () => {
    assert.equal(isTestDue([step(carrying)], input), true);
    assert.equal(isTestDue([step(carrying, { op: "create" })], input), true);
    assert.equal(isTestDue([step("plinth:addons:CoreDns")], input), true);
    assert.equal(isTestDue([step(other)], input), false);
    assert.equal(isTestDue([step(carrying, { op: "same" })], input), false);
    assert.equal(isTestDue([step(carrying, { failed: true })], input), false);
    assert.equal(isTestDue([step(carrying, { urn: "no URN" })], input), false);
    assert.equal(isTestDue([], input), false);
  });

  it("is not due where the configuration says so, nor for a fleet that is simulated, nor without a cluster", () => {
    const off = configOf({ networkCheck: { afterUp: false } });
    assert.equal(isTestDue([step(carrying)], { ...input, config: off }), false);
    const simulated = input.hosts.map((host, index) => ({ ...host, address: `127.1.0.${index + 1}` }));
    assert.equal(isTestDue([step(carrying)], { ...input, hosts: simulated }), false);
    const machines = input.hosts.map((host) => ({ ...host, roles: [] }));
    assert.equal(isTestDue([step(carrying)], { ...input, hosts: machines }), false);
  });

  describe("ends", () => {
    const notes: string[] = [];
    const terminal = { note: (line = "") => notes.push(line) };
    const context = { stack: "prod" } as EngineContext;
    const loaded = input as unknown as LoadedStack;
    const after = (test: () => Promise<NetworkReport | undefined>, signal = new AbortController().signal) =>
      testAfterUp(context, loaded, terminal, signal, test);
    beforeEach(() => notes.splice(0));

    it("well, or with what does not work", async () => {
      const well = await after(() => Promise.resolve(report));
      assert.deepEqual(well, { works: true, report, error: undefined });
      const broken = { ...report, findings: [finding] };
      assert.deepEqual(await after(() => Promise.resolve(broken)), { works: false, report: broken, error: undefined });
      assert.deepEqual(notes, []);
    });

    it("with a note where there is nothing to test yet", async () => {
      assert.equal(await after(() => Promise.resolve(undefined)), undefined);
      assert.match(notes.join("\n"), /was not tested: no Node is ready yet\. .*\.\/plinth check network$/);
    });

    it("with the reason where it could not be tested: what the run has done stays", async () => {
      const failed = await after(() => Promise.reject(new Error("The API server cannot be reached.")));
      assert.deepEqual(failed, { works: false, report: undefined, error: "The API server cannot be reached." });
    });

    it("as an interrupted run does", async () => {
      const stop = new AbortController();
      const interrupted = after(() => {
        stop.abort(new Error("interrupted"));
        return Promise.reject(new Error("anything"));
      }, stop.signal);
      await assert.rejects(interrupted, /^Error: interrupted$/);
    });
  });

  it("is told at the end of the run: a table only where something fails", () => {
    const ok = afterUpLines({ works: true, report, error: undefined }, plain);
    assert.deepEqual(ok, ["The network works: 21 paths tested."]);
    const hosts = { cp1: { "pod-pod": { tried: 2, failed: 1 } } };
    const lines = afterUpLines(
      { works: false, report: { ...report, hosts, findings: [finding] }, error: undefined },
      plain,
    );
    assert.equal(lines[0], "Everything was brought to its desired state, but the network does not work.");
    assert.match(
      lines.join("\n"),
      /cp1 +1 of 2 fail[^]*\n1 of 21 paths do not work:\n {2}- a pod on cp1 does not reach/,
    );
    assert.deepEqual(afterUpLines({ works: false, report: undefined, error: "HTTP 403" }, plain), [
      "Everything was brought to its desired state, but the network could not be tested: HTTP 403",
    ]);
  });
});
