import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { projectAt, type Project } from "../../../cli/project/project.ts";
import { runPulumi } from "../../../cli/pulumi/cli.ts";
import { engineContext } from "../../../cli/pulumi/context.ts";
import { openInput } from "../../../cli/session/settings.ts";
import { withGivenSecrets } from "../../../plan/backup/givensecrets.ts";
import { rawBackup } from "../../support/backup.ts";
import { rawConfig, threeHosts } from "../../support/cluster.ts";
import { pulumiBinary } from "../../support/pulumi.ts";

const root = join(import.meta.dirname, "../../..");
const terminal = {
  ...{ print: () => undefined, note: () => undefined, warn: () => undefined },
  paint: (_style: string, text: string) => text,
  interactive: false,
};

describe("a configuration whose passphrase is lost", function () {
  this.timeout(120_000);
  const kept = { ...process.env };
  let project: Project;

  before(async () => {
    await mkdir(join(root, ".plinth"), { recursive: true });
    const folder = await mkdtemp(join(root, ".plinth", "closed-"));
    project = projectAt(folder);
    for (const name of ["PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE"])
      Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, { PULUMI_CONFIG_PASSPHRASE: "first", PULUMI_HOME: join(folder, "home") });
    await mkdir(join(folder, "hosts"));
    await writeFile(join(folder, "hosts/demo.ts"), `export default ${JSON.stringify(threeHosts)};\n`);
    await writeFile(join(folder, "Pulumi.yaml"), "name: plinth\nruntime: nodejs\n");
    const { password, ...open } = rawBackup;
    const config = Object.entries({ ...rawConfig, backup: open }).map(([key, value]) => [`plinth:${key}`, value]);
    await writeFile(join(folder, "Pulumi.demo.yaml"), stringify({ config: Object.fromEntries(config) as unknown }));
    const context = await engineContext(project, "demo", pulumiBinary(), () => undefined);
    await runPulumi(context, ["stack", "init"]);
    for (const [key, value] of [
      ["plinth:backup.password", password],
      ["plinth:backup.targets[1].ssh.privateKey", "-----BEGIN OPENSSH PRIVATE KEY-----"],
      ["plinth:sudoPassword", "of sudo"],
    ] as const)
      await runPulumi(context, ["config", "set", "--path", key, "--secret"], value);
    await writeFile(
      join(folder, "Pulumi.demo.yaml"),
      await readFile(join(context.workDir, "Pulumi.demo.yaml"), "utf8"),
    );
  });
  after(async () => {
    for (const name of Object.keys(process.env)) if (!(name in kept)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, kept);
    await rm(project.dir, { recursive: true });
  });

  it("is read as it is while there is the passphrase", async () => {
    const never = (): never => assert.fail("nothing is closed");
    const { config } = await openInput(project, "demo", terminal, never);
    assert.equal(config.backup?.password, rawBackup.password);
  });

  it("leads to the targets all the same, where the password of the repositories is given", async () => {
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "second";
    await assert.rejects(openInput(project, "demo", terminal), /the passphrase is wrong/);
    const { config } = await openInput(project, "demo", terminal, (read, { message }) => {
      assert.match(message, /the passphrase is wrong/);
      return withGivenSecrets(read, "the password from the safe");
    });
    assert.equal(config.backup?.password, "the password from the safe");
    assert.deepEqual(
      config.backup.targets.map(({ name }) => name),
      rawBackup.targets.map(({ name }) => name),
    );
    assert.equal(config.sudoPassword, undefined);
  });
});
