import assert from "node:assert/strict";
import fc from "fast-check";
import { describeFinding } from "../../../plan/findings.ts";
import { parseInventory } from "../../../plan/inventory.ts";
import { jumpsTo, parseJump, pluginReachFindings } from "../../../plan/reach.ts";
import { parseConfig } from "../../../plan/config.ts";
import { rawConfig } from "../../support/cluster.ts";

describe("plan/reach", () => {
  it("reads a jump host with user and port, or without", () => {
    assert.deepEqual(parseJump("gate.example.net"), { host: "gate.example.net" });
    assert.deepEqual(parseJump("192.0.2.7:2222"), { host: "192.0.2.7", port: 2222 });
    assert.deepEqual(parseJump("jump@gate:22"), { user: "jump", host: "gate", port: 22 });
    assert.deepEqual(parseJump("me@dir.example.net@gate"), { user: "me@dir.example.net", host: "gate" });
    for (const wrong of [
      "",
      "@gate",
      "a b@gate",
      "gate:",
      "gate:0",
      "gate:70000",
      "-oX",
      "a,b",
      "192.0.2.300",
      "gate\n",
    ])
      assert.equal(parseJump(wrong), undefined, wrong);
  });

  it("reads nothing that could end the word it stands in", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 30 }), (text) => {
        const { user = "u", host = "h" } = parseJump(text) ?? {};
        assert.match(`${user} ${host}`, /^[\w.@-]+ [A-Za-z0-9][\w.-]*$/);
      }),
    );
  });

  it("goes by a host's own bastions, by none where it says so, and else by those of all", () => {
    const all = ["one", "two"];
    assert.deepEqual(jumpsTo({}, all), [{ host: "one" }, { host: "two" }]);
    assert.deepEqual(jumpsTo({ bastion: ["three"] }, all), [{ host: "three" }]);
    assert.deepEqual(jumpsTo({ bastion: [] }, all), []);
  });

  it("is refused where a jump host cannot be one, by key and place", () => {
    const { findings } = parseConfig({ ...rawConfig, bastion: ["gate", "a b"] });
    assert.match(
      findings.map(describeFinding).join(),
      /plinth:bastion\.1 must be a jump host as \[user@\]host\[:port\]/,
    );
    const host = { name: "w1", address: "192.0.2.21", roles: ["worker"], bastion: Array(9).fill("gate") as string[] };
    assert.match(parseInventory([host]).findings.map(describeFinding).join(), /field 'bastion' must have at most 8/);
  });

  it("says what Pulumi's own plugin cannot do, by host", () => {
    const one = { bastions: 1, sudo: false, redirected: false };
    assert.deepEqual(pluginReachFindings([{ host: "cp1", ...one }]), []);
    const findings = pluginReachFindings([
      { host: "cp1", ...one, bastions: 2 },
      { host: "cp2", ...one, sudo: true },
      { host: "cp3", ...one },
    ]);
    assert.deepEqual(
      findings.map(({ rule, hosts }) => [rule, hosts]),
      [
        ["ssh-reach", ["cp1"]],
        ["ssh-reach", ["cp2"]],
      ],
    );
    assert.match(
      findings.map(describeFinding).join("\n"),
      /goes by one bastion.*run \.\/plinth.*\n.*password for sudo/,
    );
  });
});
