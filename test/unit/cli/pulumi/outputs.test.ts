import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineContext } from "../../../../cli/pulumi/context.ts";
import { readOutputs, readRawOutputs } from "../../../../cli/pulumi/outputs.ts";
import { projectAt } from "../../../../cli/project/project.ts";
import { PlinthError } from "../../../../plan/findings.ts";

describe("outputs of a stack", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "plinth-unit-"));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  /** A context whose Pulumi CLI prints this, secrets with --show-secrets only. */
  const contextOf = (outputs: object, secrets: object = {}): EngineContext => {
    const masked = Object.fromEntries(Object.keys(secrets).map((name) => [name, "[secret]"]));
    const pulumi = join(dir, "pulumi");
    const [all, some] = [
      { ...outputs, ...secrets },
      { ...outputs, ...masked },
    ].map((one) => JSON.stringify(one));
    writeFileSync(pulumi, `#!/bin/sh\ncase "$*" in *--show-secrets*) echo '${all}' ;; *) echo '${some}' ;; esac\n`);
    chmodSync(pulumi, 0o755);
    const settings = { projectName: "plinth", backendUrl: undefined, config: {} };
    const backend = { url: undefined, stateDir: undefined };
    return { project: projectAt(dir), stack: "demo", settings, backend, pulumi, workDir: dir, env: {} };
  };
  const outputs = { hosts: { cp1: { address: "192.0.2.11", roles: ["etcd"] } }, clusterId: "0123456789abcdef" };
  const secrets = { kubeconfig: "apiVersion: v1", tenantKubeconfigs: { shop: "apiVersion: v1" } };

  it("come with secrets only when they are asked for", async () => {
    const context = contextOf(outputs, secrets);
    assert.deepEqual(await readOutputs(context), outputs);
    assert.deepEqual(await readOutputs(context, { secrets: true }), { ...outputs, ...secrets });
  });

  it("are none before the first run", async () => {
    assert.deepEqual(await readOutputs(contextOf({})), {});
  });

  it("that are not as expected end in a sentence that names the key, and no secret", async () => {
    const context = contextOf(outputs, { kubeconfig: ["s3cret"] });
    await assert.rejects(readOutputs(context, { secrets: true }), (error: unknown) => {
      assert.ok(error instanceof PlinthError);
      assert.match(error.message, /of stack demo are not as expected: kubeconfig \(expected string, received array\)/);
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    });
  });

  it("can be printed as they stand, those of a later release included", async () => {
    const context = contextOf({ ...outputs, colour: "green" }, secrets);
    assert.deepEqual(await readRawOutputs(context), {
      ...{ ...outputs, colour: "green" },
      ...{ kubeconfig: "[secret]", tenantKubeconfigs: "[secret]" },
    });
  });
});
