import assert from "node:assert/strict";
import type { Driver, ToolRun } from "../../../../bench/roles/driver.ts";
import { judge, measureRound, type Looks, type RoleRow } from "../../../../bench/roles/measure.ts";
import { ratio, rolesTable } from "../../../../bench/roles/report.ts";
import { differences, expectedOn, parseLook, rendered, type Task, type Tool } from "../../../../bench/roles/tasks.ts";

const task: Task = { name: "bench-plinth-0-1", text: "one" };
const looks = (asked: Task, start: string, hosts = ["m1", "m2"]): Looks =>
  new Map(hosts.map((host) => [host, new Map([...expectedOn(host, asked), ["start", start]])]));

describe("bench roles: what hosts have", () => {
  it("is read, and compared with what the tasks come to", () => {
    assert.deepEqual(
      [...parseLook("user u\nread \nunit a b\n")],
      [
        ["user", "u"],
        ["read", ""],
        ["unit", "a b"],
      ],
    );
    assert.equal(rendered(task, "m1"), "# bench-plinth-0-1 on m1\ntext = one\n");
    const expected = expectedOn("m1", task);
    assert.deepEqual(differences(expected, expected), []);
    const other = new Map([...expected, ["active", "failed"], ["read", ""]]);
    assert.deepEqual(differences(other, expected), [
      "active is failed, expected active",
      `read is missing, expected ${expected.get("read") ?? ""}`,
    ]);
  });

  it("decides beside what the tool says", () => {
    const hosts = ["m1", "m2"];
    const at = (start: string, before: string | undefined, asked = task) => ({
      ...{ hosts, task: asked, looks: looks(asked, start) },
      before: before === undefined ? undefined : looks(task, before),
    });
    assert.equal(judge("first", { changed: 9 }, at("a", undefined)), undefined);
    assert.match(judge("first", { changed: 0 }, at("a", undefined)) ?? "", /it has changed nothing/);
    assert.match(judge("first", { changed: undefined }, at("a", undefined)) ?? "", /does not tell/);
    assert.equal(judge("nothing", { changed: 0 }, at("a", "a")), undefined);
    assert.match(judge("nothing", { changed: 2 }, at("a", "a")) ?? "", /changed 2 things, expected none/);
    assert.match(judge("nothing", { changed: 0 }, at("b", "a")) ?? "", /m1: the service was restarted/);
    const other = { ...task, text: "two" };
    assert.equal(judge("change", { changed: 2 }, at("b", "a", other)), undefined);
    assert.match(judge("change", { changed: 2 }, at("a", "a", other)) ?? "", /m1: the service was not restarted/);
    assert.match(judge("change", { changed: 2 }, { ...at("b", "a"), task: other }) ?? "", /m1: service\.conf is /);
    assert.match(judge("first", { changed: 9 }, { ...at("a", undefined), hosts: ["m3"] }) ?? "", /m3: user is missing/);
  });
});

describe("bench roles: a round", () => {
  const stop = new AbortController().signal;
  const driver = (tool: Tool, order: string[], failing?: string): Driver => {
    const done = (what: string): Promise<ToolRun> => {
      order.push(`${tool} ${what}`);
      const failure = what === failing ? "no" : undefined;
      return Promise.resolve({ seconds: 1, failure, changed: what === "nothing" || what === "look" ? 0 : 3 });
    };
    return {
      tool,
      prepare: () => Promise.resolve(),
      run: (kind) => done(kind),
      ...(tool === "plinth" ? { look: () => done("look") } : {}),
      leave: () => {
        order.push(`${tool} leave`);
        return Promise.resolve();
      },
    };
  };
  const run = async (round: number, failing?: string): Promise<{ order: string[]; rows: RoleRow[] }> => {
    const order: string[] = [];
    const rows: RoleRow[] = [];
    const last = new Map<string, number>();
    await measureRound({
      ...{ hosts: ["m1"], delay: 0, round, say: () => undefined, stop },
      drivers: [driver("ansible", order, failing), driver("plinth", order)],
      add: (row) => rows.push(row),
      lookAt: (name) => {
        const kind = (last.get(name) ?? 0) + 1;
        last.set(name, kind);
        return Promise.resolve(looks({ name, text: kind === 3 ? "two" : "one" }, kind === 3 ? "b" : "a", ["m1"]));
      },
    });
    return { order, rows };
  };

  it("has all tools run in turn, and another begins in the next one", async () => {
    const { order, rows } = await run(1);
    const runs = ["ansible first", "plinth first", "ansible nothing", "plinth nothing", "plinth look"];
    assert.deepEqual(order, [...runs, "ansible change", "plinth change", "ansible leave", "plinth leave"]);
    assert.deepEqual(new Set(rows.map(({ failure }) => failure)), new Set([undefined]));
    assert.deepEqual((await run(2)).order.slice(0, 2), ["plinth first", "ansible first"]);
  });

  it("leaves out what comes after a failure of a tool, and of that tool alone", async () => {
    const { order, rows } = await run(1, "nothing");
    assert.ok(!order.includes("ansible change") && order.includes("plinth change"));
    assert.deepEqual(
      rows.flatMap(({ tool, run: kind, failure }) => (failure === undefined ? [] : [`${tool} ${kind} ${failure}`])),
      ["ansible nothing no"],
    );
  });
});

describe("bench roles: the table", () => {
  const row = (tool: Tool, run: RoleRow["run"], seconds: number, round = 1, failure?: string): RoleRow => ({
    ...{ hosts: 5, delay: 50, round, run, tool, seconds, failure },
    ...(tool === "plinth" ? { cost: { engineSeconds: 1.5, connections: 5, commands: 20 } } : {}),
  });

  it("compares middle values, and a look for drift with the others' second run", () => {
    const rows = [
      ...[row("ansible", "first", 30), row("ansible", "first", 50, 2), row("pyinfra", "first", 15)],
      ...[row("plinth", "first", 10), row("plinth", "nothing", 2), row("plinth", "look", 4)],
      ...[row("ansible", "nothing", 20), row("pyinfra", "nothing", 3, 1, "exit code 1")],
    ];
    const [heading, ...lines] = rolesTable(rows);
    assert.equal(heading?.length, lines[0]?.length);
    assert.deepEqual(lines, [
      ["5", "50", "first", "2", "40.0", "15.0", "10.0", "1.5", "4.0x", "1.5x", "1.0", "4.0", "done"],
      [
        ...["5", "50", "second, nothing changes", "1", "20.0", "-", "2.0", "1.5", "10.0x", "-", "1.0", "4.0"],
        "FAILED: pyinfra: exit code 1",
      ],
      ["5", "50", "second, looked for drift", "1", "20.0", "-", "4.0", "1.5", "5.0x", "-", "1.0", "4.0", "done"],
    ]);
  });

  it("has no ratio where one is missing", () => {
    assert.equal(ratio(undefined, 1), "-");
    assert.equal(ratio(1, undefined), "-");
    assert.equal(ratio(3, 2), "1.5x");
  });
});
