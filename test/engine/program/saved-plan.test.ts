import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isProgramFindings } from "../../../cli/errors.ts";
import { Phases } from "../../../cli/process/phases.ts";
import { projectAt, type Project } from "../../../cli/project/project.ts";
import { Account } from "../../../cli/operations/account.ts";
import { runReview } from "../../../cli/operations/review.ts";
import { runUp } from "../../../cli/operations/up.ts";
import { rawConfig, threeHosts } from "../../support/cluster.ts";
import { openInput } from "../../../cli/session/settings.ts";
import { newKey, startSshServer, type TestSshServer } from "../../unit/ssh/sshServer.ts";
import { stopAtFirstFailure } from "../../support/inOrder.ts";

const root = join(import.meta.dirname, "../../..");
const program = `
import * as command from "@pulumi/command";
export default async () => {
  if (process.env.PLINTH_TEST_REFUSE) throw Object.assign(new Error("no"), { kind: "guard", findings: [
    { rule: "etcd-quorum", kind: "guard", hosts: ["cp1"], message: "too few", remedy: "add some" }] });
  const log = process.env.PLINTH_TEST_LOG;
  const text = process.env.PLINTH_TEST_TEXT;
  const connection = JSON.parse(process.env.PLINTH_TEST_CONNECTION);
  const first = new command.remote.Command("cp1-etcd", { connection, create: "echo first " + text + " >> " + log });
  new command.remote.Command("cp2-etcd", { connection, create: "echo second >> " + log }, { dependsOn: first });
  return {};
};
`;

// The command line's own way through review and up, with the real engine and the bundled plugins, on a project whose
// commands write to a file, by an SSH server in this process. The tests build on each other's state.
describe("saved plans of the command line", function () {
  this.timeout(120_000);
  stopAtFirstFailure(this);
  const kept = { ...process.env };
  let server: TestSshServer;
  let project: Project;
  let file: (name: string) => string;
  const printed: string[] = [];
  const terminal = {
    print: (line = "") => void printed.push(line),
    note: () => undefined,
    warn: () => undefined,
    paint: (_style: string, text: string) => text,
    interactive: false,
  };
  const common = () => ({
    stack: "demo",
    plugins: "bundled" as const,
    project,
    terminal,
    phases: Phases.fromEnvironment({}),
  });
  const review = (name: string) => runReview({ ...common(), save: file(name), out: file("review.md") });
  const up = async (name: string) =>
    runUp({
      ...common(),
      account: new Account(),
      yes: true,
      plan: file(name),
      input: await openInput(project, "demo", terminal),
    });
  const done = async () => (existsSync(file("log")) ? readFile(file("log"), "utf8") : "");

  before(async () => {
    const login = newKey();
    server = await startSshServer({ publicKey: login.publicKey });
    const reach = { host: "127.0.0.1", port: server.port, privateKey: login.privateKey, hostKey: server.hostKey };
    // Below the sources, so that the program finds the SDK.
    await mkdir(join(root, ".plinth"), { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(join(root, ".plinth", "test-plan-"));
    project = projectAt(folder);
    file = (name) => join(folder, name);
    await mkdir(file("hosts"));
    await copyFile(join(root, "Pulumi.yaml"), file("Pulumi.yaml"));
    const config = Object.entries(rawConfig).map(([name, value]) => `  plinth:${name}: ${value}\n`);
    await writeFile(file("Pulumi.demo.yaml"), `config:\n${config.join("")}`);
    await writeFile(file("hosts/demo.ts"), `export default ${JSON.stringify(threeHosts)};\n`);
    await writeFile(file("index.ts"), program);
    Object.assign(process.env, {
      PULUMI_CONFIG_PASSPHRASE: "test",
      PLINTH_TEST_LOG: file("log"),
      PLINTH_TEST_TEXT: "one",
      PLINTH_TEST_CONNECTION: JSON.stringify(reach),
    });
    delete process.env["PULUMI_BACKEND_URL"];
  });
  after(async () => {
    for (const name of ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_BACKEND_URL"]) {
      const value = kept[name];
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    await rm(project.dir, { recursive: true });
    await server.close();
  });

  it("review writes the review and the plan, which nobody else can read", async () => {
    assert.equal(await review("plan.json"), undefined);
    assert.match(await readFile(file("review.md"), "utf8"), /^<!-- plinth-review demo -->\n/);
    assert.equal((await stat(file("plan.json"))).mode & 0o777, 0o600);
    assert.equal(await done(), "");
  });

  it("up refuses another edit, before the first command", async () => {
    process.env["PLINTH_TEST_TEXT"] = "two";
    await assert.rejects(up("plan.json"), /plan\.json does not hold create etcd .*cp1.*nothing was touched/);
    assert.equal(await done(), "");
  });

  it("up does what the plan holds", async () => {
    process.env["PLINTH_TEST_TEXT"] = "one";
    assert.equal(await up("plan.json"), 0);
    assert.equal(await done(), "first one\nsecond\n");
  });

  it("a plan whose work is done already is no reason to fail, and nothing is done again", async () => {
    await review("nothing.json");
    assert.match(await readFile(file("review.md"), "utf8"), /Nothing would change\./);
    assert.equal(await up("nothing.json"), 0);
    assert.equal(await done(), "first one\nsecond\n");
  });

  it("a refused review says so, is no error of its own, and leaves no plan of an earlier one", async () => {
    process.env["PLINTH_TEST_REFUSE"] = "yes";
    const failure = await review("plan.json");
    delete process.env["PLINTH_TEST_REFUSE"];
    assert.ok(isProgramFindings(failure));
    assert.match(await readFile(file("review.md"), "utf8"), /\| `etcd-quorum` \| cp1 \| too few \| add some \|/);
    assert.equal(existsSync(file("plan.json")), false);
    await assert.rejects(up("plan.json"), /The plan .*plan\.json cannot be read/);
  });
});
