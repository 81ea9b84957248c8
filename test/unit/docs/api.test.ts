import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "../../../home.ts";

const read = (path: string): string => readFileSync(join(home, path), "utf8");
const { exports } = JSON.parse(read("package.json")) as { exports: Record<string, string> };
const modules = Object.values(exports)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.replace("./", ""));

/** Names that a module exports by the ways that our entry points use, without those of other packages, which have pages of their own. */
function exportedNames(text: string): string[] {
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]+)\}(?! from "[^.])/gm)].flatMap(([, list = ""]) =>
    list.split(","),
  );
  const single = [...text.matchAll(/^export (?:async )?(?:const|function|class|interface|type) (\w+)/gm)];
  return [...lists.map((name) => name.replace(/^\s*type /, "").trim()), ...single.map(([, name = ""]) => name)].filter(
    (name) => name !== "",
  );
}

// Making it again takes longer than all other tests of this tier: whether everything has its place is what can be told at once.
describe("docs/api", () => {
  it("is made of the entry points of the package", () => {
    const { entryPoints } = JSON.parse(read("typedoc.json")) as { entryPoints: string[] };
    assert.deepEqual([...entryPoints].sort(), [...modules].sort());
  });

  it("has everything that they export: npm run docs makes it anew", () => {
    const missing = modules.flatMap((module) => {
      const page = `docs/api/${module.replace(/\.ts$/, ".md")}`;
      const text = existsSync(join(home, page)) ? read(page) : "";
      const names = exportedNames(read(module));
      assert.ok(names.length > 0, `${module} exports something`);
      return names.filter((name) => !new RegExp(`^#+ ${name}\\b`, "m").test(text)).map((name) => `${page}: ${name}`);
    });
    assert.deepEqual(missing, []);
  });
});
