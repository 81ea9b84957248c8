import assert from "node:assert/strict";
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
  });
});
