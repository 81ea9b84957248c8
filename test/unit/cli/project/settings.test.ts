import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError } from "../../../../cli/errors.ts";
import { readInput } from "../../../../cli/project/inventory.ts";
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
    const input = await readInput(project, "a");
    assert.deepEqual(
      input.hosts.map(({ name }) => name),
      ["cp1"],
    );
    write("Pulumi.a.yaml", config.replace("192.0.2.0/24", "nonsense"));
    write("hosts/a2.ts", `export default [${host("CP1", "192.0.2.11")}];\n`);
    write("Pulumi.a2.yaml", config.replace("192.0.2.0/24", "nonsense"));
    await assert.rejects(readInput(project, "a2"), (error: unknown) => {
      assert.ok(error instanceof PlinthError);
      assert.deepEqual(
        error.findings.map(({ rule }) => rule),
        ["inventory", "etcd-count", "control-plane-count", "config"],
      );
      return true;
    });
  });

  it("finds what contradicts itself before any host is made", async () => {
    write("hosts/c.ts", `export default [${host("cp1", "192.0.2.11")}, ${host("cp2", "192.0.2.11")}];\n`);
    write("Pulumi.c.yaml", config);
    await assert.rejects(readInput(project, "c"), /duplicate-address[\s\S]*etcd-count/);
  });

  it("says when an inventory cannot be loaded", async () => {
    write("hosts/d.ts", "export default [;\n");
    write("Pulumi.d.yaml", config);
    await assert.rejects(readInput(project, "d"), /hosts\/d\.ts cannot be loaded: /);
  });
});
