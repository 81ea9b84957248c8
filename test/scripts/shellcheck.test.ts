import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { rosterScripts } from "../../plan/bundles/rosterscripts.ts";
import { assemble } from "./support/fake-host.ts";

const project = join(import.meta.dirname, "../..");

/** Findings of shellcheck as text; empty when there is none. */
function shellcheck(file: string, options: string[] = []): string {
  // What says bash in its first line runs on the operator's machine; hosts have sh only.
  const shell = /^#!.*bash/.test(readFileSync(file, "utf8")) ? [] : ["--shell=sh"];
  const run = spawnSync("shellcheck", [...shell, "--format=gcc", ...options, file], { encoding: "utf8" });
  assert.equal(
    run.error,
    undefined,
    "shellcheck is needed for this test: install it (`apt-get install shellcheck`, or see shellcheck.net)",
  );
  return run.stdout + run.stderr;
}

describe("shell scripts", function () {
  this.timeout(60_000);

  it("on hosts hold what shellcheck asks for, as they are assembled", () => {
    const directory = mkdtempSync(join(tmpdir(), "plinth-shellcheck-"));
    try {
      writeFileSync(join(directory, "plinth-host"), assemble());
      assert.equal(shellcheck(join(directory, "plinth-host")), "");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  const alone = [
    "scripts/facts.sh",
    "scripts/run-lock.sh",
    "scripts/host/*.sh",
    "plinth",
    "lab/**/*.sh",
    "test/**/*.sh",
    ".ci/*",
    "test/scripts/support/fakes/*",
  ].flatMap((pattern) => globSync(pattern, { cwd: project }));
  for (const path of new Set(alone)) {
    it(`hold what shellcheck asks for: ${path}`, () => {
      assert.equal(
        shellcheck(join(project, path), ["--external-sources", "--source-path=SCRIPTDIR", "--exclude=SC1091"]),
        "",
      );
    });
  }

  for (const { path, content } of rosterScripts) {
    it(`of the roster hold what shellcheck asks for, as hosts have them: ${basename(path)}`, () => {
      const directory = mkdtempSync(join(tmpdir(), "plinth-shellcheck-"));
      try {
        writeFileSync(join(directory, "script"), content);
        // Variables are given by the command, or read by the other script.
        assert.equal(shellcheck(join(directory, "script"), ["--exclude=SC2034,SC2154"]), "");
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  }

  it("are all parts of the assembled one", () => {
    const parts = readFileSync(join(project, "scripts/plinth-host.parts"), "utf8").trim().split("\n");
    assert.deepEqual(
      [...parts].sort(),
      [...globSync("lib/*.sh", { cwd: join(project, "scripts") }), "plinth-host.sh"].sort(),
    );
    for (const part of parts) assert.ok(existsSync(join(project, "scripts", part)), part);
  });

  it("can be read by dash and bash", () => {
    for (const shell of ["dash", "bash"]) {
      const run = spawnSync(shell, ["-n"], { input: assemble(), encoding: "utf8" });
      assert.equal(run.stderr, "", shell);
    }
  });
});
