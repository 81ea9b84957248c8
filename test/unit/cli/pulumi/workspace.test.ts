import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectAt } from "../../../../cli/project/project.ts";
import { mergeStackFile, prepareWorkspace, projectFileCopy } from "../../../../cli/pulumi/workspace.ts";

describe("the engine's workspace", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "plinth-unit-"));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it("keeps the salt of the previous run", () => {
    const merged = mergeStackFile("config:\n  plinth:vip: 192.0.2.9", "config: {}\nencryptionsalt: v1:old\n");
    assert.equal(merged, "config:\n  plinth:vip: 192.0.2.9\nencryptionsalt: v1:old\n");
  });

  it("leaves a file alone that names its own secrets provider", () => {
    for (const own of ["encryptionsalt: v1:own\n", "secretsprovider: awskms://alias\nencryptedkey: abc\n"]) {
      assert.equal(mergeStackFile(own, "encryptionsalt: v1:old\n"), own);
    }
  });

  it("has nothing to keep the first time", () => {
    assert.equal(mergeStackFile("config: {}\n", undefined), "config: {}\n");
    assert.equal(mergeStackFile("", "config: {}\n"), "");
  });

  it("drops the entry point, as the program runs inline", () => {
    assert.equal(projectFileCopy("name: plinth\nmain: index.ts\nruntime: nodejs\n"), "name: plinth\nruntime: nodejs\n");
  });

  it("writes 0600 copies and survives the next run", () => {
    const project = projectAt(dir);
    mkdirSync(project.workDir);
    writeFileSync(join(dir, "Pulumi.yaml"), "name: plinth\n");
    writeFileSync(join(dir, "Pulumi.lab.yaml"), "config: {}\n");
    const workspace = prepareWorkspace(project, "lab");
    const copy = join(workspace, "Pulumi.lab.yaml");
    assert.equal(statSync(copy).mode & 0o777, 0o600);
    writeFileSync(copy, "config: {}\nencryptionsalt: v1:salt\n");
    writeFileSync(join(dir, "Pulumi.lab.yaml"), "config:\n  plinth:vip: 192.0.2.9\n");
    prepareWorkspace(project, "lab");
    assert.equal(readFileSync(copy, "utf8"), "config:\n  plinth:vip: 192.0.2.9\nencryptionsalt: v1:salt\n");
    assert.equal(readFileSync(join(dir, "Pulumi.lab.yaml"), "utf8"), "config:\n  plinth:vip: 192.0.2.9\n");
  });
});
