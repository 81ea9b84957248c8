import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type SourceContext } from "../../../artifacts/context.ts";
import { Reachability } from "../../../artifacts/http.ts";
import { ensureNative } from "../../../artifacts/native.ts";
import { isMissing } from "../../../artifacts/errors.ts";
import { emptyLock } from "../../../lockfile/schema.ts";
import { Cleanup } from "./support.ts";

const needs = { commands: ["cc-x"], libraries: ["libx"], packages: ["gcc-x", "libx-dev"] };

describe("what building C takes", () => {
  const cleanup = new Cleanup();
  let folder: string;
  let lines: string[];
  let context: SourceContext;

  beforeEach(async () => {
    folder = await cleanup.folder();
    lines = [];
    context = {
      cacheDir: folder,
      report: (line) => lines.push(line),
      reachability: new Reachability(),
      lock: emptyLock,
    };
    await mkdir(join(folder, "bin"));
    await script("pkg-config", `[ -e ${folder}/libx ]`);
    const { PATH = "" } = process.env;
    const { getuid } = process;
    cleanup.add(() => {
      process.env["PATH"] = PATH;
      if (getuid !== undefined) process.getuid = getuid;
      return Promise.resolve();
    });
    process.env["PATH"] = `${join(folder, "bin")}:${PATH}`;
    process.getuid = () => 0;
  });

  afterEach(() => cleanup.clean());

  const script = (name: string, body: string): Promise<void> =>
    writeFile(join(folder, "bin", name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });

  /** An apt-get that works once its lists are up to date. */
  const fakeApt = (installs: string): Promise<void> =>
    script(
      "apt-get",
      `echo "$*" >>${folder}/log
case "$*" in
  *update) : >${folder}/updated ;;
  *) [ -e ${folder}/updated ] || { echo "unable to locate" >&2; exit 100; }; ${installs} ;;
esac`,
    );

  const calls = async (): Promise<string[]> => {
    try {
      return (await readFile(join(folder, "log"), "utf8")).trim().split("\n");
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  };

  it("is left alone where it is there", async () => {
    await fakeApt(":");
    await script("cc-x", ":");
    await writeFile(join(folder, "libx"), "");
    await ensureNative(needs, "runc 1.5.2", context);
    assert.deepEqual([lines, await calls()], [[], []]);
  });

  it("is installed where it is missing, after an update where the lists are old", async () => {
    await fakeApt(`: >${folder}/libx; printf '#!/bin/sh\\n' >${folder}/bin/cc-x; chmod +x ${folder}/bin/cc-x`);
    await ensureNative(needs, "runc 1.5.2", context);
    assert.deepEqual(lines, ["runc 1.5.2: apt-get install gcc-x libx-dev, to build it with"]);
    const verbs = (await calls()).map((call) => /(update|install -y .*)$/.exec(call)?.[1]);
    const install = "install -y --no-install-recommends gcc-x libx-dev";
    assert.deepEqual(verbs, [install, "update", install]);
  });

  it("is asked of the operator where it cannot be installed", async () => {
    process.getuid = () => 1000;
    await script("cc-x", ":");
    await assert.rejects(
      ensureNative(needs, "runc 1.5.2", context),
      /^ArtifactError: libx is missing to build it: apt-get install gcc-x libx-dev needs root\. Install the Debian packages gcc-x libx-dev, or/,
    );
  });

  it("is not there just because apt-get says so", async () => {
    await fakeApt(":");
    await assert.rejects(ensureNative(needs, "runc 1.5.2", context), /cc-x, libx is missing to build it\. Install/);
  });
});
