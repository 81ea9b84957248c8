import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseRecord, parseStat, processAge, recordedProcessAlive } from "../../../lab/process.ts";

const bootId = "00000000-0000-4000-8000-000000000000";

describe("lab: recorded processes", () => {
  let directory: string;
  let file: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "plinth-process-"));
    file = join(directory, "supervisor");
  });
  after(() => rm(directory, { recursive: true }));

  const own = async (): Promise<{ startTime: number; boot: string }> => ({
    startTime: parseStat(await readFile("/proc/self/stat", "utf8")).startTime,
    boot: (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim(),
  });

  it("reads a whole record and nothing else", () => {
    assert.deepEqual(parseRecord(`18 156031 ${bootId}\n`), { pid: 18, startTime: 156031, bootId });
    for (const text of ["", "18", "18 156031", `18 156031 ${bootId.slice(1)}`, `x 1 ${bootId}`, `-1 1 ${bootId}`]) {
      assert.equal(parseRecord(text), undefined, text);
    }
  });

  it("is not misled by the name of a program", () => {
    const rest = Array.from({ length: 18 }, (_, index) => index).join(" ");
    assert.deepEqual(parseStat(`18 (a) R 1 (b) Z ${rest} 4711 0`), { state: "Z", startTime: 4711 });
  });

  it("recognizes a process by id, start time and boot together", async () => {
    const { startTime, boot } = await own();
    const check = async (text: string): Promise<boolean> => {
      await writeFile(file, text);
      return recordedProcessAlive(file);
    };
    assert.equal(await check(`${process.pid} ${startTime} ${boot}\n`), true);
    assert.equal(
      await check(`${process.pid} ${startTime + 1} ${boot}\n`),
      false,
      "the id was given to a later process",
    );
    assert.equal(await check(`${process.pid} ${startTime} ${bootId}\n`), false, "the machine has booted since");
    assert.equal(await check(`4194999 ${startTime} ${boot}\n`), false, "no such process");
    assert.equal(await check("garbage"), false);
    assert.equal(await recordedProcessAlive(join(directory, "absent")), false);
  });

  it("counts a process that has ended but was not reaped as gone", async () => {
    // The shell replaces itself by a program that never waits for its children; this child ends only after that.
    const child = "sh -c 'until [ \"$(cat /proc/$PPID/comm)\" = sleep ]; do :; done'";
    const parent = spawn("sh", ["-c", `${child} & echo $!; exec sleep 60`], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      const [chunk] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(chunk.toString());
      let stat = "";
      while (!stat.includes(") Z ")) stat = await readFile(`/proc/${pid}/stat`, "utf8");
      await writeFile(file, `${pid} ${parseStat(stat).startTime} ${(await own()).boot}\n`);
      assert.equal(await recordedProcessAlive(file), false);
    } finally {
      parent.kill("SIGKILL");
    }
  });

  it("tells the age of a process in seconds", async () => {
    const age = await processAge(process.pid);
    assert.ok(
      age !== null && Math.abs(age - process.uptime()) <= 2,
      `${age ?? "none"} s against ${process.uptime()} s`,
    );
    assert.equal(await processAge(4194999), null);
  });
});
