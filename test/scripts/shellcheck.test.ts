import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  adhocScript,
  backupUnitScript,
  failoverScript,
  keysScript,
  loadTestScript,
  lookScript,
  markScript,
  metricsScript,
  networkScript,
  readerInstaller,
  readerScript,
  rosterScript,
  rosterScriptNames,
  runLockScript,
} from "../../plan/scripts.ts";
import { generatedScripts } from "../../plan/shellnames.ts";
import { driftScript, factsScript, hostScript, statusScript } from "../../components/host/script.ts";

const generatedNames = Object.values(generatedScripts).flatMap((text) =>
  [...text.matchAll(/^(\w+)=/gm)].map(([, name = ""]) => name),
);
const project = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(project, path), "utf8");

/** Findings of shellcheck about a script's text; empty when there is none. `file` is where it is, if it is a file. */
function shellcheck(text: string, options: string[] = [], file = "-"): string {
  // What says bash in its first line runs on the operator's machine; hosts have sh only.
  const shell = /^#!.*bash/.test(text) ? [] : ["--shell=sh"];
  // By standard input, so that .shellcheckrc is that of the project for scripts that are assembled, too.
  const run = spawnSync("shellcheck", [...shell, "--format=gcc", ...options, file], {
    cwd: project,
    // A file is not read from standard input, and what is written there then fails when shellcheck is quick.
    ...(file === "-" ? { input: text } : {}),
    encoding: "utf8",
  });
  assert.equal(
    run.error,
    undefined,
    "shellcheck is needed for this test: install it (`apt-get install shellcheck`, or see shellcheck.net)",
  );
  return run.stdout + run.stderr;
}

/** Lower-case variables that a function assigns without a `local` for them, as `FUNCTION VARIABLE`. */
function strayAssignments(text: string): string[] {
  return [...text.matchAll(/^(\w+)\(\) \{\n(.*?)^\}/gms)].flatMap(([, name = "", body = ""]) => {
    const declared = new Set([...body.matchAll(/^ +local (.+)$/gm)].flatMap(([, names = ""]) => names.split(" ")));
    // Programs for awk have variables of their own; what is quoted is no assignment, and nor is a word of a command.
    const code = body
      .replace(/^ *#.*$/gm, "")
      .replace(/'[^']*'|"(?:\\.|[^"\\])*"/gs, "''")
      .replaceAll("\\\n", "");
    const assignments = /(?:^ *|[;{(&|)] *|\b(?:then|do|else|if|elif|while|until) +|! +)((?:\w+=\S* *)+)/gm;
    const assigned = [
      ...[...code.matchAll(assignments)].flatMap(([, words = ""]) => [...words.matchAll(/(?:^| )(\w+)=/g)]),
      ...code.matchAll(/\bfor (\w+) in/g),
      ...[...code.matchAll(/\bread -r ((?:\w+ ?)+)/g)].flatMap(([, names = ""]) => [...names.matchAll(/(\w+)/g)]),
    ].map(([, variable = ""]) => variable);
    const stray = assigned.filter((variable) => /^[a-z]/.test(variable) && !declared.has(variable));
    return [...new Set(stray)].map((variable) => `${name} ${variable}`);
  });
}

describe("shell scripts", function () {
  this.timeout(60_000);

  const assembled = {
    ...{
      "plinth-host": hostScript(),
      facts: factsScript(),
      status: statusScript(),
      drift: driftScript(),
      workloads: lookScript("workloads"),
      mark: markScript([{ kind: "up" }, { kind: "drift", found: 3 }]),
      backup: backupUnitScript().content,
      metrics: metricsScript().content,
      keys: keysScript(["/etc/kubernetes/a.key"]),
      loadtest: loadTestScript(["etcd.service"], 1),
      ...Object.fromEntries(
        (["run", "put", "get"] as const).map((name) => [`adhoc ${name}`, adhocScript(name, ["a", "b", "c"])]),
      ),
      "run-lock": runLockScript(),
      failover: failoverScript(["begin", "60", "a.service"]),
      "network-check": networkScript({
        probe: "0a-b",
        questions: ["q1 pod 3 0 - http://192.0.2.1/"],
        authority: "A\n",
      }),
    },
  };
  for (const [name, text] of Object.entries(assembled)) {
    it(`on hosts hold what shellcheck asks for, as they are assembled: ${name}`, () => {
      // Parts take what they need of the names that the program writes for all of them.
      const unused = new RegExp(`(?:${[...generatedNames].join("|")}) appears unused`);
      const said = shellcheck(text).split("\n");
      assert.deepEqual(
        said.filter((line) => line !== "" && !unused.test(line)),
        [],
      );
    });
  }

  for (const [name, text] of Object.entries({ "plinth-reader": readerScript(), "its installer": readerInstaller() })) {
    it(`on hosts hold what shellcheck asks for, as they are assembled: ${name}`, () => {
      // What the installer brings along has been checked by itself; it uses one of the names that both have.
      assert.equal(shellcheck(text, name === "plinth-reader" ? [] : ["--exclude=SC2034"]), "");
    });
  }

  const alone = [
    "scripts/install.sh",
    "scripts/host/*.sh",
    "scripts/roletest/*.sh",
    "plinth",
    "examples/**/*.sh",
    "lab/**/*.sh",
    "test/**/*.sh",
    ".ci/*",
    "test/scripts/support/fakes/*",
    "test/scripts/support/images/*/tools/*",
  ].flatMap((pattern) => globSync(pattern, { cwd: project }));
  for (const path of new Set(alone).difference(new Set(["scripts/host/failover.sh"]))) {
    it(`hold what shellcheck asks for: ${path}`, () => {
      const options = ["--external-sources", "--source-path=SCRIPTDIR", "--exclude=SC1091"];
      assert.equal(shellcheck(read(path), options, path), "");
    });
  }

  for (const { name, content } of rosterScriptNames.map(rosterScript)) {
    it(`hold what shellcheck asks for, as hosts have them: ${name}`, () => {
      // Variables are given by the command, or read by the other script.
      assert.equal(shellcheck(content, ["--exclude=SC2034,SC2153,SC2154"]), "");
    });
  }

  const ours = globSync(["scripts/{adhoc,backup,lib,host,look,reader,roletest,roster}/*.sh", "scripts/*.sh"], {
    cwd: project,
  });

  it("declare what a function assigns as local, or share it in capitals", () => {
    // Units of every host restart when these two get another digest: they change when they have to do something else.
    const older = ["scripts/host/baseline.sh", "scripts/host/load-images.sh"];
    const held = ours.filter((path) => !older.includes(path));
    const found = held.flatMap((path) => strayAssignments(read(path)).map((name) => `${path}: ${name}`));
    assert.deepEqual(found, []);
  });

  it("have lines that can be read at a glance, of 150 columns at most", () => {
    const found = ours.flatMap((path) =>
      read(path)
        .split("\n")
        .flatMap((line, index) => (line.length > 150 ? [`${path}:${index + 1}: ${line.length}`] : [])),
    );
    assert.deepEqual(found, []);
  });

  it("are all parts of the assembled ones", () => {
    const scripts = join(project, "scripts");
    // Those for commands by hand, for marks of runs and for load tests are one file each, with its question in front.
    const ofParts = Object.keys(assembled).filter((name) => !/^(adhoc .*|mark|loadtest)$/.test(name));
    const listed = ofParts.flatMap((name) =>
      readFileSync(join(scripts, `${name}.parts`), "utf8")
        .trim()
        .split("\n")
        .filter((line) => !line.startsWith("#")),
    );
    assert.deepEqual(
      [...new Set(listed)].sort(),
      [
        ...globSync("{backup,check,lib,lib/resources,look,metrics}/*.sh", { cwd: scripts }).filter(
          (path) => path !== "check/loadtest.sh",
        ),
        "host/failover.sh",
        "plinth-host.sh",
        "run-lock.sh",
      ].sort(),
    );
  });

  it("can be read by dash and bash", () => {
    for (const [name, text] of Object.entries(assembled)) {
      for (const shell of ["dash", "bash"]) {
        const run = spawnSync(shell, ["-n"], { input: text, encoding: "utf8" });
        assert.equal(run.stderr, "", `${name}, ${shell}`);
      }
    }
  });
});
