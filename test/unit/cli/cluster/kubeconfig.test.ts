import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inheritedFile, withKubeconfig } from "../../../../cli/cluster/kubeconfig.ts";

const content = "apiVersion: v1\nkind: Config\n";

describe("a kubeconfig for one command", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "plinth-unit-"));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });
  const hold = <T>(use: (file: number) => Promise<T>): Promise<T> =>
    withKubeconfig(content, use, { XDG_RUNTIME_DIR: dir });

  it("can be read by a program that inherits it, and more than once", async () => {
    const printed = await hold((file) => {
      const script = `cat ${inheritedFile} ${inheritedFile}`;
      return Promise.resolve(spawnSync("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit", file] }).stdout);
    });
    assert.equal(printed.toString(), content + content);
  });

  it("is 0600, and nowhere to be found: a process that is killed leaves nothing behind", async () => {
    await hold((file) => {
      assert.equal(fstatSync(file).mode & 0o777, 0o600);
      assert.deepEqual(readdirSync(dir), []);
      return Promise.resolve();
    });
  });

  it("is closed afterwards, also after an error", async () => {
    let seen = -1;
    const failing = hold((file) => {
      seen = file;
      return Promise.reject(new Error("kubectl failed"));
    });
    await assert.rejects(failing, /kubectl failed/);
    assert.throws(() => fstatSync(seen), /EBADF/);
  });
});
