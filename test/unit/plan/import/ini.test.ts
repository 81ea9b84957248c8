import assert from "node:assert/strict";
import fc from "fast-check";
import { Groups } from "../../../../plan/import/groups.ts";
import { namesOf, readIni, splitWords } from "../../../../plan/import/ini.ts";
import { readLiteral } from "../../../../plan/import/literal.ts";
import { expandRange } from "../../../../plan/import/ranges.ts";

/** Everything that a file says, and what is wrong with it. */
function read(text: string) {
  const groups = new Groups();
  const { problems, awaited } = readIni("hosts", text, groups);
  return { groups, problems: problems.map(({ line, message }) => `${line ?? 0}: ${message}`), awaited };
}

const variablesOf = (groups: Groups, host: string): Record<string, unknown> =>
  Object.fromEntries([...groups.variablesOf(host)].map(([name, { value }]) => [name, value]));

describe("plan/import: ranges of names", () => {
  it("have both ends, keep leading zeros, take steps and letters", () => {
    assert.deepEqual(expandRange("w[08:10].example.com"), ["w08.example.com", "w09.example.com", "w10.example.com"]);
    assert.deepEqual(expandRange("n[0:10:5]"), ["n0", "n5", "n10"]);
    assert.deepEqual(expandRange("[a:c]-x"), ["a-x", "b-x", "c-x"]);
    assert.deepEqual(expandRange("r[1:2]n[:1]"), ["r1n0", "r1n1", "r2n0", "r2n1"]);
    assert.deepEqual(expandRange("plain"), ["plain"]);
  });

  it("are refused where they make no sense", () => {
    for (const pattern of [
      "w[1:]",
      "w[3:1]",
      "w[1:2:0]",
      "w[1-3]",
      "w[01:100]",
      "w[a:3]",
      "w[1:2:3:4]",
      "w[1:99999999]",
    ])
      assert.throws(() => expandRange(pattern), pattern);
  });

  it("expand to as many names as they count, each once", () => {
    fc.assert(
      fc.property(
        fc.nat(500),
        fc.nat(200),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        (from, more, step, padded) => {
          const width = padded ? 4 : 0;
          const [begin, end] = [from, from + more].map((number) => String(number).padStart(width, "0"));
          const names = expandRange(`h[${begin ?? ""}:${end ?? ""}:${step}].example.com`);
          assert.equal(names.length, Math.floor(more / step) + 1);
          assert.equal(new Set(names).size, names.length);
          assert.equal(names[0], `h${begin ?? ""}.example.com`);
        },
      ),
    );
  });
});

describe("plan/import: literals of Python", () => {
  it("are values, and everything else is text", () => {
    for (const [text, value] of [
      ["443", 443],
      ["True", true],
      ["None", null],
      ["'it''s'", "its"],
      ['"a # b" # said', "a # b"],
      ["[1, 'two', (3,)]", [1, "two", [3]]],
      [`{"a": {'b': [False]}}`, { a: { b: [false] } }],
    ] as const)
      assert.deepEqual(readLiteral(text)?.value, value, text);
    for (const text of ["true", "yes", "010", "192.0.2.1", "abc # d", "[1, x]", "'open", "1h"])
      assert.equal(readLiteral(text), undefined, text);
  });

  it("come back from JSON without a change", () => {
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.string(),
        fc.integer(),
        fc.array(tie("value")),
        fc.dictionary(fc.string(), tie("value")),
      ),
    })).value;
    fc.assert(
      fc.property(json, (value) => {
        const text = JSON.stringify(value);
        // JSON has escapes of its own for what is no plain character.
        fc.pre(!/\\[^"\\nrt]/.test(text) && !text.includes("__proto__"));
        assert.deepEqual(JSON.stringify(readLiteral(text)?.value), text);
      }),
    );
  });
});

describe("plan/import: inventories in INI", () => {
  it("have hosts, groups of groups and variables", () => {
    const { groups, problems } = read(`
; a comment
lone
[web] # another
w[1:2].example.com:2222 color="dark red" count=3 list="[1, 2]" # and one more
[web:vars]
text = plain # not a comment
quoted="6443"
[site:children]
web
`);
    assert.deepEqual(problems, []);
    assert.deepEqual(groups.hostsOf("site"), ["w1.example.com", "w2.example.com"]);
    assert.deepEqual(groups.hostsOf("ungrouped"), ["lone"]);
    const own = { color: "dark red", count: 3, list: [1, 2], ansible_port: 2222 };
    assert.deepEqual(variablesOf(groups, "w2.example.com"), own);
    assert.equal(groups.group("web").variables.get("text")?.value, "plain # not a comment");
    assert.equal(groups.group("web").variables.get("quoted")?.value, "6443");
  });

  it("say of every line that is wrong what was expected, and quote no values of it", () => {
    const { problems, awaited } = read(`
[web]
w1 password=hunter2 hunter2
w[3:1]
w2 name="open
[web:things]
[web:vars]
hunter2
[all:children]
a b
missing
`);
    assert.deepEqual(problems, [
      "3: has something else than name=value behind the host w1",
      "4: w[3:1] has a range that ends before it begins",
      "5: has a quote that is not closed",
      "6: [web:things] is no section of an inventory: use [web], [web:children] or [web:vars]",
      "8: has something else than name=value in [web:vars]",
      "10: has something else than the name of one group in [all:children]",
    ]);
    assert.deepEqual(awaited, [{ file: "hosts", line: 11, group: "missing", section: "all:children" }]);
  });

  it("split lines as a shell does", () => {
    assert.deepEqual(splitWords(`a 'b c'"d\\"e" f\\ g h#i`), ["a", `b cd"e`, "f g", "h"]);
    assert.deepEqual(namesOf("[2001:db8::1]:22"), [{ name: "2001:db8::1", port: 22 }]);
  });

  it("never break the reader, whatever stands in them", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom("[a]", "[a:vars]", "x=[1,", "h[1:3] a='b'", "[a:children]")), {
          maxLength: 12,
        }),
        (lines) => {
          const { groups } = read(lines.join("\n"));
          for (const [host, mine] of groups.memberships())
            for (const group of mine) assert.ok(groups.hostsOf(group).includes(host));
        },
      ),
    );
  });
});
