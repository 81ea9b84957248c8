import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { findProcess } from "../../../../cli/process/identity.ts";
import { Scratch, scratchFor, tidyUp } from "../../../../cli/process/scratch.ts";

const { signal } = new AbortController();
const prefix = "plinth-scratch-test-";

describe("programs that are run aside", function () {
  this.timeout(30_000);
  let bin: string;
  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), "plinth-scratch-bin-"));
  });
  afterEach(() => {
    rmSync(bin, { recursive: true, force: true });
  });
  const program = (name: string, text: string): string => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return join(bin, name);
  };
  const never = (): Promise<never> => Promise.reject(new Error("not yet"));

  it("have a folder that nobody else may enter, and are gone with it", async () => {
    let pid: number | undefined;
    let folder: string;
    {
      await using scratch = await Scratch.open(prefix);
      folder = scratch.folder;
      assert.equal(statSync(folder).mode & 0o777, 0o700);
      assert.equal(statSync(await scratch.write("key", "secret")).mode & 0o777, 0o600);
      pid = scratch.start("sleeper", program("sleeper", "exec tail -f /dev/null"), { some: "thing" }).pid;
      assert.ok(pid !== undefined && findProcess(pid) !== undefined);
      scratch.requireAll();
    }
    assert.equal(findProcess(pid), undefined);
    assert.equal(existsSync(folder), false);
  });

  it("are told of with the end of their log when one ends by itself, or cannot be started", async () => {
    await using scratch = await Scratch.open(prefix);
    scratch.start("crasher", program("crasher", "echo the port is taken >&2; exit 3"), {});
    await assert.rejects(
      scratch.waitFor("its answer", never, { seconds: 20, signal }),
      /^ScratchError: crasher ended by itself \(exit code 3\): the port is taken$/,
    );
    await using other = await Scratch.open(prefix);
    other.start("nothing", join(bin, "nothing"), {});
    await assert.rejects(
      other.waitFor("its answer", never, { seconds: 20, signal }),
      /nothing ended by itself \(.*ENOENT/,
    );
  });

  it("have a time to answer in", async () => {
    await using scratch = await Scratch.open(prefix);
    await assert.rejects(
      scratch.waitFor("its answer", never, { seconds: 0.3, signal }),
      /^ScratchError: its answer did not come within 0\.3 s: not yet$/,
    );
    const slow = program("slow", "exec tail -f /dev/null");
    await assert.rejects(
      scratch.run("slow", slow, [], { seconds: 0.3, signal }),
      /^ScratchError: slow failed: it did not end within 0\.3 s$/,
    );
    const broken = program("broken", "echo first >&2; echo last >&2; exit 1");
    await assert.rejects(
      scratch.run("broken", broken, [], { seconds: 20, signal }),
      /^ScratchError: broken failed: last$/,
    );
    assert.equal(await scratch.run("echo", "echo", ["a", "b"], { seconds: 20, signal }), "a b\n");
  });

  it("do not see the operator's environment, which may tell them of another cluster", async () => {
    process.env["ETCDCTL_ENDPOINTS"] = "https://192.0.2.11:2379";
    try {
      await using scratch = await Scratch.open(prefix);
      assert.doesNotMatch(await scratch.run("env", "env", [], { seconds: 20, signal }), /ETCDCTL/);
    } finally {
      delete process.env["ETCDCTL_ENDPOINTS"];
    }
  });

  /** What a process of its own leaves, that opens a scratch, starts a program in it, says where and ends somehow. */
  const leaving = async (end: string, named: string = prefix): Promise<{ folder: string; pid: number }> => {
    const module = pathToFileURL(join(import.meta.dirname, "../../../../cli/process/scratch.ts")).href;
    const text = `
      const { Scratch } = await import(${JSON.stringify(module)});
      const scratch = await Scratch.open(${JSON.stringify(named)});
      const { pid } = scratch.start("sleeper", ${JSON.stringify(program("sleeper", "exec tail -f /dev/null"))}, {});
      process.stdout.write(JSON.stringify({ folder: scratch.folder, pid }), () => { ${end} });
    `;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", text]);
    const { stdout } = await run.catch((error: unknown) => error as { stdout: string });
    return JSON.parse(stdout) as { folder: string; pid: number };
  };

  it("are gone when this process ends in the middle", async () => {
    const { folder, pid } = await leaving("process.exit(1)");
    assert.equal(existsSync(folder), false);
    assert.equal(findProcess(pid), undefined);
  });

  it("are ended and removed by the next one when this process was killed", async () => {
    const { folder, pid } = await leaving('process.kill(process.pid, "SIGKILL")');
    assert.equal(existsSync(folder), true);
    assert.ok(findProcess(pid) !== undefined);
    const own = await Scratch.open(prefix);
    const others = await Scratch.open(prefix);
    assert.equal(existsSync(folder), false);
    assert.equal(findProcess(pid), undefined);
    assert.ok(existsSync(own.folder), "that of a process that lives is left alone");
    for (const scratch of [own, others]) await scratch[Symbol.asyncDispose]();
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.startsWith(prefix)),
      [],
    );
  });
  it("are ended and removed by whatever comes next, whatever they were for", async () => {
    const temporary = process.env["TMPDIR"];
    // Tests beside this one look at what is in the common folder.
    process.env["TMPDIR"] = bin;
    const next = [tidyUp, async () => (await Scratch.open(prefix))[Symbol.asyncDispose]()];
    try {
      for (const named of Object.values(scratchFor)) {
        const { folder, pid } = await leaving('process.kill(process.pid, "SIGKILL")', named);
        await next[0]?.();
        next.reverse();
        assert.equal(existsSync(folder), false);
        assert.equal(findProcess(pid), undefined);
      }
    } finally {
      if (temporary === undefined) Reflect.deleteProperty(process.env, "TMPDIR");
      else process.env["TMPDIR"] = temporary;
    }
  });
});
