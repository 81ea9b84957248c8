import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { commandLine } from "../../../cli/app.ts";

const folder = path.join(import.meta.dirname, "../../../examples/ci");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => /\.ya?ml$/.test(file));

/** Every text in a document. */
function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(strings);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [];
}

/** Command lines of Plinth in a script, as words. */
function calls(script: string): string[][] {
  return [...script.matchAll(/\.\/plinth ([^|;&\n]+)/g)].map(([, line = ""]) => line.trim().split(/\s+/));
}

describe("examples/ci", () => {
  it("is there for GitHub, with and without Pulumi installed and for a site of several stacks, and for GitLab", () => {
    assert.deepEqual(files.sort(), [
      "github/plinth-pulumi-actions.yaml",
      "github/plinth-site.yaml",
      "github/plinth.yaml",
      "gitlab/plinth.gitlab-ci.yml",
    ]);
  });

  for (const file of files) {
    const document = parse(readFileSync(path.join(folder, file), "utf8")) as Record<string, unknown>;

    it(`${file} calls Plinth with commands and options that exist`, () => {
      const found = strings(document).flatMap(calls);
      const names = found.map(([name]) => name);
      const expected = file.includes("pulumi-actions") ? [] : file.includes("site") ? ["up", "up"] : ["review", "up"];
      assert.deepEqual(names, expected);
      for (const [name, ...words] of found) {
        const command = commandLine().commands.find((candidate) => candidate.name() === name);
        assert.ok(command, name);
        const rest = [...words];
        while (rest.length > 0) {
          const word = rest.shift() ?? "";
          const option = command.options.find((candidate) => candidate.long === word);
          assert.ok(option, `${String(name)} ${word}`);
          if (option.required) assert.match(rest.shift() ?? "", /^[^-]/, word);
        }
      }
    });
  }

  it("the jobs that change hosts run on the main branch only, behind an approval", () => {
    const github = parse(readFileSync(path.join(folder, "github/plinth.yaml"), "utf8")) as {
      jobs: Record<string, { if: string; environment?: string; needs?: string }>;
    };
    assert.deepEqual(
      [github.jobs["up"]?.environment, github.jobs["up"]?.needs, github.jobs["up"]?.if],
      ["production", "review", "github.event_name == 'push'"],
    );
    const site = parse(readFileSync(path.join(folder, "github/plinth-site.yaml"), "utf8")) as typeof github;
    assert.deepEqual(
      [site.jobs["cluster"]?.environment, site.jobs["cluster"]?.if, site.jobs["pools"]?.needs],
      ["production", "github.ref == 'refs/heads/main'", "cluster"],
    );
    const gitlab = parse(readFileSync(path.join(folder, "gitlab/plinth.gitlab-ci.yml"), "utf8")) as {
      up: { environment: string; rules: { when: string }[] };
    };
    assert.equal(gitlab.up.environment, "production");
    assert.ok(gitlab.up.rules.every(({ when }) => when === "manual"));
  });
});
