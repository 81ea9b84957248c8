import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { configKeys, configSchema, structuredKeys } from "../../../plan/config.ts";
import { describeFinding } from "../../../plan/findings.ts";
import { checkInput } from "../../../plan/stackinput.ts";

const root = path.join(import.meta.dirname, "../../..");
const readYaml = (file: string) =>
  parse(readFileSync(path.join(root, file), "utf8")) as { config: Record<string, unknown> };

interface ProjectKey {
  type?: string;
  description?: string;
  default?: unknown;
}

describe("the project's own files", () => {
  for (const stack of ["lab", "prod"]) {
    it(`the ${stack} stack is valid`, async () => {
      const raw = Object.entries(readYaml(`Pulumi.${stack}.yaml`).config).map(([key, value]) => [
        key.replace(/^plinth:/, ""),
        value,
      ]);
      const { default: inventory } = (await import(`../../../hosts/${stack}.ts`)) as { default: unknown };
      const { findings } = checkInput(inventory, Object.fromEntries(raw) as Record<string, unknown>);
      assert.deepEqual(findings.map(describeFinding), []);
    });
  }

  it("Pulumi.yaml describes every key that the program knows, and no other", () => {
    const described = readYaml("Pulumi.yaml").config as Record<string, ProjectKey>;
    assert.deepEqual(Object.keys(described).sort(), [...configKeys].sort());
    for (const [key, { type, description, default: value }] of Object.entries(described)) {
      assert.ok((description ?? "").length > 10, `${key} is described`);
      // With a type the engine refuses a list or map that is a secret as a whole.
      assert.equal(type === undefined, structuredKeys.includes(key), `${key} has a type`);
      // A structure that may be absent has no empty one.
      const absent =
        value === "" &&
        configSchema.shape[key as keyof typeof configSchema.shape].safeParse(undefined).data === undefined;
      const structured = structuredKeys.includes(key);
      assert.ok(
        structured ? absent || typeof value === "object" : typeof value !== "object",
        `${key} has the right default`,
      );
    }
  });

  it("Pulumi.yaml and the program have the same defaults", () => {
    const described = readYaml("Pulumi.yaml").config as Record<string, ProjectKey>;
    for (const [key, field] of Object.entries(configSchema.shape)) {
      const own: unknown = field.safeParse(undefined).data;
      const theirs = described[key]?.default;
      assert.deepEqual(theirs === "" ? undefined : theirs, own, key);
    }
  });
});
