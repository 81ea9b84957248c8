import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machine, type MachineContext } from "../../../lab/machine.ts";
import { LabPaths } from "../../../lab/paths.ts";
import { forgetHost, forgetHosts, recordedHosts, recordHost } from "../../../lab/registry.ts";

describe("lab: what it remembers", () => {
  let directory: string;
  let paths: LabPaths;
  const lab1 = { name: "lab1", address: "10.27.0.11", base: "abc" };
  const lab2 = { name: "lab2", address: "10.27.0.12", base: "abc", added: true } as const;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "plinth-registry-"));
    paths = new LabPaths(directory, { XDG_STATE_HOME: directory });
    for (const host of [lab1, lab2]) await recordHost(paths, host);
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("is each host, and whether the inventory has ever had it", async () => {
    assert.deepEqual(await recordedHosts(paths), [lab1, lab2]);
    const { added, ...listed } = lab2;
    assert.equal(added, true);
    await recordHost(paths, listed);
    assert.deepEqual(await recordedHosts(paths), [lab1, listed]);
  });

  it("forgets one host with its disk, also when that was cut off or done before", async () => {
    await mkdir(join(paths.host("lab2"), "disk"));
    await forgetHost(paths, "lab2");
    assert.deepEqual(await recordedHosts(paths), [lab1]);
    assert.equal(existsSync(paths.host("lab2")), false);
    await forgetHost(paths, "lab2");
  });

  it("forgets everything but that it was taken down", async () => {
    assert.equal(existsSync(paths.takenDown), false);
    await forgetHosts(paths);
    assert.deepEqual(await recordedHosts(paths), []);
    assert.equal(existsSync(paths.takenDown), true);
    await forgetHosts(paths);
  });

  it("takes a disk away, also what is left of one that was being taken away", async () => {
    const machine = new Machine(lab1, { paths } as MachineContext);
    const disk = join(paths.host("lab1"), "disk");
    for (const name of [disk, `${disk}.new`]) {
      await mkdir(name);
      await writeFile(join(name, "file"), "");
    }
    await machine.dropDisk();
    await machine.dropDisk();
    assert.deepEqual([existsSync(disk), existsSync(`${disk}.new`)], [false, false]);
    assert.deepEqual((await recordedHosts(paths))[0], lab1);
  });
});
