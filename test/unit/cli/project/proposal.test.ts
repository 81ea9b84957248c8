import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { readInput } from "../../../../cli/project/inventory.ts";
import { projectAt, type Project } from "../../../../cli/project/project.ts";
import { withProposal, type ProposalFiles } from "../../../../cli/project/proposal.ts";
import { readSettings } from "../../../../cli/project/settings.ts";
import { loadProgram } from "../../../../cli/pulumi/program.ts";
import { prepareWorkspace } from "../../../../cli/pulumi/workspace.ts";
import { PlinthError } from "../../../../plan/findings.ts";
import { longestProposal } from "../../../../plan/proposal.ts";

describe("a proposal in place of a stack's own files", () => {
  let dir: string;
  let project: Project;
  const write = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const host = (name: string, address: string): Record<string, unknown> => ({
    ...{ name, address, roles: ["etcd", "control-plane", "load-balancer"] },
  });
  const document = (...hosts: unknown[]): string => JSON.stringify({ stack: "a", hosts });
  const config = [
    "config:",
    "  plinth:clusterName: a",
    "  plinth:nodeSubnet: 192.0.2.0/24",
    "  plinth:vip: 192.0.2.10",
    "  plinth:artifactsUrl: http://192.0.2.1:8410",
    "  plinth:sshKnownHostsFile: known_hosts",
    "",
  ].join("\n");
  const read = (proposed: Project) =>
    readInput(proposed, "a", readSettings(proposed, "a"), () => Promise.reject(new Error("nothing is encrypted")));
  const refused = (files: ProposalFiles): string => {
    try {
      withProposal(project, "a", files);
    } catch (error) {
      assert.ok(error instanceof PlinthError);
      assert.equal(error.kind, "input");
      return error.message;
    }
    return "";
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "plinth-unit-"));
    project = projectAt(dir);
    mkdirSync(join(dir, "hosts"));
    write("Pulumi.yaml", "name: plinth\nruntime: nodejs\n");
    write("Pulumi.a.yaml", `encryptionsalt: v1:salt\n${config}`);
    // The project's own inventory must not even be loaded.
    write("hosts/a.ts", "throw new Error('the code of the inventory ran');\n");
    write("index.ts", "export default async (...given) => given;\n");
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it("is what the command line, the engine and the program get, and no code of an inventory runs", async () => {
    const proposed = withProposal(project, "a", {
      inventory: write("i.json", document(host("cp1", "192.0.2.21"))),
      config: write("c.yaml", `encryptionsalt: v1:salt\n${config}  plinth:clusterDomain: "on"\n`),
    });
    const { hosts, settings } = await read(proposed);
    assert.deepEqual(
      hosts.map(({ address }) => address),
      ["192.0.2.21"],
    );
    assert.equal(settings.config["clusterDomain"], "on");
    const program = await loadProgram(proposed);
    assert.deepEqual(await program(), [{ inventory: [host("cp1", "192.0.2.21")] }]);
    const text = readFileSync(join(prepareWorkspace(proposed, "a"), "Pulumi.a.yaml"), "utf8");
    assert.match(text, /^encryptionsalt: "v1:salt"$/m);
    assert.match(text, /^ {2}plinth:clusterDomain: "on"$/m);
    assert.deepEqual(parse(text), parse(readFileSync(join(dir, "c.yaml"), "utf8")));
    // The next run has the project's own again.
    assert.match(
      readFileSync(join(prepareWorkspace(project, "a"), "Pulumi.a.yaml"), "utf8"),
      /^encryptionsalt: v1:salt$/m,
    );
  });

  it("may be one of the two alone; without any, everything is as before", async () => {
    assert.equal(withProposal(project, "a", {}), project);
    const inventory = write("i.json", document(host("cp1", "192.0.2.21")));
    const proposed = withProposal(project, "a", { inventory });
    assert.equal((await read(proposed)).settings.config["vip"], "192.0.2.10");
    assert.deepEqual(await (await loadProgram(project))(), []);
  });

  it("gets no password for sudo: whoever answers where it says that hosts are would be told", async () => {
    const own = `${config}  plinth:sudoPassword: xyzzy plugh\n`;
    write("Pulumi.a.yaml", own);
    const inventory = write("i.json", document(host("cp1", "192.0.2.21")));
    for (const files of [{ inventory }, { inventory, config: write("c.yaml", own) }]) {
      process.env["PLINTH_SUDO_PASSWORD"] = "xyzzy plugh";
      const proposed = withProposal(project, "a", files);
      assert.equal(process.env["PLINTH_SUDO_PASSWORD"], undefined);
      const { settings } = await read(proposed);
      assert.deepEqual([settings.config["sudoPassword"], settings.config["vip"]], [undefined, "192.0.2.10"]);
      const text = readFileSync(join(prepareWorkspace(proposed, "a"), "Pulumi.a.yaml"), "utf8");
      assert.doesNotMatch(text, /xyzzy/);
    }
  });

  it("has all of its findings told at once", () => {
    const message = refused({
      inventory: write("i.json", '{"stack":"b","hosts":[]}'),
      config: write("c.yaml", `${config}  plinth:sshPrivateKeyFile: ~/.ssh/id_ed25519\n`),
    });
    assert.match(message, /^3 findings, no host was changed:/);
    for (const part of [/of stack "b", not of "a"/, /another "encryptionsalt"/, /"plinth:sshPrivateKeyFile" is not as/])
      assert.match(message, part);
  });

  it("has its hosts checked like those of any inventory", async () => {
    const names = ["x; touch /tmp/p", "$(id)", "--help", "a\nb"];
    const hosts = [...names.map((name) => host(name, "192.0.2.21")), { ...host("cp1", "192.0.2.22"), labels: [] }, 7];
    const inventory = write("i.json", document(...hosts));
    await assert.rejects(read(withProposal(project, "a", { inventory })), (error) => {
      assert.ok(error instanceof PlinthError);
      const told = error.findings.filter(({ rule }) => rule === "inventory").flatMap((finding) => finding.hosts);
      assert.deepEqual([...new Set(told)], ["x; touch /tmp/p", "$(id)", "--help", "a\\nb", "cp1", "host number 6"]);
      return true;
    });
  });

  it("is refused as a link, a folder, a pipe, and when it is too long; nothing of this machine is quoted", () => {
    const secret = write("key", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc: [\n");
    symlinkSync(secret, join(dir, "link"));
    execFileSync("mkfifo", [join(dir, "pipe")]);
    for (const files of [{ inventory: join(dir, "link") }, { config: join(dir, "link") }])
      assert.match(refused(files), /link cannot be used: it is a link, and must be a file/);
    for (const name of ["hosts", "pipe"]) assert.match(refused({ inventory: join(dir, name) }), /it is no file/);
    assert.match(refused({ config: join(dir, "none") }), /none cannot be used: ENOENT/);
    const long = write("long", "x".repeat(longestProposal.inventory + 1));
    assert.match(refused({ inventory: long, config: long }), /it has 4194305 bytes, and may have/);
    for (const files of [{ inventory: secret }, { config: secret }]) assert.doesNotMatch(refused(files), /BEGIN|abc/);
  });

  it("is YAML without what only YAML has", () => {
    const bomb = ["a: &a [x, x]", "b: &b [*a, *a]", "c: [*b, *b]"].join("\n");
    const odd = {
      alias: [bomb, /not one document of YAML without aliases/],
      merge: [`x: &x {}\nconfig:\n  <<: *x\n`, /not one document of YAML without aliases/],
      twice: [`${config}config: {}\n`, /aliases \(line 7\)/],
      documents: [`${config}---\nconfig: {}\n`, /not one document of YAML without aliases/],
      tags: [`%YAML 1.1\n---\nconfig: { a: !!set { x } }\n`, /another|not as the project/],
    } as const;
    for (const [name, [text, reason]] of Object.entries(odd))
      assert.match(refused({ config: write(name, text) }), reason);
  });
});
