import assert from "node:assert/strict";
import { connectTimeout, renderApiBackend } from "../../../../plan/bundles/apibackend.ts";
import { hostsOf, threeHosts } from "../../../support/cluster.ts";

const five = [
  ...threeHosts,
  ...[4, 5].map((n) => ({ name: `cp${n}`, address: `192.0.2.1${n}`, roles: ["control-plane"] })),
];
const render = (input: unknown) => renderApiBackend(hostsOf(input), "/ca.crt");

/** A number of milliseconds or checks that stands in a line that matches. */
const setting = (text: string, line: RegExp, name: string): number => {
  const found = text.split("\n").find((candidate) => line.test(candidate)) ?? "";
  const value = new RegExp(` ${name} (\\d+)`).exec(found)?.[1];
  assert.ok(value, `${name} in ${found}`);
  return Number(value);
};

interface Rule {
  server: string;
  conditions: string[];
  draw: boolean;
}
const rulesOf = (text: string): Rule[] =>
  [...text.matchAll(/^ {2}use-server (\S+) if ([^{\n]+?)( \{ rand\(\d+\) 0 \})?$/gm)].map(
    ([, server = "", conditions = "", draw]) => ({
      server,
      conditions: conditions.split(" "),
      draw: draw !== undefined,
    }),
  );

/** Every set of names. */
const subsets = (names: readonly string[]): Set<string>[] =>
  names.reduce<Set<string>[]>((sets, name) => [...sets, ...sets.map((set) => new Set([...set, name]))], [new Set()]);

/** Servers that a connection may be sent to by the rules: by luck of the draws, and without any; undefined: no rule applies. */
function targets(rules: readonly Rule[], up: Set<string>, reachable: Set<string>): (string | undefined)[] {
  const holds = (condition: string): boolean => {
    const [, not, name = "", fact] = /^(!?)(.+)-(up|reachable)$/.exec(condition) ?? [];
    return (fact === "up" ? up : reachable).has(name) !== (not === "!");
  };
  // HAProxy ignores a rule whose server is down.
  const matching = rules.filter(({ server, conditions }) => up.has(server) && conditions.every(holds));
  const certain = matching.findIndex(({ draw }) => !draw);
  return certain < 0
    ? [...matching.map(({ server }) => server), undefined]
    : matching.slice(0, certain + 1).map(({ server }) => server);
}

describe("the API servers behind HAProxy", () => {
  it("get no connection any more before one that died is cut off: none is still being opened then", () => {
    const text = render(threeHosts);
    const look = setting(text, /default-server check inter/, "inter");
    assert.equal(setting(text, /default-server check inter/, "fall"), 1);
    const inter = setting(text, /shutdown-sessions/, "inter");
    const fall = setting(text, /shutdown-sessions/, "fall");
    const unreachable = look + Math.min(connectTimeout, look);
    const cut = fall * Math.min(connectTimeout, inter) + (fall - 1) * inter;
    assert.doesNotMatch(text, /fastinter/);
    // The last connection goes to another server after one timeout, and to a third one after two.
    assert.ok(unreachable + 2 * connectTimeout < cut, `${unreachable} + 2 × ${connectTimeout} < ${cut}`);
  });

  it("are chosen by HAProxy alone as long as each that is up takes connections, and when none does", () => {
    const rules = rulesOf(render(five));
    for (const up of subsets(five.map(({ name }) => name))) {
      assert.deepEqual(targets(rules, up, up), [undefined]);
      assert.deepEqual(targets(rules, up, new Set()), [undefined]);
    }
  });

  it("get the connections of another that takes none, if they are up and take some themselves", () => {
    const names = five.map(({ name }) => name);
    const rules = rulesOf(render(five));
    for (const up of subsets(names)) {
      for (const reachable of subsets(names)) {
        const usable = names.filter((name) => up.has(name) && reachable.has(name));
        if (usable.length === 0 || [...up].every((name) => reachable.has(name))) continue;
        for (const server of targets(rules, up, reachable)) assert.ok(usable.includes(server ?? ""), server);
      }
    }
    // All of them get some: one host must not get all clients of another.
    const four = new Set(names.slice(1));
    assert.deepEqual([...new Set(targets(rules, new Set(names), four))].sort(), [...four]);
  });

  it("has no other where there is but one", () => {
    assert.doesNotMatch(render(threeHosts.slice(0, 1)), /use-server|reachab/);
  });
});
