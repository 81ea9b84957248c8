import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withKubeconfig } from "../../../../cli/cluster/kubeconfig.ts";

describe("a kubeconfig for one command", () => {
  it("is 0600 in memory and gone afterwards, also after an error", async () => {
    const dir = mkdtempSync(join(tmpdir(), "plinth-unit-"));
    try {
      let seen = "";
      const failing = withKubeconfig(
        "apiVersion: v1\n",
        (path) => {
          seen = path;
          assert.equal(statSync(path).mode & 0o777, 0o600);
          assert.equal(readFileSync(path, "utf8"), "apiVersion: v1\n");
          assert.ok(path.startsWith(dir));
          return Promise.reject(new Error("kubectl failed"));
        },
        { XDG_RUNTIME_DIR: dir },
      );
      await assert.rejects(failing, /kubectl failed/);
      assert.equal(existsSync(seen), false);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
