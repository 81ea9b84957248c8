import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { parse, stringify } from "yaml";
import { FleetProcess } from "../../../bench/fleet/process.ts";
import { benchHosts, BenchProject, benchStack as stack } from "../../../bench/project.ts";
import { pulumiBinary } from "../../support/pulumi.ts";
import { stopAtFirstFailure } from "../../support/inOrder.ts";

const root = join(import.meta.dirname, "../../..");
const pool = `${stack}-pool`;
/** None of them may be seen anywhere. */
const secrets = {
  password: "correct horse battery",
  argument: "staple-in-an-argument",
  wholeText: "staple-in-a-structure",
};

interface Run {
  code: number | null;
  out: string;
  said: string;
}

// Secrets as plain `pulumi` writes them into the stack's file, with the real command line and engine, and hosts that are
// simulated. The tests build on each other.
describe("secrets in the configuration of a stack", function () {
  this.timeout(300_000);
  stopAtFirstFailure(this);
  let fleet: FleetProcess;
  let project: BenchProject;
  let fakes: string;
  const file = (name: string): string => join(project.directory, name);
  const environment = (passphrase: string): Record<string, string> =>
    project.environment({
      PULUMI_CONFIG_PASSPHRASE: passphrase,
      PATH: [fakes, process.env["PATH"] ?? ""].join(delimiter),
    });
  const pulumi = (...args: string[]): void => {
    execFileSync(pulumiBinary(), [...args, "--non-interactive"], {
      cwd: project.directory,
      env: { ...environment("test"), PULUMI_BACKEND_URL: `file://${file(".plinth/state")}` },
      stdio: "pipe",
    });
  };
  const plinth = (args: readonly string[], passphrase = "test"): Run => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [file("cli/main.ts"), ...args], {
      cwd: project.directory,
      env: environment(passphrase),
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    for (const secret of Object.values(secrets))
      for (const text of [stdout, stderr]) assert.ok(!text.includes(secret), `${args.join(" ")} shows ${secret}`);
    return { code: status, out: stdout, said: stderr };
  };
  /** What ends as it should, with its stack. */
  const run = (code: number, ...args: string[]): Run => {
    const result = plinth(args.some((arg) => arg.startsWith("--stack")) ? args : [...args, "--stack", stack]);
    assert.equal(result.code, code, `${args.join(" ")}: ${result.said}${result.out}`);
    return result;
  };

  before(async () => {
    fleet = await FleetProcess.start();
    project = await BenchProject.make(root, undefined, fleet.access);
    // Prints what it is told, so that no network is needed to see it.
    fakes = join(project.folder, "fakes");
    await mkdir(fakes);
    await writeFile(join(fakes, "ssh"), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
    const everybody = benchHosts(fleet.access.subnet, 5);
    await fleet.publish(await project.scripts());
    const keys = await fleet.add(everybody);
    await project.configure(everybody, keys, { exportPoolMaterial: "true" });
    await writeFile(file(`hosts/${stack}.ts`), `export default ${JSON.stringify(everybody.slice(0, 4))};\n`);
    await writeFile(file(`hosts/${pool}.ts`), `export default ${JSON.stringify(everybody.slice(4))};\n`);
    const { config } = parse(await readFile(file(`Pulumi.${stack}.yaml`), "utf8")) as {
      config: Record<string, unknown>;
    };
    const own = ["artifactsUrl", "sshPrivateKeyFile", "sshKnownHostsFile", "kubernetesVersion"];
    const poolConfig = Object.entries(config).filter(([key]) => own.some((name) => key === `plinth:${name}`));
    await writeFile(file(`Pulumi.${pool}.yaml`), stringify({ config: Object.fromEntries(poolConfig) }));
  });
  after(async () => {
    await project.remove();
    await fleet.close();
  });

  it("are set as the documentation says, as whole values and inside of structures", async () => {
    const set = (name: string, ...args: string[]): void => {
      pulumi("config", "set", "--stack", name, "--secret", ...args);
    };
    pulumi("stack", "init", stack);
    const registry = 'plinth:registryCredentials["registry.example.net"]';
    pulumi("config", "set", "--stack", stack, "--path", `${registry}.username`, "puller");
    set(stack, "--path", `${registry}.password`, secrets.password);
    set(stack, "--path", "plinth:apiserverArgs.service-account-max-token-expiration", secrets.argument);
    set(stack, "plinth:kubeletConfig", JSON.stringify({ providerID: secrets.wholeText }));
    // What commands themselves need.
    set(stack, "plinth:sshUser", "root");
    set(stack, "plinth:sshPort", String(fleet.access.sshPort));
    set(stack, "plinth:artifactsUrl", fleet.access.artifactsUrl);
    pulumi("stack", "init", pool);
    set(pool, "plinth:clusterStack", `organization/plinth/${stack}`);
    set(pool, "plinth:sshPort", String(fleet.access.sshPort));
    const text = await readFile(file(`Pulumi.${stack}.yaml`), "utf8");
    assert.equal(text.match(/secure: v1:/g)?.length, 6, text);
  });

  it("are decrypted by commands that change nothing, before there is a cluster", () => {
    run(0, "preview", "--json");
    assert.match(run(1, "kubectl", "--stack", stack, "get", "nodes").said, /no kubeconfig yet/);
    const { out } = run(0, "ssh", "--stack", stack, "cp1", "--", "true");
    assert.match(out, new RegExp(`-p ${String(fleet.access.sshPort)} -l root `));
  });

  it("reach the program: hosts are brought up, and a second run changes nothing", () => {
    run(0, "up", "--yes", "--json");
    run(0, "up", "--yes", "--json"); // Steps of the roster may move to other hosts once there are some.
    run(0, "up", "--expect-no-changes");
  });

  it("of a pool and its cluster are read by one command for both", () => {
    const both = `${stack},${pool}`;
    run(0, "up", "--stacks", both, "--yes");
    run(0, "preview", "--stacks", both, "--expect-no-changes");
    for (const command of ["review", "status", "drift"]) assert.notEqual(plinth([command, "--stacks", both]).code, 2);
  });

  it("are accepted by every other command", () => {
    run(0, "refresh");
    run(0, "review");
    run(0, "outputs", "--json");
    run(0, "outputs", "kubeconfig", "--show-secrets");
    for (const command of ["status", "drift"])
      assert.ok([0, 1, 4].includes(plinth([command, "--stack", stack]).code ?? -1));
    run(3, "reset", "w1", "--yes");
    run(0, "artifacts", "--json");
    run(0, "kubectl", "--stack", stack, "version", "--client");
  });

  it("stand in the state, and never in clear", () => {
    const exported = (...args: string[]): string =>
      execFileSync(pulumiBinary(), ["stack", "export", "--stack", stack, "--non-interactive", ...args], {
        cwd: project.directory,
        env: { ...environment("test"), PULUMI_BACKEND_URL: `file://${file(".plinth/state")}` },
        encoding: "utf8",
        maxBuffer: 2 ** 28,
      });
    const [state, clear] = [exported(), exported("--show-secrets")];
    const login = Buffer.from(`puller:${secrets.password}`).toString("base64");
    for (const text of [login, secrets.argument, secrets.wholeText]) {
      assert.ok(clear.includes(text), `${text} has reached the program`);
      assert.ok(!state.includes(text), text);
    }
    assert.ok(!state.includes(secrets.password));
  });

  it("need the right passphrase, which one sentence says", () => {
    const commands = [["preview"], ["up", "--yes"], ["status"], ["ssh", "cp1"], ["review"], ["destroy", "--yes"]];
    for (const [command = "", ...rest] of commands) {
      const { code, said, out } = plinth([command, "--stack", stack, ...rest], "wrong");
      assert.equal(code, 1, `${command}: ${said}${out}`);
      const sentence = /The secrets of the stack cannot be decrypted: the passphrase is wrong\. Set PULUMI/g;
      // Of a review it stands in the document, too.
      assert.equal(`${said}${out}`.match(sentence)?.length, command === "review" ? 2 : 1, `${command}: ${said}`);
    }
  });

  it("are read in a clone that has no state yet", async () => {
    const state = file(".plinth/state");
    const aside = `${state}.aside`;
    execFileSync("mv", [state, aside]);
    await mkdir(state);
    assert.match(run(0, "ssh", "--stack", stack, "cp1").out, /-l root/);
    assert.deepEqual(globSync(".pulumi/stacks/**/*.json*", { cwd: state }), [], "no stack was made");
    execFileSync("rm", ["-r", state]);
    execFileSync("mv", [aside, state]);
  });

  it("do not keep a cluster from being destroyed", () => {
    run(0, "destroy", "--yes", "--stack", pool);
    run(0, "destroy", "--yes");
  });
});
