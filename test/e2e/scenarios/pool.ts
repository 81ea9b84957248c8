import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { allHosts, startTimes } from "../support/hosts.ts";
import { killAll, sees } from "../support/kill.ts";
import { writePoolInventory, writePoolSettings } from "../support/pools.ts";
import { finish, type Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

const stack = "pool";
const addresses: Readonly<Record<string, string>> = { p1: "10.27.0.31", p2: "10.27.0.32" };
/** @param names of the pool's hosts. */
function writeInventory(project: Project, names: readonly string[], labels: Record<string, string> = {}): void {
  const own = Object.fromEntries(names.map((name) => [name, addresses[name] ?? ""]));
  writePoolInventory(project, stack, own, labels);
}

/** Workers in a stack of their own join the lab's cluster. Leaves the cluster as it was. */
export function pool(project: Project): void {
  const pooled = (code: number, command: string, ...args: string[]) =>
    project.expect(code, command, "--stack", stack, ...args);
  const nodes = async (template: string): Promise<string[]> => {
    const args = [
      "get",
      "nodes",
      "-l",
      "!node-role.kubernetes.io/control-plane",
      "-o",
      `jsonpath={range .items[*]}${template}{"\\n"}{end}`,
    ];
    return (await pooled(0, "kubectl", ...args)).stdout.split("\n").filter((line) => line.startsWith("p"));
  };
  const green = (...args: string[]) =>
    eventually(`status ${args.join(" ")} is green`, 120, async () =>
      (await project.plinth("status", ...args)).code === 0 ? true : undefined,
    );
  const bothGreen = async () => {
    await green("--stack", "lab");
    await green("--stack", stack);
  };

  describe("a worker pool in a stack of its own", () => {
    before(async () => {
      for (const [name, address] of Object.entries(addresses)) await project.expect(0, "lab", "add", name, address);
      writePoolSettings(project, stack);
      writeInventory(project, ["p1", "p2"]);
    });

    it("is refused until the cluster's stack hands over what it needs", async () => {
      const { text } = await pooled(2, "up", "--yes");
      assert.match(
        text,
        /organization\/plinth\/lab has no output poolMaterial.*plinth:exportPoolMaterial.*\[pool-material\]/,
      );
      project.configure("exportPoolMaterial", "true");
      await project.expect(0, "up", "--yes");
    });

    it("joins, and nothing on the cluster's own hosts is restarted or left to do", async () => {
      const before = await Promise.all(allHosts.map((host) => startTimes(project, host)));
      await pooled(0, "up", "--yes");
      assert.deepEqual(
        await nodes(`{.metadata.name} {.metadata.labels.node-restriction\\.kubernetes\\.io/plinth-owner}`),
        ["p1 pool", "p2 pool"],
      );
      assert.deepEqual(await Promise.all(allHosts.map((host) => startTimes(project, host))), before);
      await pooled(0, "up", "--yes", "--expect-no-changes");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });

    it("is healthy and without drift, whichever stack one looks from", async () => {
      await bothGreen();
      assert.match((await healthy(project)).stdout, /^ {2}p1 .* of stack pool$/m);
      const own = (await pooled(0, "status")).stdout;
      assert.match(own, /^ {2}p1 .* ok$/m);
      assert.doesNotMatch(own, /cp1 +yes/);
      assert.match((await project.expect(0, "drift")).stdout, /No drift: looked at all 5 hosts/);
      assert.match((await pooled(0, "drift")).stdout, /No drift: looked at all 2 hosts/);
    });

    it("finds what was changed on its hosts, and repairs it", async () => {
      await pooled(0, "ssh", "p1", "--", "sudo systemctl stop kube-proxy");
      assert.match((await pooled(4, "drift")).stdout, /^ {2}p1 +node +unit-stopped +kube-proxy/m);
      await pooled(0, "up", "--yes", "--heal");
      await pooled(0, "drift");
    });

    it("goes on by another control-plane host, and leaves a host as it is that cannot be reached", async () => {
      const { survivors } = JSON.parse((await pooled(0, "outputs", "--json")).stdout) as {
        survivors: Record<string, string>;
      };
      const survivor = survivors["p1"] ?? "";
      assert.ok(allHosts.includes(survivor as (typeof allHosts)[number]), survivor);
      await project.expect(0, "lab", "partition", survivor);
      await project.expect(0, "lab", "partition", "p2");
      writeInventory(project, ["p1", "p2"], { disk: "nvme" });
      const run = await pooled(1, "up", "--yes");
      assert.match(run.text, /not done, left as it is: p2: /);
      assert.deepEqual(await nodes(`{.metadata.name} {.metadata.labels.disk}`), ["p1 nvme", "p2 "]);
      await project.expect(0, "lab", "heal", survivor);
      await project.expect(0, "lab", "heal", "p2");
      await eventually("both Nodes are ready", 120, async () => {
        const ready = await nodes(`{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}`);
        return ready.every((line) => line.endsWith(" True")) ? true : undefined;
      });
      await pooled(0, "up", "--yes");
      assert.deepEqual(await nodes(`{.metadata.name} {.metadata.labels.disk}`), ["p1 nvme", "p2 nvme"]);
      await bothGreen();
    });

    it("puts a Node back whose host is in the inventory again after a run was killed", async () => {
      writeInventory(project, ["p1"], { disk: "nvme" });
      const up = project.start("up", "--stack", stack, "--yes");
      const done = finish(up);
      await sees(up, /updated evacuation/);
      killAll(up);
      assert.notEqual((await done).code, 0);
      assert.deepEqual(await nodes(`{.metadata.name} {.spec.unschedulable}`), ["p1 ", "p2 true"]);
      writeInventory(project, ["p1", "p2"], { disk: "nvme" });
      await pooled(0, "up", "--yes");
      assert.deepEqual(await nodes(`{.metadata.name} {.spec.unschedulable}`), ["p1 ", "p2 "]);
      await pooled(0, "up", "--yes", "--expect-no-changes");
    });

    it("lets a host leave in good order", async () => {
      writeInventory(project, ["p1"], { disk: "nvme" });
      assert.match((await pooled(0, "review")).stdout, /p2[^]*Node is deleted/);
      await pooled(0, "up", "--yes");
      assert.deepEqual(await nodes(`{.metadata.name}`), ["p1"]);
      const reset = await pooled(0, "reset", "p2", "--address", addresses["p2"] ?? "", "--yes");
      assert.match(reset.stdout, /p2 .* carries nothing of Plinth/);
      await bothGreen();
    });

    it("forgets a host that is lost, and refuses it when it comes back as it was", async () => {
      writeInventory(project, ["p1", "p2"]);
      await pooled(0, "up", "--yes");
      await project.expect(0, "lab", "kill", "p2");
      writeInventory(project, ["p1"]);
      assert.match((await pooled(3, "up", "--yes")).text, /p2: .*\[leaving-unreachable\]/);
      await pooled(0, "up", "--yes", "--lost", "p2");
      assert.deepEqual(await nodes(`{.metadata.name}`), ["p1"]);
      await project.expect(0, "lab", "start", "p2");
      writeInventory(project, ["p1", "p2"]);
      assert.match((await pooled(3, "up", "--yes")).text, /p2: .*\[tombstone\]/);
      await pooled(0, "reset", "p2", "--yes", "--force");
      writeInventory(project, ["p1"]);
      await pooled(0, "up", "--yes");
      await bothGreen();
    });

    it("takes its Nodes along when it is destroyed", async () => {
      const { stdout } = await pooled(0, "destroy", "--yes");
      assert.match(stdout, /deleted from the cluster: Node p1\n/);
      await green("--stack", "lab");
      project.configure("exportPoolMaterial", "false");
      await project.expect(0, "up", "--yes");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
