import assert from "node:assert/strict";
import { compareBundles } from "../../../plan/bundlechanges.ts";
import { compareRosters } from "../../../plan/rosterchanges.ts";
import { renderRosterText } from "../../../plan/rostertext.ts";
import { feed } from "../../../components/host/script.ts";

const bundle = (lines: readonly string[], generation = 1): string =>
  feed(["plinth-bundle 1", "bundle demo", `generation ${generation}`, ...lines, "end", ""].join("\n"), "apply");

const base = [
  "user demo /nonexistent",
  "binary tool 1.0 aaaaaaaaaaaaaaaa http://192.0.2.5/tool restart=tool.service",
  "file /etc/a 0644 root:root restart=a.service",
  "|one",
  "|two",
  "file /etc/b 0644 root:root reload=b.service",
  "|x",
  "secret /etc/key 0600 root:root restart=b.service",
  "unit a.service",
  "unit b.service",
  "unit tool.service",
  "check active 30 a.service",
];
const compared = (after: readonly string[], generation = 1) => {
  const changes = compareBundles(bundle(base), bundle(after, generation));
  assert.ok(changes);
  return changes;
};
const edited = (...edits: [string, string | undefined][]) =>
  base.flatMap((line) => {
    const edit = edits.find(([from]) => from === line);
    return edit === undefined ? [line] : edit[1] === undefined ? [] : [edit[1]];
  });

describe("changes of a bundle", () => {
  it("a line: the diff of the file, and the units that its file restarts", () => {
    const changes = compared(edited(["|two", "|three"]));
    assert.deepEqual(changes.files, [
      { path: "/etc/a", kind: "changed", form: "contents", diff: ["@@ -1,2 +1,2 @@", " one", "-two", "+three"] },
    ]);
    assert.deepEqual(
      [changes.restarted, changes.reloaded, changes.started, changes.stopped],
      [["a.service"], [], [], []],
    );
    assert.deepEqual(changes.readsSecrets, ["b.service"]);
    assert.equal(changes.repairs, false);
  });

  it("a reload, unless the unit is restarted anyway", () => {
    assert.deepEqual(compared(edited(["|x", "|y"])).reloaded, ["b.service"]);
    const both = compared(
      edited(
        ["|x", "|y"],
        ["file /etc/a 0644 root:root restart=a.service", "file /etc/a 0600 root:root restart=b.service"],
      ),
    );
    assert.deepEqual([both.restarted, both.reloaded], [["b.service"], []]);
    assert.equal(both.files[0]?.attributes, "0644 root:root → 0600 root:root");
    assert.deepEqual(both.files[0].diff, []);
  });

  it("a version, and another build of the same version", () => {
    const line = "binary tool 1.0 aaaaaaaaaaaaaaaa http://192.0.2.5/tool restart=tool.service";
    const version = compared(edited([line, line.replace("1.0", "1.1").replace("aaaa", "bbbb")]));
    assert.deepEqual(version.binaries, [{ name: "tool", before: "1.0", after: "1.1" }]);
    assert.deepEqual(version.restarted, ["tool.service"]);
    const build = compared(edited([line, line.replace("aaaa", "bbbb")]));
    assert.deepEqual(build.binaries, [{ name: "tool", before: "1.0 (aaaaaaaaaaaa)", after: "1.0 (bbbbaaaaaaaa)" }]);
    assert.equal(compared(edited([line, line.replace("192.0.2.5", "192.0.2.6")])).binaries.length, 0, "another mirror");
  });

  it("files and units that come and go", () => {
    const changes = compared([
      ...edited(
        ["file /etc/b 0644 root:root reload=b.service", undefined],
        ["|x", undefined],
        ["unit a.service", undefined],
      ),
      "file /etc/c 0644 root:root restart=c.service",
      "|new",
      "unit c.service",
    ]);
    assert.deepEqual(
      changes.files.map(({ path, kind }) => `${path} ${kind}`),
      ["/etc/c added", "/etc/b removed"],
    );
    assert.deepEqual(
      [changes.started, changes.stopped, changes.restarted, changes.reloaded],
      [["c.service"], ["a.service"], [], ["b.service"]],
    );
  });

  it("links that lead elsewhere, and the units that read them", () => {
    const text = (target: string) =>
      `plinth-bundle 1\nbundle role-a\ngeneration 1\nsymlink /etc/a ${target} restart=a.service\nunit a.service\nend\n`;
    const changes = compareBundles(text("/etc/b"), text("/etc/c"));
    assert.deepEqual(changes?.files, [
      { path: "/etc/a", kind: "changed", form: "link", diff: [], attributes: "/etc/b → /etc/c" },
    ]);
    assert.deepEqual(changes.restarted, ["a.service"]);
  });

  it("checks and preparations, also of a kind that is not known here", () => {
    const changes = compared([
      ...edited(["check active 30 a.service", "check active 60 a.service"]),
      "prepare a thing",
    ]);
    assert.deepEqual(changes.checks, {
      directive: "check",
      removed: ["active 30 a.service"],
      added: ["active 60 a.service"],
    });
    assert.deepEqual(changes.preparations, [{ directive: "prepare", removed: [], added: ["a thing"] }]);
  });

  it("nothing but the generation: a repair", () => {
    assert.equal(compared(base, 2).repairs, true);
    assert.equal(compared(base).repairs, false);
    assert.equal(compared(edited(["|two", "|three"]), 2).repairs, false);
  });

  it("a host that has none: everything is new and every unit starts", () => {
    const changes = compareBundles(undefined, bundle(base));
    assert.ok(changes);
    assert.deepEqual(changes.started, ["a.service", "b.service", "tool.service"]);
    assert.deepEqual(changes.restarted, []);
    assert.ok(changes.files.every(({ kind }) => kind === "added"));
    assert.equal(changes.repairs, false);
  });

  it("no bundle, no answer; a text cut short is read as far as it goes", () => {
    assert.equal(compareBundles("x", "echo hello"), undefined);
    assert.equal(compareBundles(bundle(base), "plinth-bundle 1\nbundle demo")?.stopped.length, 3);
  });
});

describe("changes of the roster", () => {
  const register = (variables: Record<string, string>) => ({
    text: renderRosterText({ script: "register", node: "w1", deadline: 240, variables }),
    stdin: "",
  });

  it("variables, with quotes in them and over several lines", () => {
    const { variables, moved } = compareRosters(
      register({ MANIFEST: '{\n  "a": "it\'s"\n}', TAINTS: "" }),
      register({ MANIFEST: '{\n  "a": "it\'s not"\n}', TAINTS: "" }),
    );
    assert.deepEqual(variables, [
      { name: "MANIFEST", diff: ["@@ -1,3 +1,3 @@", " {", '-  "a": "it\'s"', '+  "a": "it\'s not"', " }"] },
    ]);
    assert.equal(moved, false);
  });

  it("the same text: it runs elsewhere", () => {
    assert.equal(compareRosters(register({}), register({})).moved, true);
    assert.equal(compareRosters(undefined, register({})).moved, false);
  });

  it("members and Nodes that join, leave or are others, wherever they are listed", () => {
    const before = "member cp1 https://192.0.2.11:2380\nmember cp2 https://192.0.2.12:2380\nnode cp1 a\nnode w1 b";
    const after = "member cp1 https://192.0.2.11:2380\nmember cp3 https://192.0.2.13:2380\nnode cp1 z\nnode w2 c";
    const members = { joining: ["cp3"], leaving: ["cp2"], replaced: [] };
    const nodes = { joining: ["w2"], leaving: ["w1"], replaced: ["cp1"] };
    const step = (list: string) => ({ text: register({ OWNER: "lab" }).text, stdin: `${list}\nend\n` });
    // As earlier releases wrote it.
    const variable = (list: string) => ({ text: `export NODE='roster'\nexport ROSTER='${list}'\n`, stdin: "" });
    for (const wrap of [step, variable]) {
      const changes = compareRosters(wrap(before), wrap(after));
      assert.deepEqual([changes.members, changes.nodes, changes.variables], [members, nodes, []]);
    }
    const taken = compareRosters(variable(before), step(before));
    assert.deepEqual(
      [taken.members, taken.nodes],
      [
        { joining: [], leaving: [], replaced: [] },
        { joining: [], leaving: [], replaced: [] },
      ],
    );
  });
});
