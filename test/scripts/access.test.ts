import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rosterCredentials } from "../../plan/rosteraccess.ts";
import { rosterScript } from "../../plan/scripts.ts";
import { shells } from "./support/fake-host.ts";

for (const shell of shells) {
  describe(`the step that gives the roster its rights, by ${shell}`, () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "plinth-access-"));
      mkdirSync(join(folder, rosterCredentials), { recursive: true });
      writeFileSync(join(folder, rosterCredentials, "host.conf"), "the roster's\n");
      writeFileSync(join(folder, "access"), rosterScript("access").content);
    });
    afterEach(() => {
      for (const left of existsSync(join(folder, "home")) ? [readFileSync(join(folder, "home"), "utf8")] : []) {
        rmSync(left, { recursive: true, force: true });
      }
      rmSync(folder, { recursive: true, force: true });
    });

    it("leaves nothing of the administrator's credentials behind when it is killed while it uses them", async () => {
      // Reads them twice, as kubectl may, and then ends the script and itself.
      writeFileSync(
        join(folder, "kubectl"),
        `#!/bin/sh
case "$*" in
  *" apply "*)
    while [ "$1" != --kubeconfig ]; do shift; done
    cat "$2" "$2" >"$PLINTH_ROOT/seen"
    stat -L -c %a "$2" >"$PLINTH_ROOT/mode"
    printf %s "$HOME" >"$PLINTH_ROOT/home"
    kill -9 "$(cat "$PLINTH_ROOT/pid")" $$
    ;;
esac
`,
      );
      chmodSync(join(folder, "kubectl"), 0o755);
      const command = `echo $$ >"$PLINTH_ROOT/pid"; exec ${shell} "$PLINTH_ROOT/access"`;
      const child = spawn("sh", ["-c", command], {
        env: {
          PATH: `${folder}:${process.env["PATH"] ?? ""}`,
          PLINTH_ROOT: folder,
          NODE: "roster",
          DEADLINE: "5",
          MANIFEST: "{}",
          API_SERVERS: "",
        },
        stdio: ["pipe", "ignore", "inherit"],
      });
      child.stdin.end("the administrator's\n");
      const signal = await new Promise((resolve) => {
        child.on("close", (_, by) => {
          resolve(by);
        });
      });
      assert.equal(signal, "SIGKILL");
      assert.equal(readFileSync(join(folder, "seen"), "utf8"), "the administrator's\nthe administrator's\n");
      assert.equal(readFileSync(join(folder, "mode"), "utf8"), "600\n");
      const left = globSync(`${readFileSync(join(folder, "home"), "utf8")}/**`, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
      assert.deepEqual(
        left.filter((text) => text.includes("administrator")),
        [],
      );
    });
  });
}
