import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Feed } from "../../../../cli/dashboard/feed.ts";
import { htmlOf } from "../../../../cli/dashboard/html.ts";
import { Looker } from "../../../../cli/dashboard/looker.ts";
import { Phases } from "../../../../cli/process/phases.ts";
import { Journal } from "../../../../cli/runs/journal.ts";
import { appendRun } from "../../../../local/history.ts";
import { fleet, observationOf, statusText } from "../../../support/dashboard.ts";

/** Waits until something is so, or fails. */
async function until(is: () => boolean, listen: (again: () => void) => () => void): Promise<void> {
  if (is()) return;
  await new Promise<void>((resolve) => {
    const unlisten = listen(() => {
      if (!is()) return;
      unlisten();
      resolve();
    });
  });
}

describe("what the page shows", function () {
  this.timeout(30_000);
  let workDir: string;
  let feed: Feed;
  const hosts = fleet(5);
  const program = (text: string): string => {
    const path = join(workDir, "program.mjs");
    writeFileSync(path, text);
    return path;
  };
  const options = (text: string) => ({
    project: { dir: workDir, workDir },
    stack: "demo",
    every: 1,
    program: program(text),
  });
  const shown = (id: string): string => {
    const tree = feed.sections().get(id);
    return tree === undefined ? "" : htmlOf(tree);
  };

  beforeEach(() => {
    workDir = mkdtempSync(join(tmpdir(), "plinth-feed-"));
  });
  afterEach(async () => {
    await feed.stop();
    rmSync(workDir, { recursive: true });
  });

  it("is what status prints, in a process that ends with this one's input", async () => {
    feed = new Feed(
      options(`
        if (process.argv.slice(2).join(" ") !== "status --stack demo --json --watch --every 1") process.exit(2);
        if (process.env.PLINTH_TIED !== "1") process.exit(3);
        console.log(${JSON.stringify(statusText(hosts, observationOf(hosts)))});
        process.stdin.resume();
      `),
    );
    feed.start();
    await until(() => shown("summary").includes("Everything is healthy."), feed.listen.bind(feed));
  });

  it("says why nobody could look, and looks again", async () => {
    const document = JSON.stringify(statusText(hosts, observationOf(hosts)));
    feed = new Feed(
      options(`
        import { existsSync, writeFileSync } from "node:fs";
        const mark = new URL("begun-before", import.meta.url);
        if (existsSync(mark)) {
          console.log(${document});
          process.stdin.resume();
        } else {
          writeFileSync(mark, "");
          console.error("plinth: The lab is not running.");
          process.exitCode = 1;
        }
      `),
    );
    feed.start();
    await until(() => shown("summary").includes("The lab is not running."), feed.listen.bind(feed));
    await until(() => shown("summary").includes("Everything is healthy."), feed.listen.bind(feed));
    assert.ok(!shown("summary").includes("The lab is not running."));
  });

  it("follows a run that another process makes", async () => {
    feed = new Feed(options("process.stdin.resume()"));
    feed.start();
    const warn = (message: string): void => {
      throw new Error(message);
    };
    const phases = new Phases();
    const journal = new Journal({ project: { workDir }, stack: "demo", command: "up", hosts: ["cp1"], phases, warn });
    await until(() => shown("run").includes("goes on"), feed.listen.bind(feed));
    journal.tell({ type: "step-begin", id: 1, op: "update", what: "etcd", host: "cp1", wave: 1 });
    await until(() => shown("run").includes("update etcd on cp1"), feed.listen.bind(feed));
    journal.end();
    await until(() => shown("run").includes("ended: done"), feed.listen.bind(feed));
    await appendRun(workDir, "demo", {
      ...{ command: "up", began: "2026-06-01T12:00:00.000Z", duration: 61_000, result: "done", hosts: 1 },
      ...{ phases: [{ name: "converge", duration: 60_000 }], steps: [], changes: { update: 3 } },
    });
    await until(() => shown("history").includes("converge 60.0 s"), feed.listen.bind(feed));
    assert.match(shown("history"), /<code>up<\/code>.*3 updated/);
  });
});

describe("a command that looks", function () {
  this.timeout(30_000);

  it("is ended, also when it does not want to end at once", async () => {
    const dir = mkdtempSync(join(tmpdir(), "plinth-looker-"));
    try {
      const program = join(dir, "program.mjs");
      writeFileSync(
        program,
        'process.on("SIGINT", () => undefined); process.stdin.resume(); setInterval(() => {}, 1000); console.log("begun");',
      );
      const begun = Promise.withResolvers<undefined>();
      const onLine = (): void => {
        begun.resolve(undefined);
      };
      const looker = new Looker({ args: [], pause: 1, onLine, onComplaint: () => undefined, program });
      looker.start();
      await begun.promise;
      await looker.stop();
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
