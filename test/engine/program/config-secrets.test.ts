import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runUp } from "../../../cli/operations/up.ts";
import { Phases } from "../../../cli/process/phases.ts";
import { readInput } from "../../../cli/project/inventory.ts";
import { projectAt, type Project } from "../../../cli/project/project.ts";
import { rawConfig, threeHosts } from "../../support/cluster.ts";
import { pulumiBinary } from "../../support/pulumi.ts";

const root = join(import.meta.dirname, "../../..");
const program = `
import { writeFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "../../plan/stackconfig.ts";
export default async () => {
  writeFileSync(process.env.PLINTH_TEST_LOG, JSON.stringify(readConfig(pulumi.runtime.allConfig())));
  return {};
};
`;

// Secrets as plain pulumi writes them into the stack's file, read by the command line and, in the same run, by a program.
describe("secrets in the configuration of a stack", function () {
  this.timeout(120_000);
  const kept = { ...process.env };
  const names = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_BACKEND_URL", "PLINTH_TEST_LOG"];
  let project: Project;
  const file = (name: string) => join(project.dir, name);
  const terminal = {
    print: () => undefined,
    note: () => undefined,
    warn: () => undefined,
    paint: (_style: string, text: string) => text,
    interactive: false,
  };
  const pulumi = (...args: string[]) =>
    execFileSync(pulumiBinary(), [...args, "--stack", "demo", "--non-interactive"], {
      cwd: project.dir,
      env: { ...process.env, PULUMI_BACKEND_URL: `file://${file(".plinth/state")}` },
      stdio: "pipe",
    });

  before(async () => {
    // Below the sources, so that the program finds the SDK.
    await mkdir(join(root, ".plinth"), { recursive: true, mode: 0o700 });
    project = projectAt(await mkdtemp(join(root, ".plinth", "test-config-")));
    await mkdir(file("hosts"));
    await mkdir(file(".plinth/state"), { recursive: true });
    await copyFile(join(root, "Pulumi.yaml"), file("Pulumi.yaml"));
    const config = Object.entries(rawConfig).map(([name, value]) => `  plinth:${name}: ${value}\n`);
    await writeFile(file("Pulumi.demo.yaml"), `config:\n${config.join("")}`);
    await writeFile(file("hosts/demo.ts"), `export default ${JSON.stringify(threeHosts)};\n`);
    await writeFile(file("index.ts"), program);
    Object.assign(process.env, { PULUMI_CONFIG_PASSPHRASE: "test", PLINTH_TEST_LOG: file("log") });
    delete process.env["PULUMI_BACKEND_URL"];
    pulumi("stack", "init");
    const path = 'plinth:registryCredentials["registry.example.net"]';
    pulumi("config", "set", "--path", `${path}.username`, "puller");
    pulumi("config", "set", "--secret", "--path", `${path}.password`, "correct horse");
    pulumi("config", "set", "--secret", "plinth:certificateDays", "90");
  });
  after(async () => {
    for (const name of names) {
      const value = kept[name];
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    await rm(project.dir, { recursive: true });
  });

  it("are accepted by the command line, and reach the program in clear", async () => {
    assert.match(await readFile(file("Pulumi.demo.yaml"), "utf8"), /password:\s+secure: v1:/);
    const input = await readInput(project, "demo");
    const phases = Phases.fromEnvironment({});
    const common = { stack: "demo", plugins: "bundled" as const, project, terminal, phases };
    assert.equal(await runUp({ ...common, yes: true, input }), 0);
    const { registryCredentials, certificateDays, sshPort } = JSON.parse(await readFile(file("log"), "utf8")) as Record<
      string,
      unknown
    >;
    assert.deepEqual(registryCredentials, {
      "registry.example.net": { username: "puller", password: "correct horse" },
    });
    assert.deepEqual([certificateDays, sshPort], ["90", "22"]);
    assert.equal(input.settings.config["sshPort"], "22", "the files give what the engine gives");
  });
});
