import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseBackend } from "../../../../cli/pulumi/backend.ts";
import { passphraseEnvironment, passphrasePath } from "../../../../cli/pulumi/passphrase.ts";
import { projectAt, type Project } from "../../../../cli/project/project.ts";

describe("backend and passphrase", () => {
  let dir: string;
  let project: Project;
  const settings = { projectName: "plinth", backendUrl: undefined, config: {} };
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "plinth-unit-"));
    project = projectAt(dir);
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it("prefers PULUMI_BACKEND_URL", () => {
    const env = { PULUMI_BACKEND_URL: "file:///srv/state", PULUMI_HOME: dir };
    assert.deepEqual(chooseBackend(project, settings, env), { url: "file:///srv/state", stateDir: "/srv/state" });
    const s3 = { PULUMI_BACKEND_URL: "s3://bucket", PULUMI_HOME: dir };
    assert.deepEqual(chooseBackend(project, settings, s3), { url: "s3://bucket", stateDir: undefined });
  });

  it("leaves a backend alone that the project pins or the user has logged in to", () => {
    const pinned = { ...settings, backendUrl: "file:///srv/pinned" };
    assert.deepEqual(chooseBackend(project, pinned, { PULUMI_HOME: dir }), { url: undefined, stateDir: "/srv/pinned" });
    const token = { PULUMI_ACCESS_TOKEN: "x", PULUMI_HOME: dir };
    assert.deepEqual(chooseBackend(project, settings, token), { url: undefined, stateDir: undefined });
    writeFileSync(join(dir, "credentials.json"), JSON.stringify({ current: "https://api.pulumi.com" }));
    assert.deepEqual(chooseBackend(project, settings, { PULUMI_HOME: dir }), { url: undefined, stateDir: undefined });
    assert.equal(existsSync(join(project.workDir, "state")), false);
  });

  it("else keeps the state in the project, readable by its owner alone", () => {
    mkdirSync(project.workDir);
    const state = join(project.workDir, "state");
    assert.deepEqual(chooseBackend(project, settings, { PULUMI_HOME: dir }), {
      url: `file://${state}`,
      stateDir: state,
    });
    assert.equal(statSync(state).mode & 0o777, 0o700);
  });

  it("makes the passphrase once", () => {
    const env = { XDG_CONFIG_HOME: join(dir, "config") };
    const created: string[] = [];
    const path = passphrasePath(env);
    assert.deepEqual(
      passphraseEnvironment((made) => created.push(made), env),
      { PULUMI_CONFIG_PASSPHRASE_FILE: path },
    );
    passphraseEnvironment((made) => created.push(made), env);
    assert.deepEqual(created, [path]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it("does not touch a passphrase of the user's own", () => {
    const env = { XDG_CONFIG_HOME: join(dir, "config"), PULUMI_CONFIG_PASSPHRASE: "" };
    assert.deepEqual(
      passphraseEnvironment((path) => assert.fail(path), env),
      {},
    );
    assert.equal(existsSync(passphrasePath(env)), false);
  });
});
