import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shells } from "./support/fake-host.ts";

const library = join(import.meta.dirname, "../../scripts/lib/digest.sh");
const where = (command: string): string => execFileSync("which", [command], { encoding: "utf8" }).trim();

describe("digests of files", () => {
  let dir = "";
  const file = (name: string): string => join(dir, name);
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "plinth-digest-"));
    writeFileSync(file("a"), "a");
    writeFileSync(file("b"), "b".repeat(100_000));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  for (const shell of shells) {
    for (const tool of ["openssl", "sha256sum"]) {
      it(`are the same by ${shell} with ${tool}, and a file that is missing hides no other`, () => {
        mkdirSync(file("bin"));
        for (const command of ["xargs", tool]) symlinkSync(where(command), join(file("bin"), command));
        const run = (script: string, input: string) =>
          spawnSync(where(shell), ["-c", `. ${library}; ${script}`], {
            input,
            encoding: "utf8",
            env: { PATH: file("bin") },
          });
        const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
        const all = run("digests", [file("a"), file("gone"), file("b"), ""].join("\n"));
        assert.deepEqual(
          all.stdout
            .trim()
            .split("\n")
            .map((line) => line.split(/ [ *]/)),
          [
            [sha("a"), file("a")],
            [sha("b".repeat(100_000)), file("b")],
          ],
        );
        assert.notEqual(all.status, 0);
        assert.equal(run(`digest ${file("a")} && echo "$DIGEST"`, "").stdout, `${sha("a")}\n`);
        assert.equal(run(`digest ${file("gone")} || echo "none: $DIGEST"`, "").stdout, "none: \n");
      });
    }
  }
});
