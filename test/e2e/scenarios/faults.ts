import assert from "node:assert/strict";
import { hosts, vipFound, vipHolder } from "../support/hosts.ts";
import { Poller } from "../support/poller.ts";
import { eventually } from "../../support/eventually.ts";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

const faults = {
  kill: { repair: "start", title: "power loss" },
  pause: { repair: "resume", title: "a pause" },
  partition: { repair: "heal", title: "a partition" },
} as const;

/** The holder of a lease, when it is one of the given hosts. */
async function leader(project: Project, lease: string, among: readonly string[]): Promise<string | undefined> {
  const run = await project.plinth(
    "kubectl",
    "get",
    "lease",
    lease,
    "-n",
    "kube-system",
    "-o",
    "jsonpath={.spec.holderIdentity}",
  );
  const holder = run.stdout.trim().split("_")[0];
  return run.code === 0 && holder !== undefined && among.includes(holder) ? holder : undefined;
}

/** Keeps every processor of a host busy with far more processes than it has processors, for some seconds. */
const starve = "for n in $(seq 64); do timeout 10 sh -c 'while :; do :; done' & done; wait";

/** The host that holds the VIP has more to do than it can. */
export function overload(project: Project): void {
  describe("an overload of the host that holds the VIP", () => {
    it("meets keepalived and HAProxy ahead of every other process", async () => {
      for (const host of hosts) {
        const text = await project.read(host, "ps -o comm=,ni= -C keepalived,haproxy | sort -u");
        const niceness = text
          .trim()
          .split("\n")
          .map((line) => line.split(/\s+/));
        assert.deepEqual(
          niceness,
          [
            ["haproxy", "-10"],
            ["keepalived", "-20"],
          ],
          host,
        );
      }
    });

    it("does not move the VIP, nor does a reload of keepalived", async () => {
      const holder = await vipHolder(project);
      const since = (await project.read(holder, "date +%s.%N; systemctl reload keepalived")).trim();
      await project.onHost(holder, starve);
      const moves = await Promise.all(
        hosts.map(async (host) => {
          const words = await project.read(host, `journalctl -q -o cat -u keepalived --since @${since}`);
          return words.split("\n").filter((line) => /Entering \w+ STATE|died/.test(line));
        }),
      );
      assert.deepEqual(moves.flat(), []);
      assert.equal(await vipHolder(project), holder);
      await healthy(project, 120);
    });
  });
}

/** The host that holds the VIP fails, in some ways one after the other. */
export function holderFails(project: Project, ...ways: readonly (keyof typeof faults)[]): void {
  for (const fault of ways) {
    const { repair, title } = faults[fault];
    describe(`${title} of the host that holds the VIP`, () => {
      let victim = "";
      let writer: Poller | undefined;

      it("moves the VIP and the leaders to the others", async () => {
        victim = await vipHolder(project);
        const survivors = hosts.filter((host) => host !== victim);
        writer = await Poller.start(project, { interval: 100, write: `${fault}-${Date.now()}` });
        const reader = await Poller.start(project, { path: "/api/v1/namespaces?resourceVersion=0" });
        await project.expect(0, "lab", fault, victim);
        for (const lease of ["kube-controller-manager", "kube-scheduler"]) {
          await eventually(`${lease} is led by a survivor`, 60, () => leader(project, lease, survivors));
        }
        const report = await reader.stop();
        console.log(
          `      ${victim}: longest gap between answers ${report.gap} ms, ${report.failures.length} of ${report.attempts.length} requests failed`,
        );
        assert.ok(report.attempts.at(-1)?.ok, "the last request was answered");
      });

      it("is over without a further command once the host is back", async () => {
        await project.expect(0, "lab", repair, victim);
        // Two hosts held the VIP meanwhile: nobody is to go on sending to the one that has given it up.
        await vipFound(project, 20);
        await healthy(project, 120);
        await project.expect(0, "up", "--yes", "--expect-no-changes");
        assert.ok(await vipHolder(project));
      });

      it("lost no acknowledged write", async () => {
        assert.ok(writer);
        const { attempts } = await writer.stop();
        const acknowledged = attempts.filter((attempt) => attempt.ok).map((attempt) => attempt.name);
        assert.ok(acknowledged.length > 10);
        const { stdout } = await project.expect(0, "kubectl", "get", "configmaps", "-o", "name");
        const stored = new Set(stdout.split("\n").map((line) => line.replace("configmap/", "")));
        assert.deepEqual(
          acknowledged.filter((name) => !stored.has(name)),
          [],
        );
      });
    });
  }
}
