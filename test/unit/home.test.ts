import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProject, home, isPackage, projectDir } from "../../home.ts";

describe("the folder of a project", () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "plinth-unit-")));
    mkdirSync(join(folder, "mine", "hosts", "deep"), { recursive: true });
    writeFileSync(join(folder, "mine", "Pulumi.yaml"), "name: plinth\n");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("is the nearest one above that is a project", () => {
    const mine = join(folder, "mine");
    for (const from of [mine, join(mine, "hosts"), join(mine, "hosts", "deep")])
      assert.equal(findProject({ from }), mine);
    assert.equal(findProject({ from: folder }), undefined);
  });

  it("is the one that is named, wherever one is", () => {
    assert.equal(findProject({ named: "/srv/mine", from: folder }), "/srv/mine");
    assert.equal(findProject({ named: "", from: join(folder, "mine") }), join(folder, "mine"));
  });

  it("of a clone is the clone, whatever else is named", () => {
    assert.equal(findProject({ clone: "/clone", named: "/srv/mine", from: join(folder, "mine") }), "/clone");
    assert.equal(isPackage, false);
    assert.equal(projectDir(), home);
  });
});
