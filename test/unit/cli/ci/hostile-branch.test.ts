import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { benchHosts, BenchProject, benchStack } from "../../../../bench/project.ts";

const root = join(import.meta.dirname, "../../../..");
const access = {
  subnet: "127.250.0.0/16",
  vip: "127.250.255.10",
  artifactsUrl: "http://127.250.255.5:8410",
  sshPort: 2222,
  privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nkey of the preview\n-----END OPENSSH PRIVATE KEY-----\n",
};

// The two jobs of examples/ci with the real command line: `branch` is what an attacker has pushed, `main` the project's own code.
describe("a hostile branch", function () {
  this.timeout(120_000);
  let main: BenchProject;
  let branch: string;
  const hosts = benchHosts(access.subnet, 4);
  const secrets = { PULUMI_CONFIG_PASSPHRASE: "passphrase of the stack", PLINTH_READER_KEY: "key of the reader" };
  const file = (name: string): string => join(main.folder, name);
  const plinth = (directory: string, args: string[], extra: Record<string, string> = {}) =>
    spawnSync(process.execPath, [join(directory, "cli/main.ts"), ...args, "--stack", benchStack], {
      encoding: "utf8",
      env: main.environment(extra),
    });
  const evaluate = () => plinth(branch, ["inventory", "--json"]);
  /** The job with secrets. */
  const review = (inventory: string, config: string) =>
    plinth(
      main.directory,
      ["review", "--inventory", inventory, "--config", config, "--out", file("review.md")],
      secrets,
    );
  const config = (): string => join(branch, `Pulumi.${benchStack}.yaml`);

  before(async () => {
    main = await BenchProject.make(root, undefined, access);
    await main.configure(hosts, {});
    branch = file("branch");
    await cp(main.directory, branch, { recursive: true, filter: (path) => !path.endsWith("node_modules") });
    await symlink(join(root, "node_modules"), join(branch, "node_modules"));
    // It looks for secrets, tells what it finds, leaves a mark wherever it runs, and names a host after all that.
    const code = `
      import { readFileSync, writeFileSync } from "node:fs";
      writeFileSync(${JSON.stringify(file("ran"))} + (process.env.PULUMI_CONFIG_PASSPHRASE === undefined ? "" : "-beside-secrets"), "");
      const found = Object.entries(process.env).filter(([name]) => /PULUMI_CONFIG|PLINTH_READER|SSH_AUTH/.test(name));
      console.error(JSON.stringify(found));
      const hosts = ${JSON.stringify(hosts)};
      export default [...hosts, { name: "x; touch " + ${JSON.stringify(file("pwned"))}, address: "127.250.9.9", roles: ["worker"], annotations: { found: JSON.stringify(found) } }];
    `;
    await writeFile(join(branch, "hosts", `${benchStack}.ts`), code);
    await writeFile(
      config(),
      (await readFile(config(), "utf8")).replace(/(sshKnownHostsFile: ).*/, `$1${file("key")}`) +
        `  plinth:registries:\n    docker.io: { mirrors: [], caFile: ${file("key")} }\n`,
    );
  });
  after(() => main.remove());

  it("finds no secret where its code runs", async () => {
    const { status, stdout, stderr } = evaluate();
    assert.equal(status, 0, stderr);
    assert.equal(stderr.trim(), "[]");
    assert.ok(existsSync(file("ran")));
    await writeFile(file("inventory.json"), stdout);
    const { stack, hosts: found } = JSON.parse(stdout) as { stack: string; hosts: { annotations?: unknown }[] };
    assert.deepEqual([stack, found.length, found.at(-1)?.annotations], [benchStack, 5, { found: "[]" }]);
  });

  it("is refused where the secrets are, with what it asked for, and none of its code runs there", async () => {
    const { status, stdout, stderr } = review(file("inventory.json"), config());
    assert.equal(status, 2, stderr);
    const told = `${stdout}${stderr}${await readFile(file("review.md"), "utf8")}`;
    for (const key of ["sshKnownHostsFile", "registries"])
      assert.match(told, new RegExp(`plinth:${key}.* is not as the project has it`));
    for (const secret of [...Object.values(secrets), "key of the preview"])
      assert.doesNotMatch(told, new RegExp(secret));
    assert.equal(existsSync(file("ran-beside-secrets")), false);
  });

  it("gets its hosts judged by the schema once its configuration is right", async () => {
    const { status } = review(file("inventory.json"), join(main.directory, `Pulumi.${benchStack}.yaml`));
    assert.equal(status, 2);
    assert.match(await readFile(file("review.md"), "utf8"), /must be a DNS-1123 label/);
    assert.equal(existsSync(file("pwned")), false);
    assert.equal(existsSync(file("ran-beside-secrets")), false);
  });

  it("gets nothing by data of another form", async () => {
    const right = join(main.directory, `Pulumi.${benchStack}.yaml`);
    const forms: [unknown, RegExp][] = [
      [{ stack: benchStack, hosts, run: "id" }, /the unknown fields/],
      [{ stack: "prod", hosts }, /it is of stack/],
      [{ stack: benchStack, hosts: [{ ...hosts[0], execute: "id" }] }, /has execute, which is unknown here/],
      [{ stack: benchStack, hosts: [{ ...hosts[0], port: "22; id" }] }, /field 'port'|field .port/],
      [`{"stack":"${benchStack}","hosts":[{"__proto__":{"name":"x"}}]}`, /the name __proto__/],
      ["x".repeat(5 * 2 ** 20), /it has 5242880 bytes/],
      ["process.exit(0)", /it is no JSON/],
    ];
    for (const [form, reason] of forms) {
      await writeFile(file("form.json"), typeof form === "string" ? form : JSON.stringify(form));
      const { status, stderr } = review(file("form.json"), right);
      assert.equal(status, 2, stderr);
      assert.match((await readFile(file("review.md"), "utf8")).replaceAll("\\", ""), reason);
    }
    await symlink(file("key"), file("link.json"));
    const { stderr } = review(file("link.json"), right);
    assert.match(stderr, /it is a link, and must be a file/);
    assert.doesNotMatch(stderr, /key of the preview/);
  });
});
