import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { reportSchema, type LoadTestReport } from "../../../plan/loadtest/report.ts";
import { eventually } from "../../support/eventually.ts";
import { vipHolder } from "../support/hosts.ts";
import { killAll, sees } from "../support/kill.ts";
import { Poller, type Report } from "../support/poller.ts";
import { finish, type Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

/** Clients of the load test that look for gaps, and of ours that ask in the same way by another program. */
interface Seen {
  theirs: LoadTestReport["clients"][number];
  ours: Report;
}

const begun = /Load for \d+ s\./;

/** What a load test says of what happens beside it. The cluster has to be there. */
export function loadTested(project: Project): void {
  describe("a load test", function () {
    this.timeout(1_200_000);
    const file = path.join(project.dir, "loadtest.json");

    /** Does something in the middle of a load test, and polls the API meanwhile. */
    async function beside(
      seconds: number,
      happen: () => Promise<unknown>,
    ): Promise<{ report: LoadTestReport; seen: Record<"new" | "kept", Seen> }> {
      rmSync(file, { force: true });
      const words = ["--duration", String(seconds), "--yes", "--max-gap", "120", "--json", file];
      const test = project.start("loadtest", ...words);
      const done = finish(test);
      await sees(test, begun);
      const path = "/api/v1/namespaces/default";
      const [alone, shared] = await Promise.all([
        Poller.start(project, { path, interval: 100 }),
        Poller.start(project, { path, interval: 100, http2: true }),
      ]);
      await happen();
      const { code, text } = await done;
      const ours = { new: await alone.stop(), kept: await shared.stop() };
      assert.ok(code === 0 || code === 1, text);
      const report = reportSchema.parse(JSON.parse(readFileSync(file, "utf8")));
      const seenBy = (name: "new" | "kept"): Seen => {
        const theirs = report.clients.find(({ client }) => client === name) ?? assert.fail(`no client ${name}`);
        console.log(
          `      ${name}: ${theirs.failed} of ${theirs.sent} failed, ${theirs.silence} s without an answer, gaps ${theirs.gaps.map(({ begin, length }) => `${begin}+${length}`).join(", ") || "none"};` +
            ` an independent client: ${ours[name].failures.length} of ${ours[name].attempts.length}, ${ours[name].gap / 1000} s`,
        );
        for (const { error, count } of theirs.errors) console.log(`        ${count} times ${error}`);
        for (const { detail } of ours[name].failures) console.log(`        the independent client: ${detail}`);
        return { theirs, ours: ours[name] };
      };
      return { report, seen: { new: seenBy("new"), kept: seenBy("kept") } };
    }

    /** Both have seen the same, as far as clients do that ask at other moments: times without an answer to a second, failures to one of a hundred. */
    function agree({ theirs, ours }: Seen): void {
      const share = (failed: number, all: number): number => failed / Math.max(1, all);
      const shares = [share(theirs.failed, theirs.sent), share(ours.failures.length, ours.attempts.length)] as const;
      assert.ok(Math.abs(theirs.silence - ours.gap / 1000) <= 1, `${theirs.silence} s, and ${ours.gap} ms`);
      assert.ok(Math.abs(shares[0] - shares[1]) <= 0.01, shares.join(", "));
    }

    const gone = async (): Promise<void> => {
      const { stdout } = await project.expect(0, "kubectl", "get", "namespaces", "-o", "name");
      assert.doesNotMatch(stdout, /plinth-loadtest/);
    };

    it("tells of a roll of all API servers what its clients saw, and leaves nothing", async () => {
      project.configure("apiserverArgs", "{ goaway-chance: '0.002' }");
      const { report, seen } = await beside(300, () => project.expect(0, "up", "--yes"));
      for (const one of Object.values(seen)) agree(one);
      const restarted = report.changes.filter(({ about, what }) => about === "unit" && /kube-apiserver/.test(what));
      assert.equal(restarted.length, 3, JSON.stringify(report.changes));
      await gone();
    });

    it("tells of the power loss of the host with the virtual IP what its clients saw, and leaves nothing", async () => {
      const holder = await vipHolder(project);
      const { report, seen } = await beside(120, () => project.expect(0, "lab", "kill", holder));
      for (const one of Object.values(seen)) agree(one);
      assert.ok(seen.new.theirs.gaps.length > 0);
      assert.ok(
        report.changes.some(({ about }) => about === "vip" || about === "host"),
        JSON.stringify(report.changes),
      );
      await project.expect(0, "lab", "start", holder);
      await healthy(project);
      await gone();
    });

    it("that is killed is told by status, and gone after the next command", async () => {
      const test = project.start("loadtest", "--duration", "120", "--yes");
      const done = finish(test);
      await sees(test, begun);
      killAll(test);
      await done;
      const status = await eventually("status tells of it", 90, async () => {
        const { text } = await project.plinth("status");
        return text.includes("plinth-loadtest-") ? text : undefined;
      });
      console.log(`      ${status.split("\n").find((line) => line.includes("plinth-loadtest-")) ?? ""}`);
      await project.expect(0, "loadtest", "--clean");
      await gone();
    });
  });
}
