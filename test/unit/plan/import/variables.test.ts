import assert from "node:assert/strict";
import { readSources, type Sources } from "../../../../plan/import/sources.ts";
import { resolved } from "../../../../plan/import/templates.ts";
import { Expression, Vaulted, type Value } from "../../../../plan/import/values.ts";
import { effectiveHosts } from "../../../../plan/import/variables.ts";

const file = (path: string, text: string) => [{ path, text }];

function valuesOf(sources: Partial<Sources> & Pick<Sources, "inventories">, host = "h"): Record<string, Value> {
  const found = readSources({ groupVars: {}, hostVars: {}, ...sources });
  assert.deepEqual(found.problems, []);
  const mine = effectiveHosts(found).find(({ name }) => name === host);
  return Object.fromEntries([...(mine?.variables ?? [])].map(([name, { value }]) => [name, value]));
}

describe("plan/import: variables", () => {
  it("are what Ansible's own precedence makes of them", () => {
    const say = (who: string, from: number): string =>
      Array.from({ length: 11 - from }, (_, index) => `v${from + index}: ${who}\n`).join("");
    const ini = (who: string, from: number): string => say(who, from).replaceAll(": ", "=");
    const values = valuesOf({
      inventories: file(
        "hosts",
        `[child]\nh ${ini("host", 7).trim().replaceAll("\n", " ")}\n[parent:children]\nchild\n[all:vars]\n${ini("all", 0)}[parent:vars]\n${ini("parent", 1)}[child:vars]\n${ini("child", 2)}`,
      ),
      groupVars: {
        all: file("a", say("group_vars all", 3)),
        parent: file("b", say("group_vars parent", 5)),
        child: file("c", say("group_vars child", 6)),
      },
      playbookGroupVars: { all: file("d", say("playbook all", 4)) },
      hostVars: { h: file("e", say("host_vars", 8)) },
      playbookHostVars: { h: file("f", say("playbook host", 9)) },
      extraVars: file("g", say("extra", 10)),
    });
    assert.deepEqual(Object.values(values), [
      ...["all", "parent", "child", "group_vars all", "playbook all", "group_vars parent", "group_vars child", "host"],
      ...["host_vars", "playbook host", "extra"],
    ]);
  });

  it("of groups side by side are decided by priority, then by name", () => {
    const inventory = (more: string) => file("hosts", `[a]\nh\n[b]\nh\n[a:vars]\nv=a\n${more}\n[b:vars]\nv=b\n`);
    assert.equal(valuesOf({ inventories: inventory("") })["v"], "b");
    assert.equal(valuesOf({ inventories: inventory("ansible_group_priority=10") })["v"], "a");
  });

  it("come from several files of a folder, in YAML, JSON and what ansible-inventory prints", () => {
    const list = {
      _meta: { hostvars: { h: { z: 1 } } },
      web: { hosts: ["h"], vars: { x: 2 } },
      all: { children: ["web"] },
    };
    const values = valuesOf({
      folder: true,
      inventories: [
        { path: "01.yml", text: "web:\n  hosts:\n    h: { y: n, ready: yes, mode: 0644 }\n    g[1:2]:\n" },
        { path: "02.json", text: JSON.stringify(list) },
        { path: "03", text: "[web:vars]\nw=3\n" },
        { path: "kubeconfig.conf", text: "apiVersion: v1\nusers:\n- token: hunter2" },
        { path: "cloud.yml", text: "plugin: example.cloud\n" },
      ],
    });
    assert.deepEqual(values, { x: 2, w: 3, y: "n", ready: true, mode: 420, z: 1 });
  });

  it("come from whole files of a folder: what is no inventory adds no host and no group", () => {
    const read = (...inventories: Sources["inventories"]) => {
      const found = readSources({ folder: true, inventories, groupVars: {}, hostVars: {} });
      assert.deepEqual(found.problems, []);
      return { hosts: found.groups.hosts, passedOver: found.passedOver.map(({ path, why }) => `${path}: ${why}`) };
    };
    const [inventory = { path: "", text: "" }] = file("01", "[web]\nh\n");
    assert.deepEqual(
      read(inventory, { path: "02.yml", text: "web: { hosts: { ghost: {} } }\ndb: { servers: {} }\n" }),
      {
        hosts: ["h"],
        passedOver: [
          "02.yml: it is no inventory: it has servers in the group db, where hosts, vars and children were expected",
        ],
      },
    );
    assert.deepEqual(read(inventory, { path: "03", text: "[web]\nghost\n[web:things]\n" }), {
      hosts: ["h"],
      passedOver: [
        "03: it is no inventory: line 3 [web:things] is no section of an inventory: use [web], [web:children] or [web:vars]",
      ],
    });
  });

  it("that are encrypted are never read, wherever they stand", () => {
    const found = readSources({
      inventories: file("hosts", "[web]\nh\n"),
      groupVars: {
        web: file(
          "group_vars/web.yml",
          "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nb: 'x {{ a }}'\nc: ['{{ a }}']\n",
        ),
      },
      hostVars: { h: file("host_vars/h/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n6162\n") },
    });
    assert.deepEqual(
      found.passedOver.map(({ path }) => path),
      ["host_vars/h/vault.yml"],
    );
    const [host] = effectiveHosts(found);
    assert.ok(host?.variables.get("a")?.value instanceof Vaulted);
    assert.ok(host.variables.get("b")?.value instanceof Expression);
    assert.deepEqual(host.variables.get("c")?.value, [new Vaulted()]);
  });

  it("that refer to others get their values; other expressions stay what they are", () => {
    const all: Record<string, Value> = {
      a: 1,
      m: { k: "v" },
      deep: "{{ a }}-{{ m.k }}",
      loop: "{{ loop }}",
      list: ["{{ a }}"],
    };
    const of = (text: string): Value => resolved(text, (name) => all[name]);
    assert.equal(of("{{ a }}"), 1);
    assert.equal(of("x {{ deep }} {{ m['k'] }}"), "x 1-v v");
    assert.deepEqual(of("{{ list }}"), [1]);
    assert.equal(of("{{ none | default('d') }}"), "d");
    assert.equal(of("{{ none|d(true) }}"), true);
    for (const text of [
      "{{ loop }}",
      "{{ none }}",
      "{{ a | int }}",
      "{% if a %}b{% endif %}",
      "{{ m }} x",
      "{{ m.none }}",
    ])
      assert.ok(of(text) instanceof Expression, text);
  });

  it("and groups that are wrong are told all at once", () => {
    const { problems } = readSources({
      inventories: file("hosts", "[a:children]\nb\nnone\n[b:children]\na\n[c:vars]\nx=1\n"),
      groupVars: { a: file("group_vars/a.yml", "- no\n- map\n"), b: file("group_vars/b.yml", "x: [1\n") },
      hostVars: {},
    });
    assert.deepEqual(
      problems.map(({ file: path, line, message }) => `${path}:${line ?? ""} ${message.split(":")[0] ?? ""}`),
      [
        "hosts:3 [a",
        "hosts: the group a is a part of itself",
        "hosts: the group b is a part of itself",
        "group_vars/a.yml: must be a map of variables",
        "group_vars/b.yml:2 is not valid YAML",
      ],
    );
  });
});
