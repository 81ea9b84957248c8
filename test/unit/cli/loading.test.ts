import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const commands = join(import.meta.dirname, "../../../cli/commands");

/** Packages that are loaded by all that a command imports, at its start and later. */
function packagesOf(command: string): string[] {
  const source = readFileSync(join(commands, `${command}.ts`), "utf8");
  const imports = [...source.matchAll(/(?:from |import\()"(\.[^"]+)"/g)].map(([, path = ""]) =>
    pathToFileURL(join(commands, path)),
  );
  assert.ok(imports.length > 5, "the imports were found");
  const program = `
    import { registerHooks } from "node:module";
    const found = new Set();
    registerHooks({ load: (url, context, next) => {
      const [, name] = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? [];
      if (name !== undefined) found.add(name);
      return next(url, context);
    } });
    for (const url of ${JSON.stringify(imports)}) await import(url);
    console.log(JSON.stringify([...found]));
  `;
  const text = execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  return JSON.parse(text) as string[];
}

describe("what a command loads", function () {
  this.timeout(60_000);

  for (const command of ["status", "drift", "run"]) {
    it(`is not the engine's SDK where it only looks: ${command}`, () => {
      const packages = packagesOf(command);
      assert.ok(packages.includes("ssh2"), packages.join());
      assert.deepEqual(
        packages.filter((name) => name.startsWith("@pulumi/") || name === "@grpc/grpc-js"),
        [],
      );
    });
  }
});
