import assert from "node:assert/strict";
import fc from "fast-check";
import { Lab, LabError } from "../../../lab/index.ts";
import { layoutOf } from "../../../lab/layout.ts";
import { hostProblems, validateHosts } from "../../../lab/validate.ts";

const network = { subnet: "10.27.0.0/24", gateway: "10.27.0.1", podCidr: "10.28.0.0/16" };
const { segments } = layoutOf(network, []);

describe("lab: inventory", () => {
  it("accepts ordinary hosts", () => {
    validateHosts(
      [
        { name: "cp1", address: "10.27.0.11" },
        { name: "worker-12", address: "10.27.0.32" },
      ],
      segments,
    );
  });

  const refused: [string, string, RegExp][] = [
    ["Cp1", "10.27.0.11", /lower-case/],
    ["1cp", "10.27.0.11", /begins with a letter/],
    ["cp-", "10.27.0.11", /inner hyphens/],
    ["../etc", "10.27.0.11", /lower-case/],
    ["thirteen-char", "10.27.0.11", /at most 12/],
    ["cp1", "10.28.0.11", /outside of the lab's subnet 10\.27\.0\.0\/24/],
    ["cp1", "10.27.0.1", /the operator's own/],
    ["cp1", "10.27.11", /not an IPv4 address/],
    ["cp1", "cp1.example.org", /not an IPv4 address/],
  ];
  for (const [name, address, message] of refused) {
    it(`refuses ${name} at ${address}`, () => {
      const problems = hostProblems({ name, address }, segments);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", message);
    });
  }

  it("wants every host in one of two networks, where there are two", () => {
    const divided = layoutOf(network, ["two-subnets"]).segments;
    const problemsOf = (address: string): string[] => hostProblems({ name: "w1", address }, divided);
    assert.deepEqual(problemsOf("10.27.0.21"), []);
    assert.match(problemsOf("10.27.0.17").join(), /the operator's own/);
    assert.match(
      problemsOf("10.27.0.32").join(),
      /outside of the lab's networks 10\.27\.0\.0\/28 and 10\.27\.0\.16\/28$/,
    );
  });

  it("names all findings at once", () => {
    const hosts = [
      { name: "a", address: "10.27.0.11" },
      { name: "a", address: "10.27.0.12" },
      { name: "b", address: "10.27.0.12" },
      { name: "C", address: "10.27.0.13" },
    ];
    assert.throws(
      () => new Lab({ projectDir: "/srv/a", hosts, user: "plinth", ...network }),
      (error: unknown) => error instanceof LabError && error.message.split("\n").length === 3,
    );
  });

  it("lets no name through that could be more than a name in a path or a command", () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const fine = hostProblems({ name, address: "10.27.0.11" }, segments).length === 0;
        return !fine || /^[a-z0-9-]{1,12}$/.test(name);
      }),
    );
  });
});
