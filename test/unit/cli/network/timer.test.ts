import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { commandLine } from "../../../../cli/app.ts";

const root = path.join(import.meta.dirname, "../../../..");
const folder = path.join(root, "examples/timers");
const read = (file: string): string => readFileSync(path.join(folder, file), "utf8");
/** The value of a setting of a unit. */
const valueOf = (text: string, name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "";

/** What each pair runs, and the page that says how. */
const pairs: Record<string, { words: string[]; page: string }> = {
  "plinth-check-network@": { words: ["check", "network"], page: "docs/networking.md" },
  "plinth-drill@": { words: ["drill", "restore"], page: "docs/backup.md" },
};

describe("examples/timers", () => {
  it("are timers and the services that they start", () => {
    const files = Object.keys(pairs).flatMap((name) => [`${name}.service`, `${name}.timer`]);
    assert.deepEqual(readdirSync(folder).sort(), files.sort());
  });

  for (const [name, { words, page }] of Object.entries(pairs)) {
    const service = read(`${name}.service`);

    it(`${name} is documented, and its timer starts the service of the same name`, () => {
      assert.equal(valueOf(read(`${name}.timer`), "Unit"), "");
      const docs = readFileSync(path.join(root, page), "utf8");
      for (const file of [`${name}.service`, `${name}.timer`])
        assert.ok(docs.includes(`(../examples/timers/${file})`), file);
    });

    it(`${name} calls Plinth with a command and options that exist, from the clone`, () => {
      const [program, first, second, ...rest] = valueOf(service, "ExecStart").split(" ");
      assert.equal(program, `${valueOf(service, "WorkingDirectory")}/plinth`);
      assert.deepEqual([first, second], words);
      const command = commandLine()
        .commands.find((candidate) => candidate.name() === first)
        ?.commands.find((candidate) => candidate.name() === second);
      assert.ok(command);
      assert.deepEqual(rest, ["--stack", "%i"]);
      assert.ok(command.options.some(({ long }) => long === "--stack"));
    });

    it(`${name} holds no secret, and is given none where others can read it`, () => {
      assert.doesNotMatch(service, /^Environment=/m);
      assert.equal(valueOf(service, "EnvironmentFile"), "-/etc/plinth/%i.env");
    });
  }
});
