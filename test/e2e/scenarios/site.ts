import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { eventually } from "../../support/eventually.ts";
import { killAll, sees } from "../support/kill.ts";
import { writePoolInventory, writePoolSettings } from "../support/pools.ts";
import { finish, type Project } from "../support/project.ts";

const pools: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "pool-a": { p1: "10.27.0.31" },
  "pool-b": { p2: "10.27.0.32" },
};
const stacks = ["--stacks", "lab,pool-*"];

/** A cluster and two pools by one command. Leaves the cluster as it was. */
export function site(project: Project): void {
  const isReady = async (node: string): Promise<boolean> => {
    const ready = '{.status.conditions[?(@.type=="Ready")].status}';
    const { stdout } = await project.plinth(
      "kubectl",
      "get",
      "node",
      node,
      "--ignore-not-found",
      "-o",
      `jsonpath=${ready}`,
    );
    return stdout === "True";
  };

  describe("a cluster and its pools by one command", () => {
    before(async () => {
      for (const [stack, hosts] of Object.entries(pools)) {
        for (const [name, address] of Object.entries(hosts)) await project.expect(0, "lab", "add", name, address);
        writePoolSettings(project, stack);
        writePoolInventory(project, stack, hosts);
      }
      project.configure("exportPoolMaterial", "true");
    });

    it("refuses what belongs to one stack, and stacks that are not there", async () => {
      assert.match(
        (await project.expect(2, "up", ...stacks, "--target", "p1")).text,
        /--target cannot be used with --stacks/,
      );
      assert.match((await project.expect(2, "up", "--stacks", "lab,nobody-*")).text, /No stack fits "nobody-\*"/);
    });

    it("is killed in the middle, and done by the next run: the cluster first, then both pools", async () => {
      const up = project.start("up", "--yes", ...stacks);
      const done = finish(up);
      await sees(up, /^pool-[ab] \| .*created/m);
      killAll(up);
      assert.notEqual((await done).code, 0);
      // What was under way is finished, and the locks are given back.
      await eventually("the runs have ended", 120, () =>
        Promise.resolve(
          Object.keys(pools).every((stack) => !existsSync(path.join(project.dir, `.plinth/run.${stack}.lock`))) ||
            undefined,
        ),
      );
      const { text } = await project.expect(0, "up", "--yes", ...stacks);
      assert.match(text, /^Stacks\n {2}lab +done .*\n {2}pool-a +done .*\n {2}pool-b +done /m);
      assert.ok((await isReady("p1")) && (await isReady("p2")));
    });

    it("has nothing to do then, is healthy and without drift", async () => {
      await project.expect(0, "up", "--yes", "--expect-no-changes", ...stacks);
      await eventually("status is green", 60, async () =>
        (await project.plinth("status", ...stacks)).code === 0 ? true : undefined,
      );
      await project.expect(0, "drift", ...stacks);
      const { stdout } = await project.expect(0, "preview", "--json", ...stacks);
      const document = JSON.parse(stdout) as { stacks: Record<string, { document: { stack: string } }> };
      assert.deepEqual(
        Object.values(document.stacks).map((one) => one.document.stack),
        ["lab", "pool-a", "pool-b"],
      );
    });

    it("has one exit code: that of the worst", async () => {
      // A host of the other pool.
      writePoolInventory(project, "pool-b", { ...pools["pool-b"], ...pools["pool-a"] });
      const { text } = await project.expect(3, "preview", ...stacks);
      assert.match(text, /^ {2}lab +done .*\n {2}pool-a +done .*\n {2}pool-b +refused /m);
      writePoolInventory(project, "pool-b", pools["pool-b"] ?? {});
    });

    it("is over: the pools are destroyed", async () => {
      for (const [stack, hosts] of Object.entries(pools)) {
        await project.expect(0, "destroy", "--stack", stack, "--yes");
        for (const name of Object.keys(hosts)) await project.expect(0, "lab", "remove", name);
      }
      project.configure("exportPoolMaterial", "false");
      await project.expect(0, "up", "--yes");
    });
  });
}
