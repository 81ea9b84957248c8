import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { allHosts, hosts, startTimes } from "../support/hosts.ts";
import { fetchInside } from "../support/http.ts";
import type { Project } from "../support/project.ts";

const line = `  { name: "w2", address: "10.27.0.22"`;
const added = `  { name: "w3", address: "10.27.0.23", roles: ["worker"], region: "lab", zone: "c", labels: { disk: "nvme" } },\n`;

/** A worker is added. */
export function newWorker(project: Project): void {
  describe("a new worker", () => {
    let before: Record<string, string>[] = [];

    it("shows in the preview as what is made for it, and as a backend of the load balancers", async () => {
      before = await Promise.all(allHosts.map((host) => startTimes(project, host)));
      await project.expect(0, "lab", "add", "w3", "10.27.0.23");
      const text = readFileSync(path.join(project.dir, "hosts/lab.ts"), "utf8");
      assert.ok(text.includes(line));
      project.edit("hosts/lab.ts", line, `${added}${line}`);
      const { stdout } = await project.expect(0, "preview", "--json");
      const { changes } = JSON.parse(stdout) as { changes: { op: string; what: string; host?: string }[] };
      assert.deepEqual(
        changes.filter(({ op }) => op !== "create").map(({ op, what, host }) => `${op} ${what} ${host ?? ""}`),
        ["update evacuation ", "update roster ", ...hosts.map((host) => `update loadbalancer ${host}`)],
      );
      assert.deepEqual([...new Set(changes.filter(({ op }) => op === "create").map(({ host }) => host))], ["w3"]);
    });

    it("joins, takes traffic, and no other host's services are restarted", async () => {
      await project.expect(0, "up", "--yes");
      const { stdout } = await project.expect(
        0,
        "kubectl",
        "get",
        "node",
        "w3",
        "-L",
        "disk",
        "-L",
        "topology.kubernetes.io/zone",
      );
      assert.match(stdout, /w3\s+Ready\s+worker\s.*\snvme\s+c\n/);
      const after = await Promise.all(allHosts.map((host) => startTimes(project, host)));
      assert.deepEqual(after, before);
      await fetchInside(project, "http://10.27.0.23:30080/");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
