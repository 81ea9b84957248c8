import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { check } from "prettier";
import ts from "typescript";
import { parse } from "yaml";
import { readConfig } from "../../../../plan/stackconfig.ts";
import { checkInput } from "../../../../plan/stackinput.ts";
import type { ImportResult } from "../../../../plan/import/index.ts";
import { imported, k0sctl, kubeasz, kubespray, ownIni, ownYaml } from "../../../support/inventories.ts";

const project = join(import.meta.dirname, "../../../..");
const textOf = ({ files = [] }: ImportResult, ending: string): string =>
  files.find(({ path }) => path.endsWith(ending))?.text ?? "";

/** What type errors a file of hosts/ has. */
function typeErrors(text: string): string[] {
  const path = join(project, "hosts", "imported-by-a-test.ts");
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(project, "tsconfig.json"), (name) => ts.sys.readFile(name)).config,
    ts.sys,
    project,
  );
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    readFile: (name) => (name === path ? text : disk.readFile(name)),
    fileExists: (name) => name === path || disk.fileExists(name),
    getSourceFile: (name, language, onError, anew) =>
      name === path ? ts.createSourceFile(name, text, language) : disk.getSourceFile(name, language, onError, anew),
  };
  const program = ts.createProgram([path], { ...options, types: [] }, host);
  return [
    ...program.getSyntacticDiagnostics(program.getSourceFile(path)),
    ...program.getSemanticDiagnostics(program.getSourceFile(path)),
  ].map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

describe("plan/import: what is written", function () {
  this.timeout(60_000);
  let folder = "";
  let count = 0;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "plinth-import-"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  /** What the files of an import come to when Plinth reads them. */
  async function readBack(result: ImportResult) {
    count += 1;
    const path = join(folder, `hosts-${count}.ts`);
    writeFileSync(path, textOf(result, ".ts"));
    const { default: hosts } = (await import(pathToFileURL(path).href)) as { default: unknown };
    const { config } = parse(textOf(result, ".yaml")) as { config: Record<string, unknown> };
    return checkInput(hosts, readConfig(config));
  }

  for (const [name, sources] of Object.entries({ kubespray, kubeasz, k0sctl, ownIni, ownYaml }))
    it(`is valid and formatted as the project is: ${name}`, async () => {
      const result = imported(sources);
      const { findings, hosts } = await readBack(result);
      assert.deepEqual(findings, []);
      assert.ok(hosts.length > 2);
      assert.ok(await check(textOf(result, ".ts"), { parser: "typescript", printWidth: 120 }), textOf(result, ".ts"));
      assert.ok(await check(textOf(result, ".yaml"), { parser: "yaml", printWidth: 120 }), textOf(result, ".yaml"));
    });

  it("passes the type check, which a wrong field does not", () => {
    const text = textOf(imported(kubespray, { withRoles: true }), ".ts");
    assert.match(
      text,
      /^import type \{ HostWith \} from "plinth\/roles";\nimport type \{ roles \} from "\.\.\/roles\/index\.ts";\n/,
    );
    assert.deepEqual(typeErrors(text), []);
    assert.match(typeErrors(text.replace("taints:", "taint:")).join(), /'taint' does not exist/);
  });

  it("is valid for every inventory with addresses, an odd number of members and a VIP", async () => {
    const label = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9._-]{0,20}$/);
    const text = fc.string({ maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 3, 5),
        fc.integer({ min: 0, max: 30 }),
        label,
        fc.dictionary(label, text, { maxKeys: 4 }),
        async (members, workers, name, labels) => {
          const line = (kind: string, index: number, address: number): string =>
            `${kind}-${name}-${index} ansible_host=192.0.2.${address}`;
          const hosts = `[masters]\n${Array.from({ length: members }, (_, index) => line("m", index, 11 + index)).join("\n")}
[workers]\n${Array.from({ length: workers }, (_, index) => line("w", index, 31 + index)).join("\n")}
[workers:vars]\nnode_labels=${JSON.stringify(labels)}\nvip=192.0.2.10\n[masters:vars]\nvip=192.0.2.10\n`;
          const result = imported({ inventories: [{ path: "hosts", text: hosts }], groupVars: {}, hostVars: {} });
          const back = await readBack(result);
          assert.deepEqual(back.findings, []);
          assert.equal(back.hosts.length, members + workers);
          assert.equal(new Set(back.hosts.map((host) => host.name)).size, members + workers);
        },
      ),
      { numRuns: 15 },
    );
  });

  it("holds every variable of the inventory in its report", () => {
    for (const sources of [kubespray, kubeasz, ownIni]) {
      const report = imported(sources).report ?? "";
      const ini = sources.inventories[0]?.text ?? "";
      const named = [...ini.matchAll(/^([A-Za-z_]\w*)\s*=/gm)]
        .map(([, name = ""]) => name)
        .filter((name) => name !== "k8s_nodename");
      for (const name of named) assert.ok(report.includes(name), `${name} is in the report`);
    }
  });
});
