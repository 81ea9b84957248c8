import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseGroup } from "../../../../cli/commands/import.ts";
import { lookUpAddresses } from "../../../../cli/project/addresses.ts";
import { readAnsibleFiles } from "../../../../cli/project/ansible-files.ts";
import { writeNew } from "../../../../cli/project/new-files.ts";

describe("plinth import", function () {
  this.timeout(30_000);
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plinth-import-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  };
  const inventory = "[masters]\nm1 ansible_host=192.0.2.1\n[workers]\nw1 ansible_host=192.0.2.2\n";
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ["cli/main.ts", "import", ...args], { encoding: "utf8" });

  it("writes a stack and its report once, and overwrites nothing", () => {
    write({ hosts: inventory });
    const args = [join(folder, "hosts"), "--stack", "shop", "--out", join(folder, "out")];
    const dry = run(...args, "--dry-run");
    assert.equal(dry.status, 0, dry.stderr);
    assert.match(dry.stdout, /^# Import of hosts \(Ansible\) as stack shop\n/);
    assert.equal(existsSync(join(folder, "out")), false);
    assert.equal(run(...args).status, 0);
    assert.match(readFileSync(join(folder, "out/hosts/shop.ts"), "utf8"), /name: "w1", address: "192\.0\.2\.2"/);
    assert.match(readFileSync(join(folder, "out/Pulumi.shop.yaml"), "utf8"), /plinth:clusterName: shop/);
    const again = run(...args);
    assert.equal(again.status, 2);
    assert.match(
      again.stderr,
      /hosts\/shop\.ts, Pulumi\.shop\.yaml, import-shop\.md are in .* already, and nothing was written; .*--force/,
    );
  });

  it("tells everything that is wrong with an inventory at once, and writes nothing", async () => {
    write({ hosts: "[masters]\nm[3:1]\n[workers:things]\n", "group_vars/all.yml": "a: [1\n" });
    const { status, stderr } = run(join(folder, "hosts"), "--out", folder);
    assert.equal(status, 2);
    for (const part of [
      "3 findings",
      "hosts line 2 m[3:1] has a range",
      "hosts line 3 [workers:things]",
      "group_vars/all.yml line 2 is not valid YAML",
    ])
      assert.ok(stderr.includes(part), stderr);
    assert.equal(existsSync(join(folder, "hosts/imported.ts")), false);
    await assert.rejects(readAnsibleFiles({ file: join(folder, "none") }), /none cannot be read: ENOENT/);
  });

  it("reads a folder of inventories with the variables beside it, as Ansible finds them", async () => {
    write({
      "inv/01-hosts": inventory,
      "inv/02.yml": "workers: {hosts: {w2: {}}}",
      "inv/notes.md": "no inventory",
      "inv/old.bak": "[x]",
      "inv/sub/more": "[y]",
      "inv/group_vars/workers.yml": "seen: second\n",
      "inv/group_vars/workers/b.yml": "seen: b\n",
      "inv/group_vars/workers/a/deep.yaml": "seen: a\n",
      "inv/group_vars/workers/readme.txt": "no",
      "inv/host_vars/w1.example.com.json": "{}",
      "site.yml": "- hosts: all\n  roles: [common]\n",
      "host_vars/m1": "x: 1\n",
    });
    const found = await readAnsibleFiles({ file: join(folder, "inv"), playbooks: folder });
    assert.deepEqual(
      found.inventories.map(({ path }) => path),
      ["01-hosts", "02.yml"],
    );
    assert.deepEqual(
      found.groupVars["workers"]?.map(({ path }) => path),
      ["group_vars/workers/a/deep.yaml", "group_vars/workers/b.yml"],
    );
    assert.deepEqual(found.extraVars, []);
    assert.deepEqual(Object.keys(found.hostVars), ["w1.example.com"]);
    assert.deepEqual(Object.keys(found.playbookHostVars ?? {}), ["m1"]);
    assert.deepEqual(found.playbooks?.length, 1);
    assert.deepEqual(found.passedOver?.map(({ path }) => path).sort(), ["group_vars/workers.yml", "sub"]);
  });

  it("takes what groups are from the command line", () => {
    assert.deepEqual(parseGroup("b=worker", parseGroup("a=etcd,control-plane")), {
      a: ["etcd", "control-plane"],
      b: ["worker"],
    });
    for (const text of ["a", "a=", "=worker", "a=boss", "a=worker=etcd"])
      assert.throws(() => parseGroup(text), /GROUP=ROLE/);
  });

  it("looks names up all at once, and leaves out those that nobody knows", async () => {
    const find = (name: string): Promise<{ address: string }> =>
      name === "a" ? Promise.resolve({ address: "192.0.2.1" }) : Promise.reject(new Error("ENOTFOUND"));
    assert.deepEqual([...(await lookUpAddresses(["a", "b"], find))], [["a", "192.0.2.1"]]);
  });

  it("overwrites no stack's file with the key to its secrets, even by force", () => {
    write({ inventory, "Pulumi.b.yaml": "encryptionsalt: v1:x\nconfig: {}\n" });
    const { status, stderr } = run(join(folder, "inventory"), "--out", folder, "--force", "--stack", "b");
    assert.equal(status, 2);
    assert.match(stderr, /Pulumi\.b\.yaml in .* has encryptionsalt, .*choose another --stack/);
    assert.equal(existsSync(join(folder, "hosts/b.ts")), false);
    assert.match(readFileSync(join(folder, "Pulumi.b.yaml"), "utf8"), /^encryptionsalt/);
  });

  it("writes no file over one that came in between", async () => {
    write({ "Pulumi.a.yaml": "mine" });
    await assert.rejects(writeNew(folder, [{ path: "Pulumi.a.yaml", text: "ours" }]), /EEXIST/);
    assert.equal(readFileSync(join(folder, "Pulumi.a.yaml"), "utf8"), "mine");
  });
});
