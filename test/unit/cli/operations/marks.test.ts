import assert from "node:assert/strict";
import { leaveMarks } from "../../../../cli/operations/marks.ts";
import type { Answer } from "../../../../cli/cluster/ask.ts";
import { plannedFrom, type StackInput } from "../../../../cli/project/inventory.ts";
import type { RunMark } from "../../../../plan/scripts.ts";
import { configOf, hostsOf, threeHosts } from "../../../support/cluster.ts";

const machine = { name: "ntp1", address: "192.0.2.31", roles: [] };

describe("marks of a run on hosts", () => {
  let asked: Map<string, string>;
  let said: string[];
  const terminal = { warn: (line: string) => void said.push(line) };
  const inputOf = (extra: Record<string, unknown>): StackInput => {
    const [hosts, config] = [hostsOf([...threeHosts, machine]), configOf(extra)];
    return { hosts, config, planned: plannedFrom(hosts, config) };
  };
  const answering =
    (answerOf: (host: string) => Answer) =>
    ({ hosts }: Pick<StackInput, "hosts">, script: string | ((host: string) => string)) => {
      for (const { name } of hosts) asked.set(name, typeof script === "string" ? script : script(name));
      return Promise.resolve(new Map(hosts.map(({ name }) => [name, answerOf(name)])));
    };
  const up = (): RunMark[] => [{ kind: "up" }];
  beforeEach(() => {
    asked = new Map();
    said = [];
  });

  it("are asked of nobody where no figures are told", async () => {
    await leaveMarks(inputOf({}), up, terminal, () => Promise.reject(new Error("nobody is asked")));
    assert.deepEqual(said, []);
  });

  it("are left on hosts of the cluster that tell figures, and only where there is something to say", async () => {
    const marksOf = (host: string): RunMark[] => (host === "cp2" ? [] : [{ kind: "up" }, { kind: "drift", found: 3 }]);
    await leaveMarks(
      inputOf({ metrics: {} }),
      marksOf,
      terminal,
      answering(() => ({ text: "" })),
    );
    assert.deepEqual([...asked.keys()], ["cp1", "cp3"]);
    assert.match(asked.get("cp1") ?? "", /^set -- 'up' 'drift=3'\n|^set -- up drift=3\n/);
    assert.deepEqual(said, []);
  });

  it("that cannot be left are told of, and change nothing else", async () => {
    const input = inputOf({ metrics: {} });
    await leaveMarks(
      input,
      up,
      terminal,
      answering((host) => (host === "cp1" ? { text: "" } : { error: "it is full" })),
    );
    assert.deepEqual(said, ["cp2, cp3 do not tell in their figures that this has run: it is full"]);
    await leaveMarks(input, up, terminal, () => Promise.reject(new Error("no key")));
    assert.equal(said[1], "hosts do not tell in their figures that this has run: no key");
  });
});
