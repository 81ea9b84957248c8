import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { commandLine } from "../../../../cli/app.ts";

const root = path.join(import.meta.dirname, "../../../..");
const folder = path.join(root, "examples/timers");
const read = (file: string): string => readFileSync(path.join(folder, file), "utf8");
/** The value of a setting of a unit. */
const valueOf = (text: string, name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "";

describe("examples/timers", () => {
  const service = read("plinth-check-network@.service");
  const timer = read("plinth-check-network@.timer");

  it("are a timer and the service that it starts, both of which the documentation names", () => {
    assert.deepEqual(readdirSync(folder).sort(), ["plinth-check-network@.service", "plinth-check-network@.timer"]);
    assert.equal(valueOf(timer, "Unit"), "", "the service of the same name");
    const docs = readFileSync(path.join(root, "docs/networking.md"), "utf8");
    for (const file of readdirSync(folder)) assert.ok(docs.includes(`(../examples/timers/${file})`), file);
  });

  it("call Plinth with a command and options that exist, from the clone", () => {
    const [program, ...words] = valueOf(service, "ExecStart").split(" ");
    assert.equal(program, `${valueOf(service, "WorkingDirectory")}/plinth`);
    const [check, network, ...rest] = words;
    const command = commandLine()
      .commands.find((candidate) => candidate.name() === check)
      ?.commands.find((candidate) => candidate.name() === network);
    assert.ok(command);
    assert.deepEqual(rest, ["--stack", "%i"]);
    assert.ok(command.options.some(({ long }) => long === "--stack"));
  });

  it("hold no secret, and are given none where others can read it", () => {
    assert.doesNotMatch(service, /^Environment=/m);
    assert.equal(valueOf(service, "EnvironmentFile"), "-/etc/plinth/%i.env");
  });
});
