import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hostScript } from "../../components/host/script.ts";
import { fewestArguments } from "../../plan/conditions.ts";
import { annotations, bootstrappersGroup, paths, taints } from "../../plan/names.ts";
import { generatedScripts } from "../../plan/shellnames.ts";

const project = join(import.meta.dirname, "../..");
const scripts = join(project, "scripts");

describe("names in scripts", () => {
  for (const [file, text] of Object.entries(generatedScripts)) {
    it(`are those of the program: ${file}`, () => {
      assert.equal(readFileSync(join(scripts, file), "utf8"), text, "run `npm run generate` and commit what it writes");
    });
  }

  it("are spelled out in plan/names.ts and nowhere else", () => {
    const names = [...Object.values({ ...paths, ...annotations, ...taints }), bootstrappersGroup];
    const sources = globSync(
      ["{plan,components,cli,artifacts,lab,ssh}/**/*.ts", "scripts/{lib,look,roster}/*.sh", "scripts/host/failover.sh"],
      {
        cwd: project,
      },
    );
    const found = sources
      .filter((file) => file !== "plan/names.ts" && !file.endsWith("/names.sh"))
      .flatMap((file) =>
        readFileSync(join(project, file), "utf8")
          .split("\n")
          .filter((line) => !/^ *(#|\*|\/\/|\/\*\*)/.test(line) && names.some((name) => line.includes(name)))
          .map((line) => `${file}: ${line.trim()}`),
      );
    assert.deepEqual(found, []);
  });

  it("of conditions are functions of the host script, one for each and none besides", () => {
    for (const [kind, names] of Object.entries(fewestArguments)) {
      const functions = [...hostScript().matchAll(/^(\w+)\(\) \{$/gm)].map(([, name = ""]) => name);
      const found = functions.filter((name) => new RegExp(`^${kind}_(?!wait$|longest$)`).test(name));
      assert.deepEqual(found.sort(), [...names.keys()].map((name) => `${kind}_${name.replaceAll("-", "_")}`).sort());
    }
  });
});
