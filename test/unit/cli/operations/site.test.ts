import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inTurns, type Each } from "../../../../cli/operations/site-command.ts";
import { runSite, siteDocument, siteLines, type SiteResult, type SiteRun } from "../../../../cli/operations/site.ts";
import { eventually } from "../../../support/eventually.ts";

const results: SiteResult[] = [
  { turn: { name: "prod", code: 0 }, seconds: 61.25, stdout: '{"stack":"prod"}\n' },
  { turn: { name: "prod-pool-1", code: 3 }, seconds: 4, stdout: "" },
  { turn: { name: "prod-pool-2", leftOut: "prod" }, seconds: 0, stdout: "" },
];

describe("what a command for several stacks tells", () => {
  it("is one line for each", () => {
    assert.deepEqual(siteLines(results), [
      "Stacks",
      "  prod         done         61.3 s",
      "  prod-pool-1  refused      4.0 s",
      "  prod-pool-2  left out     prod is not done",
    ]);
  });

  it("is one document with the runs' own", () => {
    assert.deepEqual(siteDocument(results), {
      exitCode: 3,
      stacks: {
        prod: { exitCode: 0, seconds: 61.3, document: { stack: "prod" } },
        "prod-pool-1": { exitCode: 3, seconds: 4 },
        "prod-pool-2": { leftOut: "prod", seconds: 0 },
      },
    });
  });

  it("has the text of a run that was cut off", () => {
    const [first] = results;
    assert.ok(first);
    const { stacks } = siteDocument([{ ...first, stdout: '{"stack":' }]);
    assert.deepEqual(stacks, { prod: { exitCode: 0, seconds: 61.3, output: '{"stack":' } });
  });
});

describe("a command for several stacks", function () {
  this.timeout(20_000);
  let dir = "";
  let program = "";
  const log = (): string[] => readFileSync(join(dir, "log"), "utf8").trim().split("\n");

  /** Each stack's run says when it begins and ends, and ends as its name tells. */
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "plinth-site-"));
    program = join(dir, "program.ts");
    writeFileSync(
      program,
      `import { appendFileSync } from "node:fs";
const [command, , stack] = process.argv.slice(2);
const say = (what) => appendFileSync(${JSON.stringify(join(dir, "log"))}, what + " " + stack + "\\n");
say("begins");
console.log(command + " of " + stack);
console.error("progress");
const end = () => { say("ends"); process.exit(stack.startsWith("bad") ? 3 : 0); };
if (stack === "killed") process.kill(process.pid, "SIGKILL");
if (stack === "endless") { process.on("SIGINT", () => process.exit(130)); setInterval(() => undefined, 1000); say("waits"); }
else setTimeout(end, 100);
`,
    );
  });
  after(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  beforeEach(() => {
    writeFileSync(join(dir, "log"), "");
  });

  const run = async (stacks: SiteRun["stacks"], more: Partial<SiteRun> = {}) => {
    const notes: string[] = [];
    const terminal = {
      ...{ print: () => undefined, warn: () => undefined, interactive: false },
      ...{ note: (line = "") => void notes.push(line), paint: (_style: unknown, text: string) => text },
    };
    const options = { command: "up", args: [], inOrder: true, atOnce: 2, live: false, served: [], terminal, program };
    const results = await runSite({ ...options, stacks, ...more });
    return { results, notes, codes: results.map(({ turn }) => ("code" in turn ? turn.code : `not ${turn.leftOut}`)) };
  };

  it("keeps what each prints, tells its progress by its name, and a pool follows its cluster", async () => {
    const { results, notes, codes } = await run([{ name: "pool", joins: "prod" }, { name: "prod" }]);
    assert.deepEqual(codes, [0, 0]);
    assert.deepEqual(
      results.map(({ stdout }) => stdout),
      ["up of pool\n", "up of prod\n"],
    );
    assert.deepEqual(notes.sort(), ["pool | progress", "prod | progress"]);
    assert.deepEqual(log(), ["begins prod", "ends prod", "begins pool", "ends pool"]);
  });

  it("leaves out the pools of a cluster that is refused, and tells which run was killed", async () => {
    const { codes } = await run([{ name: "bad" }, { name: "pool", joins: "bad" }, { name: "killed" }]);
    assert.deepEqual(codes, [3, "not bad", 130]);
  });

  it("runs as many at once as it was told", async () => {
    await run([{ name: "a" }, { name: "b" }, { name: "c" }], { atOnce: 1 });
    assert.deepEqual(
      log().map((line) => line.split(" ")[0]),
      ["begins", "ends", "begins", "ends", "begins", "ends"],
    );
  });

  it("passes Ctrl-C on, and begins nothing after it", async () => {
    const running = run([{ name: "endless" }, { name: "late" }], { atOnce: 1 });
    await eventually("it waits", 10, () => Promise.resolve(log().includes("waits endless") ? true : undefined));
    process.emit("SIGINT");
    const { codes } = await running;
    assert.deepEqual(codes, [130, 130]);
    assert.ok(!log().includes("begins late"));
  });
});

describe("an up of several stacks that asks", () => {
  const members = [{ name: "pool", joins: "prod" }, { name: "prod" }];

  /** Runs it with answers, and previews that end with other codes than 0; returns what was run and how each ended. */
  async function asked(
    answers: boolean[],
    previews: Record<string, number> = {},
    args: string[] = ["--override", "memory"],
  ) {
    const done: string[] = [];
    const each: Each = (command, stacks, told) => {
      done.push(`${command} ${stacks.map(({ name }) => name).join()} ${told.join(" ")}`);
      return Promise.resolve(
        stacks.map(({ name }) => ({
          turn: { name, code: command === "preview" ? (previews[name] ?? 0) : 0 },
          ...{ seconds: 1, stdout: `${command}\n` },
        })),
      );
    };
    const results = await inTurns(members, args, each, { note: () => undefined }, () =>
      Promise.resolve(answers.shift() ?? false),
    );
    return { done, ends: results.map(({ turn }) => ("code" in turn ? turn.code : turn.leftOut)) };
  }

  it("asks for clusters first: what their pools would do shows when they are done", async () => {
    const { done, ends } = await asked([true, true], {}, ["--override", "memory", "--heal"]);
    assert.deepEqual(done, [
      "preview prod --override memory",
      "up prod --override memory --heal --yes",
      "preview pool --override memory",
      "up pool --override memory --heal --yes",
    ]);
    assert.deepEqual(ends, [0, 0]);
  });

  it("does nothing that was not agreed to, and no pool of a cluster that was not", async () => {
    const { done, ends } = await asked([false]);
    assert.deepEqual(done, ["preview prod --override memory"]);
    assert.deepEqual(ends, ["prod", 1]);
    assert.deepEqual((await asked([true, false])).ends, [1, 0]);
  });

  it("ends with what a preview ended with", async () => {
    const { done, ends } = await asked([true], { prod: 3 });
    assert.deepEqual(done, ["preview prod --override memory"]);
    assert.deepEqual(ends, ["prod", 3]);
    assert.deepEqual((await asked([true, true], { pool: 130 })).ends, [130, 0]);
  });
});
