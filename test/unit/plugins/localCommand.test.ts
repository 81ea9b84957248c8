import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandProvider } from "../../../plugins/command/index.ts";
import { matcher } from "../../../plugins/command/glob.ts";
import { archive, asset, secret, UNKNOWN } from "../../../plugins/provider/values.ts";
import { ProviderClient } from "./client.ts";

describe("command:local:Command", () => {
  let client: ProviderClient;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "plinth-local-"));
    client = await ProviderClient.start(commandProvider, "command:local:Command");
  });
  after(async () => {
    await client.close();
    rmSync(folder, { recursive: true });
  });

  it("runs by /bin/sh with stdin, environment and folder", async () => {
    const inputs = { create: 'cat; echo "$A"; pwd', stdin: secret("in\n"), environment: { A: "b" }, dir: folder };
    const { properties } = await client.create(inputs);
    assert.deepEqual(properties, { ...inputs, stdout: `in\nb\n${folder}`, stderr: "" });
  });

  it("runs by another interpreter", async () => {
    const inputs = { create: "console.log(1 + 1)", interpreter: [process.execPath, "-e"] };
    assert.equal((await client.create(inputs)).properties["stdout"], "2");
  });

  it("fails with status, command and output", async () => {
    await assert.rejects(client.create({ create: "echo no >&2; exit 3" }), {
      message: 'exit status 3: running "echo no >&2; exit 3":\nno',
    });
    await assert.rejects(client.create({ create: "x", interpreter: ["/nonexistent"] }), /cannot be started in/);
  });

  it("ends on Cancel, with what it started", async () => {
    const file = join(folder, "child");
    const failed = assert.rejects(client.create({ create: `sleep 30 & echo $! > ${file}; wait` }), /interrupted/);
    const started = Date.now();
    while (!existsSync(file) || readFileSync(file, "utf8") === "") {
      assert.ok(Date.now() - started < 5000, "the command did not start");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await client.cancel();
    await failed;
    const state = execFileSync("ps", ["-o", "stat=", "-p", `${Number(readFileSync(file, "utf8"))},1`], {
      encoding: "utf8",
    });
    assert.ok(!/^[SR].*\n[SR]/.test(state.trim()), `the child still runs: ${state}`);
  });

  it("collects files as assets and as an archive with the engine's hash", async () => {
    const project = join(folder, "t");
    mkdirSync(join(project, "sub"), { recursive: true });
    writeFileSync(join(project, "b.log"), "b\n");
    writeFileSync(join(project, "sub", "a.txt"), "a");
    writeFileSync(join(project, "sub", "secret.txt"), "s");
    const inputs = { dir: project, assetPaths: ["**.txt", "!**secret*"], archivePaths: ["*.log"] };
    const { properties } = await client.create({ create: "true", ...inputs });
    const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
    assert.deepEqual(properties["assets"], {
      "sub/a.txt": asset({ path: join(project, "sub/a.txt"), hash: hash("a") }),
    });
    // The hash that the official plugin gives for an archive of b.log with this content.
    const expected = "1dc813cd3bdc96f4d66ecee6aef136b7ba857c8e3d147c3598fb4f4b3e2e98bf";
    const members = { "b.log": asset({ path: join(project, "b.log"), hash: hash("b\n") }) };
    assert.deepEqual(properties["archive"], archive(members, expected));
  });

  it("previews assets and archive as unknown when an input changes", async () => {
    const inputs = { create: "true", dir: folder, assetPaths: ["**.none"], archivePaths: ["**.none"] };
    const resource = await client.create(inputs);
    const properties = await client.update(resource, { ...inputs, create: "true # again" }, true);
    for (const name of ["stdout", "stderr", "assets", "archive"]) assert.equal(properties[name], UNKNOWN, name);
  });

  it("command:local:run runs at once and gives its arguments back", async () => {
    const result = await client.invoke("command:local:run", { command: "echo hi", logging: "none" });
    assert.deepEqual(result, { command: "echo hi", logging: "none", stdout: "hi", stderr: "" });
    await assert.rejects(client.invoke("command:local:run", { create: "x" }), /create is not a known key/);
  });

  it("globs keep * within one folder", () => {
    for (const [glob, path, expected] of [
      ["*.js", "a.js", true],
      ["*.js", "a/b.js", false],
      ["src/**.js", "src/a/b.js", true],
      ["{a,b}.?", "b.c", true],
      ["[!a].c", "a.c", false],
      ["a.c", "abc", false],
    ] as const) {
      assert.equal(matcher(glob)(path), expected, `${glob} on ${path}`);
    }
  });
});
