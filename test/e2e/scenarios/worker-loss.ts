import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { allHosts } from "../support/hosts.ts";
import { outsideUrl } from "../support/http.ts";
import { Kube } from "../support/kube.ts";
import { Poller } from "../support/poller.ts";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

/** A worker loses power, and then every host at once. Needs the scenario of workloads to have been run. */
export function workerLoss(project: Project): void {
  describe("hosts without power", () => {
    let kube: Kube;
    before(async () => {
      kube = await Kube.open(project);
    });
    after(() => {
      kube.close();
    });

    const readiness = (node: string) =>
      kube.run("get", "node", node, "-o", 'jsonpath={.status.conditions[?(@.type=="Ready")].status}');
    /** Nodes of the pods of the Deployment that are ready. */
    const webNodes = async (): Promise<string[]> => {
      const lines = await kube.list(
        "pods",
        '{range .items[*]}{.spec.nodeName}|{.status.conditions[?(@.type=="Ready")].status}|{.metadata.deletionTimestamp}{"\\n"}{end}',
        "-n",
        "work",
        "-l",
        "app=web",
      );
      return lines
        .map((line) => line.split("|"))
        .filter(([, ready, deleted]) => ready === "True" && deleted === "")
        .map(([node]) => node ?? "")
        .sort();
    };

    describe("power loss of a worker", () => {
      it("leaves its Node not ready, moves its pods as they tolerate, and the load balancer goes on", async () => {
        // What ran before may have left all pods on one worker.
        await kube.ask("rollout", "restart", "-n", "work", "deployment/web");
        await kube.rolledOut("deployment/web");
        await eventually("two pods are ready on each worker", 30, async () =>
          (await webNodes()).join() === "w1,w1,w2,w2" ? true : undefined,
        );
        const poller = await Poller.start(project, { path: outsideUrl });
        await project.expect(0, "lab", "kill", "w1");
        const began = performance.now();
        const killed = Date.now();
        await eventually("w1 is not ready", 90, async () =>
          (await readiness("w1")).stdout === "Unknown" ? true : undefined,
        );
        const notReady = performance.now() - began;
        await eventually("four pods run on w2", 120, async () =>
          (await webNodes()).join() === "w2,w2,w2,w2" ? true : undefined,
        );
        const moved = performance.now() - began;
        // Until kube-proxy has heard that the pods of w1 are gone, it goes on sending connections to them.
        const since = Date.now();
        await eventually("twenty requests in a row are answered", 30, () => {
          const later = poller.read().filter(({ started }) => started > since);
          const last = later.sort((a, b) => a.n - b.n).slice(-20);
          return Promise.resolve(last.length === 20 && last.every(({ ok }) => ok) ? true : undefined);
        });
        const answered = Date.now() - since;
        const report = await poller.stop();
        const lastFailure = Math.max(0, ...report.failures.map(({ started }) => started - killed));
        console.log(
          `      not ready after ${Math.round(notReady / 1000)} s, pods moved after ${Math.round(moved / 1000)} s, twenty answers in a row ${Math.round(answered / 1000)} s later; longest gap between answers ${report.gap} ms, ${report.failures.length} of ${report.attempts.length} requests failed, the last of them after ${Math.round(lastFailure / 1000)} s`,
        );
      });

      it("is over when it has power again, without a command", async () => {
        await project.expect(0, "lab", "start", "w1");
        await eventually("w1 is ready", 180, async () =>
          (await readiness("w1")).stdout === "True" ? true : undefined,
        );
        await kube.rolledOut("daemonset/client");
        await healthy(project);
        await project.expect(0, "up", "--yes", "--expect-no-changes");
      });
    });

    describe("power loss of every host at once", () => {
      it("is over when they have power again, without a command", async () => {
        for (const host of allHosts) await project.expect(0, "lab", "kill", host);
        const began = performance.now();
        await Promise.all(allHosts.map((host) => project.expect(0, "lab", "start", host)));
        await healthy(project, 300);
        const green = performance.now() - began;
        for (const object of ["deployment/web", "daemonset/client", "statefulset/ordered"])
          await kube.rolledOut(object, 240);
        const poller = await Poller.start(project, { path: outsideUrl });
        const served = performance.now() - began;
        assert.deepEqual((await poller.stop()).failures, []);
        console.log(
          `      status green after ${Math.round(green / 1000)} s, applications served after ${Math.round(served / 1000)} s`,
        );
        await project.expect(0, "up", "--yes", "--expect-no-changes");
      });
    });
  });
}
