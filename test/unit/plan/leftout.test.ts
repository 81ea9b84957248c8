import assert from "node:assert/strict";
import type { HostFailure, HostReading } from "../../../plan/facts.ts";
import type { Finding } from "../../../plan/findings.ts";
import { leaveOut, leftOutWarning, unreadable } from "../../../plan/leftout.ts";
import { factsOf, hostsOf, threeHosts } from "../../support/cluster.ts";

const workers = Array.from({ length: 20 }, (_, n) => `w${n + 1}`);
const hosts = hostsOf([
  ...threeHosts,
  ...workers.map((name, n) => ({ name, address: `192.0.2.${n + 21}`, roles: ["worker"] })),
]);
const previous = {
  hosts: Object.fromEntries(
    hosts.filter(({ name }) => name !== "w20").map(({ name, address, roles }) => [name, { address, roles }]),
  ),
};
const run = { hosts, previous, bootstrapped: true, maxUnavailable: "10%" };
const finding = (rule: string, ...names: string[]): Finding => ({
  ...{ rule, kind: "guard", hosts: names, message: "something is wrong", remedy: "put it right" },
});

describe("plan/leftout", () => {
  const judged = (said: Finding[], others: Finding[] = [], more: Partial<typeof run> = {}) => {
    const { refused, leftOut } = leaveOut([...said, ...others], said, { ...run, ...more });
    return [refused.map(({ rule }) => rule), [...leftOut.keys()]];
  };

  it("leaves workers out for what they say, and refuses for everything else", () => {
    assert.deepEqual(judged([finding("swap", "w1")], [finding("immutable")]), [["immutable"], ["w1"]]);
    assert.deepEqual(judged([finding("swap", "cp1"), finding("memory", "w1")]), [["swap"], ["w1"]]);
    assert.deepEqual(
      judged([], [finding("lost-in-inventory", "w1")]),
      [["lost-in-inventory"], []],
      "what the operator says",
    );
    assert.deepEqual(judged([finding("swap", "w20")]), [["swap"], []], "a host that joins");
    assert.deepEqual(judged([finding("swap", "w1")], [], { bootstrapped: false }), [["swap"], []], "a first bring-up");
  });

  it("takes a worker's word for nothing about others: who says the same as one other host is left out", () => {
    assert.deepEqual(judged([finding("duplicate-machine-id", "cp1", "w1")]), [[], ["w1"]]);
    assert.deepEqual(judged([finding("duplicate-machine-id", "w1", "w2")], [], { maxUnavailable: "2" }), [
      [],
      ["w1", "w2"],
    ]);
    assert.deepEqual(judged([finding("duplicate-machine-id", "cp1", "cp2", "w1")]), [["duplicate-machine-id"], []]);
  });

  it("leaves no more out than may be unavailable: then the run does not fit the workers", () => {
    assert.deepEqual(judged([finding("port-taken", "w1"), finding("port-taken", "w2")]), [
      ["port-taken", "port-taken"],
      [],
    ]);
    assert.deepEqual(
      judged(
        ["w1", "w2", "w3"].map((name) => finding("swap", name)),
        [],
        { maxUnavailable: "3" },
      ),
      [[], ["w1", "w2", "w3"]],
    );
  });

  it("tells everything that a worker is left out for", () => {
    const said = [finding("swap", "w1"), finding("duplicate-machine-id", "cp1", "w1")];
    const [failure] = leaveOut(said, said, run).leftOut.values();
    assert.ok(failure);
    const text = leftOutWarning("w1", failure);
    assert.match(
      text,
      /^left as it is: w1: something is wrong; put it right \[swap\]; cp1: something is wrong; .* \[duplicate-machine-id\]; put that right/,
    );
  });

  it("does without workers that cannot be read, and without other hosts that do not answer at all", () => {
    const failing = (failure: HostFailure["failure"]): HostFailure => ({ failure, message: "m" });
    const readings = new Map<string, HostReading>([
      ["cp1", failing("garbled")],
      ["cp2", failing("unreachable")],
      ["cp3", { facts: factsOf("cp3") }],
      ["w1", failing("garbled")],
      ["w2", failing("host-key")],
      ["w20", failing("unreachable")],
    ]);
    assert.deepEqual([...unreadable(hosts, readings, previous, true).keys()], ["cp2", "w1", "w2"]);
    assert.deepEqual([...unreadable(hosts, readings, previous, false).keys()], []);
  });
});
