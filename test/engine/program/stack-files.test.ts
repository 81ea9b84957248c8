import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pulumiBinary } from "../../support/pulumi.ts";

const root = join(import.meta.dirname, "../../..");

// Plain `pulumi` writes a stack's file anew with everything that is in it: whoever works with both gets no other difference.
describe("the configuration of the project's own stacks", function () {
  this.timeout(60_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "plinth-stack-files-"));
    mkdirSync(join(folder, "state"));
    cpSync(join(root, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  for (const stack of ["lab", "prod"]) {
    it(`is as plain pulumi writes it, of ${stack}`, () => {
      const name = `Pulumi.${stack}.yaml`;
      cpSync(join(root, name), join(folder, name));
      const env = {
        ...process.env,
        PULUMI_HOME: join(folder, "home"),
        PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
      };
      execFileSync(pulumiBinary(), ["stack", "init", stack, "--non-interactive"], { cwd: folder, env, stdio: "pipe" });
      const written = readFileSync(join(folder, name), "utf8");
      assert.equal(
        written.replace(/^encryptionsalt: .*\n/m, ""),
        readFileSync(join(root, name), "utf8").replace(/^encryptionsalt: .*\n/m, ""),
      );
      assert.match(written, /^encryptionsalt: /m);
    });
  }
});
