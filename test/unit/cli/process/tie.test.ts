import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const tie = join(import.meta.dirname, "../../../../cli/process/tie.ts");
const program = `
import { tieToParent, tiedVariable } from ${JSON.stringify(tie)};
process.on("SIGINT", () => { console.log("interrupted", process.env[tiedVariable] ?? "not passed on"); process.exit(7); });
tieToParent();
console.log("begun");
setTimeout(() => process.exit(9), 20_000);
`;

describe("a process that is tied to the one that started it", function () {
  this.timeout(30_000);
  const start = (env: Record<string, string>) =>
    spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });

  it("is interrupted when its standard input ends, and what it starts itself is not tied", async () => {
    const child = start({ PLINTH_TIED: "1" });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text === "begun\n") child.stdin.end();
    });
    const [code] = (await once(child, "close")) as [number];
    assert.deepEqual([code, text], [7, "begun\ninterrupted not passed on\n"]);
  });

  it("hands it on to a program that takes its place", async () => {
    const replaced = `
      import { tieToParent, tieEnvironment } from ${JSON.stringify(tie)};
      tieToParent();
      const args = ["--input-type=module", "-e", ${JSON.stringify(program)}];
      process.execve(process.execPath, [process.execPath, ...args], { ...process.env, ...tieEnvironment() });
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", replaced], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, PLINTH_TIED: "1" },
    });
    child.stdout.once("data", () => child.stdin.end());
    const [code] = (await once(child, "close")) as [number];
    assert.equal(code, 7);
  });

  it("is only tied where that is asked for", async () => {
    const child = start({});
    const [chunk] = (await once(child.stdout, "data")) as [Buffer];
    assert.equal(chunk.toString(), "begun\n");
    child.stdin.end();
    child.kill("SIGTERM");
    const [, signal] = (await once(child, "close")) as [number | null, string];
    assert.equal(signal, "SIGTERM");
  });
});
