import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError } from "../../../../cli/errors.ts";
import { readInput, type LoadedStack } from "../../../../cli/project/inventory.ts";
import { listStacks, projectAt, requireStack, type Project } from "../../../../cli/project/project.ts";
import { readSettings } from "../../../../cli/project/settings.ts";
import { PlinthError } from "../../../../plan/findings.ts";

describe("reading the project", () => {
  let dir: string;
  let project: Project;
  const config = [
    "config:",
    "  plinth:clusterName: a",
    "  plinth:nodeSubnet: 192.0.2.0/24",
    "  plinth:vip: 192.0.2.10",
    "  plinth:artifactsUrl: http://192.0.2.1:8410",
    "  other:key: x",
    "",
  ].join("\n");
  const host = (name: string, address: string): string =>
    `{ name: "${name}", address: "${address}", roles: ["etcd", "control-plane", "load-balancer"] }`;
  const write = (path: string, text: string): void => {
    writeFileSync(join(dir, path), text);
  };

  /** As commands read it, with the secrets that the engine would decrypt, which nobody may ask for otherwise. */
  const inputOf = (stack: string, clear?: Record<string, string>): Promise<LoadedStack> =>
    readInput(project, stack, readSettings(project, stack), () =>
      clear === undefined ? Promise.reject(new Error("nothing is to be decrypted")) : Promise.resolve(clear),
    );

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "plinth-unit-"));
    project = projectAt(dir);
    mkdirSync(join(dir, "hosts"));
    write("Pulumi.yaml", "name: plinth\nruntime: nodejs\n");
    write("Pulumi.a.yaml", config);
    write("hosts/a.ts", `export default [${host("cp1", "192.0.2.11")}];\n`);
    write("hosts/b.ts", "export default [];\n");
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it("knows a stack by its inventory and its configuration", () => {
    assert.deepEqual(listStacks(project), ["a"]);
    requireStack(project, "a");
    assert.throws(
      () => {
        requireStack(project, "b");
      },
      new CliError('There is no stack "b" (there are: a). A stack is made of hosts/b.ts and Pulumi.b.yaml.', 2),
    );
  });

  it("takes the project's namespace only", () => {
    assert.deepEqual(Object.keys(readSettings(project, "a").config).sort(), [
      "artifactsUrl",
      "clusterName",
      "nodeSubnet",
      "vip",
    ]);
  });

  it("says which file is not valid YAML", () => {
    write("Pulumi.a.yaml", "config: [\n");
    assert.throws(() => readSettings(project, "a"), /Pulumi\.a\.yaml is not valid YAML/);
  });

  it("validates inventory and configuration together", async () => {
    const input = await inputOf("a");
    assert.deepEqual(
      input.hosts.map(({ name }) => name),
      ["cp1"],
    );
    write("Pulumi.a.yaml", config.replace("192.0.2.0/24", "nonsense"));
    write("hosts/a2.ts", `export default [${host("CP1", "192.0.2.11")}];\n`);
    write("Pulumi.a2.yaml", config.replace("192.0.2.0/24", "nonsense"));
    await assert.rejects(inputOf("a2"), (error: unknown) => {
      assert.ok(error instanceof PlinthError);
      assert.deepEqual(
        error.findings.map(({ rule }) => rule),
        ["inventory", "etcd-count", "control-plane-count", "config"],
      );
      return true;
    });
  });

  it("leaves secrets to the program, wherever they stand, and judges everything around them", async () => {
    write(
      "Pulumi.a.yaml",
      [
        config.trimEnd(),
        "  plinth:registryCredentials:",
        "    registry.example.net: { username: puller, password: { secure: v1:c2VjcmV0 } }",
        "  plinth:apiserverArgs: { secure: v1:d2hvbGUgbWFw }",
        "  plinth:drainSeconds: { secure: v1:bnVtYmVy }",
        "",
      ].join("\n"),
    );
    const input = await inputOf("a");
    assert.equal(input.config.vip, "192.0.2.10");
    assert.ok(!JSON.stringify(input).includes("v1:"), "no ciphertext is taken for a value");
    write(
      "Pulumi.a.yaml",
      `${config}  plinth:registryCredentials: { registry.example.net: { password: { secure: v1:c2VjcmV0 } } }\n`,
    );
    await assert.rejects(inputOf("a"), /1 finding.*\n.*registryCredentials\.registry\.example\.net\.username/);
  });

  it("has the secrets decrypted that commands need, and no others", async () => {
    write(
      "Pulumi.a.yaml",
      [
        config.replace("192.0.2.0/24", "{ secure: v1:c2VjcmV0 }").trimEnd(),
        "  plinth:sshUser: { secure: v1:c2VjcmV0 }",
        "  plinth:images: [pause, { secure: v1:c2VjcmV0 }]",
        "  plinth:apiserverArgs: { v: { secure: v1:c2VjcmV0 } }",
        "",
      ].join("\n"),
    );
    const clear = {
      "plinth:nodeSubnet": "192.0.2.0/24",
      "plinth:sshUser": "admin",
      "plinth:images": '["pause","coredns"]',
      "plinth:apiserverArgs": '{"v":"correct horse"}',
      "plinth:clusterName": "b",
    };
    const { config: read, settings } = await inputOf("a", clear);
    assert.deepEqual([read.nodeSubnet, read.sshUser, read.images], ["192.0.2.0/24", "admin", ["pause", "coredns"]]);
    assert.equal(read.clusterName, "a", "what is no secret is taken from the file");
    assert.ok(!JSON.stringify(settings).includes("correct horse"));
    await assert.rejects(inputOf("a"), /nothing is to be decrypted/);
  });

  it("judges what was decrypted as it judges everything else, without a word of it", async () => {
    write("Pulumi.a.yaml", `${config}  plinth:images: { secure: v1:c2VjcmV0 }\n  plinth:sshPort: { secure: v1:x }\n`);
    const clear = { "plinth:images": "[correct horse", "plinth:sshPort": "battery staple" };
    await assert.rejects(inputOf("a", clear), (error: unknown) => {
      assert.ok(error instanceof PlinthError);
      assert.deepEqual(
        error.findings.map(({ message }) => message.split(" ")[2]),
        ["plinth:sshPort", "plinth:images"],
      );
      assert.ok(!/correct|horse|battery|staple/.test(error.message), error.message);
      return true;
    });
  });

  it("takes what the engine takes: numbers for text, keys without a value, values of Pulumi.yaml", async () => {
    write(
      "Pulumi.yaml",
      "name: plinth\nconfig:\n  sshUser: { type: string, default: admin }\n  plinth:sshPort: 2222\n",
    );
    write("Pulumi.a.yaml", `${config.replace(": a\n", ": 12\n")}  plinth:images: [pause]\n  plinth:serviceVip:\n`);
    const { clusterName, sshUser, sshPort, images, serviceVip } = (await inputOf("a")).config;
    assert.deepEqual([clusterName, sshUser, sshPort, images, serviceVip], ["12", "admin", 2222, ["pause"], undefined]);
    write("Pulumi.a.yaml", `${config}  plinth:sshUser: root\n`);
    assert.equal((await inputOf("a")).config.sshUser, "root");
  });

  it("finds what contradicts itself before any host is made", async () => {
    write("hosts/c.ts", `export default [${host("cp1", "192.0.2.11")}, ${host("cp2", "192.0.2.11")}];\n`);
    write("Pulumi.c.yaml", config);
    await assert.rejects(inputOf("c"), /etcd-count[\s\S]*duplicate-address/);
  });

  it("says when an inventory cannot be loaded", async () => {
    write("hosts/d.ts", "export default [;\n");
    write("Pulumi.d.yaml", config);
    await assert.rejects(inputOf("d"), /hosts\/d\.ts cannot be loaded: /);
  });
});
