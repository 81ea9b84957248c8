import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommanderError, type Command } from "commander";
import { commandLine } from "../../../cli/app.ts";
import { separateArguments } from "../../../cli/commands/kubectl.ts";
import { parseCount } from "../../../cli/options.ts";

/** The text of --help, as a user sees it. */
function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part), writeErr: () => undefined });
  command.exitOverride();
  try {
    command.outputHelp();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  }
  return text;
}

/** Parses without running. Returns the code of commander's refusal, or the arguments the command would get. */
async function parsed(args: string[]): Promise<string | unknown[]> {
  const app = commandLine();
  let passed: unknown[] = [];
  for (const command of [app, ...app.commands, ...app.commands.flatMap((sub) => sub.commands)]) {
    command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    if (command.commands.length === 0) command.action((...all: unknown[]) => void (passed = all.slice(0, -1)));
  }
  try {
    await app.parseAsync(separateArguments(args), { from: "user" });
    return passed;
  } catch (error) {
    if (error instanceof CommanderError) return error.code;
    throw error;
  }
}

describe("command line", () => {
  const names = commandLine().commands.map((command) => command.name());

  it("has the commands of the design", () => {
    for (const name of "up preview review destroy refresh outputs inventory import explain status drift check etcd kubectl ssh run copy facts reader reset loadtest prometheus dashboards lab test artifacts bench".split(
      " ",
    )) {
      assert.ok(names.includes(name), name);
    }
  });

  for (const command of commandLine().commands) {
    it(`${command.name()} --help has a description, examples and exit codes`, () => {
      const help = helpOf(command);
      assert.notEqual(command.description(), "");
      assert.match(help, /Examples:\n {2}\.\/plinth /);
      assert.match(help, /Exit codes:\n {2}0 /);
    });
  }

  it("refuses unknown commands, options and values", async () => {
    assert.equal(await parsed(["upp"]), "commander.unknownCommand");
    assert.equal(await parsed(["up", "--bogus"]), "commander.unknownOption");
    assert.equal(await parsed(["up", "extra"]), "commander.excessArguments");
    assert.equal(await parsed(["up", "--plugins", "mine"]), "commander.invalidArgument");
    assert.equal(await parsed(["up", "--parallel", "0"]), "commander.invalidArgument");
    assert.equal(await parsed(["test", "nope"]), "commander.invalidArgument");
    assert.equal(await parsed(["lab", "explode"]), "commander.unknownCommand");
    assert.equal(await parsed(["ssh"]), "commander.missingArgument");
    assert.equal(await parsed(["run"]), "commander.missingArgument");
    assert.equal(await parsed(["copy", "file"]), "commander.missingArgument");
    for (const value of ["-1", "1.5", "x", "", "1e9"])
      assert.equal(await parsed(["run", "--timeout", value, "--", "id"]), "commander.invalidArgument", value);
  });

  it("leaves what follows kubectl, ssh and run alone", async () => {
    const stack = "lab";
    const raw = ["get", "--raw", "/readyz?verbose"];
    assert.deepEqual(await parsed(["kubectl", ...raw]), [raw, { stack }]);
    const leases = ["-n", "kube-system", "get", "leases", "--help"];
    assert.deepEqual(await parsed(["kubectl", ...leases]), [leases, { stack }]);
    assert.deepEqual(await parsed(["kubectl", "--stack", "prod", ...leases]), [leases, { stack: "prod" }]);
    assert.deepEqual(await parsed(["kubectl", "--", "--help"]), [["--help"], { stack }]);
    assert.deepEqual(await parsed(["ssh", "cp1", "--", "ls", "-la"]), ["cp1", ["--", "ls", "-la"], { stack }]);
    assert.deepEqual(await parsed(["ssh", "cp1", "ls", "-la"]), ["cp1", ["ls", "-la"], { stack }]);
    assert.deepEqual(await parsed(["run", "--on", "w*", "--", "ls", "--root"]), [
      ["ls", "--root"],
      { stack, on: "w*", timeout: 60 },
    ]);
    assert.deepEqual(await parsed(["run", "--root", "ls", "-la"]), [["ls", "-la"], { stack, root: true, timeout: 60 }]);
  });

  it("keeps what it has compiled in the user's own cache", () => {
    const cache = mkdtempSync(join(tmpdir(), "plinth-cache-"));
    try {
      const env = { ...process.env, XDG_CACHE_HOME: cache };
      execFileSync(process.execPath, ["cli/main.ts", "--help"], { env, stdio: "ignore" });
      assert.equal(existsSync(join(cache, "plinth", "compiled")), true);
    } finally {
      rmSync(cache, { recursive: true });
    }
  });

  it("goes on when nobody reads its output any more", async () => {
    const child = spawn(process.execPath, ["cli/main.ts", "--help"], { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.destroy();
    assert.deepEqual(await once(child, "close"), [0, null]);
  });

  it("takes whole numbers of 1 and more for --parallel", () => {
    assert.equal(parseCount("12"), 12);
    for (const text of ["0", "-1", "1.5", "x"]) assert.throws(() => parseCount(text), /whole number/);
  });
});
