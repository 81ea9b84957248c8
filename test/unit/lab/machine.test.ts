import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { raiseLimits } from "../../../lab/limits.ts";
import { ensureTools, missingPackages } from "../../../lab/tools.ts";

describe("lab: this machine", () => {
  let directory: string;
  let told: string[];
  const tell = (line: string): void => {
    told.push(line);
  };
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "plinth-machine-"));
  });
  beforeEach(() => {
    told = [];
  });
  after(() => rm(directory, { recursive: true }));

  it("raises a limit that is too low, says so once, and leaves a higher one alone", async () => {
    const file = join(directory, "limit");
    await writeFile(file, "128\n");
    await raiseLimits(tell, [[file, 2048]]);
    await raiseLimits(tell, [[file, 1024]]);
    assert.equal(await readFile(file, "utf8"), "2048\n");
    assert.deepEqual(told, [`raised ${file} of this machine from 128 to 2048: all hosts share it`]);
  });

  it("names the packages of all missing programs, each once", async () => {
    const missing = await missingPackages([directory]);
    for (const name of ["systemd-container", "mmdebstrap", "iproute2", "nftables", "openssh-client"]) {
      assert.equal(missing.filter((other) => other === name).length, 1, name);
    }
  });

  it("installs what is missing by the package manager, after fetching its lists, with one line that says so", async function () {
    if (process.getuid?.() !== 0) {
      await assert.rejects(ensureTools(tell, [directory]), /needs root/);
      return;
    }
    const programs = join(directory, "bin");
    await mkdir(programs);
    const log = join(directory, "log");
    await writeFile(join(programs, "apt-get"), `#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >>'${log}'\n`);
    await chmod(join(programs, "apt-get"), 0o755);
    await ensureTools(tell, [programs]);
    const [update = "", install = ""] = (await readFile(log, "utf8")).split("\n");
    assert.match(update, /^noninteractive update/);
    assert.match(install, /^noninteractive install .*-y.* mmdebstrap .*systemd-container/);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", /^installing on this machine for the lab: .*mmdebstrap/);
    await assert.rejects(ensureTools(tell, [directory]), /needs the programs of these Debian packages/);
  });
});
