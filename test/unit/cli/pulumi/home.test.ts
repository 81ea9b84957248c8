import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentialsFolder, engineHome } from "../../../../cli/pulumi/home.ts";

describe("the engine's own Pulumi home", () => {
  let dir: string;
  let user: string;
  let workDir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "plinth-unit-"));
    user = join(dir, "user");
    workDir = join(dir, "project", ".plinth");
    mkdirSync(workDir, { recursive: true });
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it("shares plugins, credentials and workspaces with the user's home", () => {
    const env = engineHome(workDir, { PULUMI_HOME: user });
    assert.deepEqual(env, { PULUMI_HOME: join(workDir, "pulumi-home"), PULUMI_CREDENTIALS_PATH: user });
    for (const folder of ["plugins", "workspaces"]) {
      assert.equal(realpathSync(join(workDir, "pulumi-home", folder)), realpathSync(join(user, folder)));
    }
    assert.equal(statSync(join(workDir, "pulumi-home")).mode & 0o777, 0o700);
  });

  it("has a file where the engine would make its folder of logs, and leaves the user's logs alone", () => {
    mkdirSync(join(user, "logs"), { recursive: true });
    engineHome(workDir, { PULUMI_HOME: user });
    assert(lstatSync(join(workDir, "pulumi-home", "logs")).isFile());
    assert(statSync(join(user, "logs")).isDirectory());
  });

  it("follows the user's home when it moves, and leaves no draft behind", () => {
    engineHome(workDir, { PULUMI_HOME: user });
    const moved = join(dir, "moved");
    engineHome(workDir, { PULUMI_HOME: moved });
    assert.equal(realpathSync(join(workDir, "pulumi-home", "plugins")), join(realpathSync(moved), "plugins"));
    assert.deepEqual(readdirSync(join(workDir, "pulumi-home")).sort(), [
      "logs",
      "plugins",
      "policies",
      "schemas",
      "workspaces",
    ]);
  });

  it("keeps a place of credentials that the user has chosen", () => {
    const env = { PULUMI_HOME: user, PULUMI_CREDENTIALS_PATH: join(dir, "credentials") };
    assert.equal(credentialsFolder(env), join(dir, "credentials"));
    assert.equal(engineHome(workDir, env)["PULUMI_CREDENTIALS_PATH"], join(dir, "credentials"));
  });

  it("is not made with PLINTH_DEBUG: the engine then writes its logs", () => {
    assert.deepEqual(engineHome(workDir, { PULUMI_HOME: user, PLINTH_DEBUG: "1" }), {});
    assert.equal(existsSync(join(workDir, "pulumi-home")), false);
  });
});
