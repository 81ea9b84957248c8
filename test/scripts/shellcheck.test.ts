import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rosterScript, rosterSteps } from "../../plan/scripts.ts";
import { factsScript, hostScript } from "../../components/host/script.ts";

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

  const assembled = { "plinth-host": hostScript(), facts: factsScript() };
  for (const [name, text] of Object.entries(assembled)) {
    it(`on hosts hold what shellcheck asks for, as they are assembled: ${name}`, () => {
      const directory = mkdtempSync(join(tmpdir(), "plinth-shellcheck-"));
      try {
        writeFileSync(join(directory, name), text);
        assert.equal(shellcheck(join(directory, name)), "");
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  }

  const alone = [
    "scripts/run-lock.sh",
    "scripts/install.sh",
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

  for (const { name, content } of rosterSteps.map(rosterScript)) {
    it(`hold what shellcheck asks for, as hosts have them: ${name}`, () => {
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

  it("are all parts of the assembled ones", () => {
    const scripts = join(project, "scripts");
    const listed = Object.keys(assembled).flatMap((name) =>
      readFileSync(join(scripts, `${name}.parts`), "utf8")
        .trim()
        .split("\n"),
    );
    assert.deepEqual(listed.sort(), [...globSync("{lib,facts}/*.sh", { cwd: scripts }), "plinth-host.sh"].sort());
  });

  it("can be read by dash and bash", () => {
    for (const [name, text] of Object.entries(assembled)) {
      for (const shell of ["dash", "bash"]) {
        const run = spawnSync(shell, ["-n"], { input: text, encoding: "utf8" });
        assert.equal(run.stderr, "", `${name}, ${shell}`);
      }
    }
  });
});
