import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FleetProcess } from "../../../bench/fleet/process.ts";
import { measure, type OperationResult } from "../../../bench/operations.ts";
import { benchHosts, BenchProject, benchStack } from "../../../bench/project.ts";

const root = join(import.meta.dirname, "../../..");

// The whole way from the command line to hosts and API, with the real engine: what hosts do is simulated, nothing else is.
describe("a simulated fleet", function () {
  this.timeout(300_000);
  let fleet: FleetProcess;
  let project: BenchProject | undefined;

  before(async () => {
    fleet = await FleetProcess.start();
    project = await BenchProject.make(root, undefined, fleet.access);
  });

  after(async () => {
    await project?.remove();
    await fleet.close();
  });

  it("of four hosts is brought up, after which nothing is to be done", async () => {
    assert.ok(project !== undefined);
    const copy = project;
    const hosts = benchHosts(fleet.access.subnet, 4);
    await fleet.publish(await copy.scripts());
    await copy.configure(hosts, await fleet.add(hosts), { sshDials: 2 });
    const run = async (...words: string[]): Promise<OperationResult> => {
      const result = await measure(copy, [...words, "--stack", benchStack]);
      assert.equal(result.code, 0, result.said);
      return result;
    };
    const first = await run("up", "--yes");
    const { complaints, dials, mostWaiting } = await fleet.count();
    assert.deepEqual([complaints, dials], [[], hosts.length]);
    assert.ok(mostWaiting <= 2, `${mostWaiting} dials at a time`);
    assert.ok((first.changes ?? 0) > 0);
    assert.ok((first.state?.resources ?? 0) > 0);
    assert.ok(first.cost.engine.peakMiB > 0 && first.cost.program.peakMiB > 0);

    await run("up", "--yes"); // Steps of the roster may move to other hosts once there are some.
    const again = await run("preview", "--expect-no-changes");
    assert.equal(again.changes, 0);

    // What a branch asks for, as data: the same comes to the same, a setting that it decides and a host are changes.
    const given = async (proposed: unknown[], config = ""): Promise<string[]> => {
      const [inventory, file] = [join(copy.folder, "inventory.json"), join(copy.folder, "config.yaml")];
      await writeFile(inventory, JSON.stringify({ stack: benchStack, hosts: proposed }));
      await writeFile(file, `${await readFile(join(copy.directory, `Pulumi.${benchStack}.yaml`), "utf8")}${config}`);
      return ["preview", "--inventory", inventory, "--config", file];
    };
    await writeFile(join(copy.directory, "hosts", `${benchStack}.ts`), "throw new Error('the inventory ran');\n");
    assert.equal((await run(...(await given(hosts)), "--expect-no-changes")).changes, 0);
    assert.ok(((await run(...(await given(hosts, "  plinth:openFilesLimit: 32768\n")))).changes ?? 0) > 0);
    const more = benchHosts(fleet.access.subnet, 5);
    const [fifth] = more.slice(4);
    assert.ok(fifth !== undefined);
    const keys = await fleet.add([fifth]);
    const proposed = [...hosts, { ...fifth, hostKey: keys[fifth.name] }];
    assert.ok(((await run(...(await given(proposed)))).changes ?? 0) > 0);
  });
});
