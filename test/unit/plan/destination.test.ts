import assert from "node:assert/strict";
import fc from "fast-check";
import { jumpDestination, wayTo } from "../../../plan/destination.ts";
import { nothingSaid } from "../../../plan/operatorssh.ts";

describe("plan/destination", () => {
  const host = { name: "cp1", address: "192.0.2.11" };
  const said = { ...nothingSaid, host: "10.9.0.1", port: 2200, user: "me", jumps: [{ host: "gate.example.net" }] };

  it("goes by the inventory, then the configuration, then the operator's file", () => {
    assert.deepEqual(wayTo(host, {}, nothingSaid), {
      told: { host: "192.0.2.11", port: 22, user: "root" },
      real: { host: "192.0.2.11", port: 22, user: "root" },
      jumps: [],
      redirected: false,
    });
    const heard = wayTo(host, {}, said);
    assert.deepEqual(heard.told, { host: "192.0.2.11", port: 22, user: "root" }, "resources know nothing of the file");
    assert.deepEqual(heard.real, { host: "10.9.0.1", port: 2200, user: "me" });
    assert.deepEqual([heard.jumps, heard.redirected], [said.jumps, true]);
    const set = wayTo(host, { sshUser: "ops", sshPort: 23, bastion: ["b.example.net:24"] }, said);
    assert.deepEqual(set.real, { host: "10.9.0.1", port: 23, user: "ops" });
    assert.deepEqual(set.jumps, [{ host: "b.example.net", port: 24 }]);
    const own = { ...host, sshAddress: "203.0.113.5", user: "u", port: 25, bastion: [] };
    assert.deepEqual(wayTo(own, { sshUser: "ops", sshPort: 23, bastion: ["b.example.net"] }, said), {
      told: { host: "203.0.113.5", port: 25, user: "u" },
      real: { host: "203.0.113.5", port: 25, user: "u" },
      jumps: [],
      redirected: false,
    });
  });

  it("tells resources the same, whatever an operator's file says", () => {
    const heard = fc.record({
      host: fc.domain(),
      port: fc.integer({ min: 1, max: 65535 }),
      user: fc.constantFrom("a", "b"),
    });
    fc.assert(
      fc.property(heard, (one) => {
        assert.deepEqual(wayTo(host, {}, { ...nothingSaid, ...one }).told, wayTo(host, {}, nothingSaid).told);
      }),
    );
  });

  it("reaches a jump host as it is written, then by the operator's file, then as the user of all hosts", () => {
    const jump = { host: "gate" };
    assert.deepEqual(jumpDestination(jump, { sshUser: "ops" }, nothingSaid), { host: "gate", port: 22, user: "ops" });
    assert.deepEqual(jumpDestination(jump, {}, said), { host: "10.9.0.1", port: 2200, user: "me" });
    assert.deepEqual(jumpDestination({ ...jump, port: 26, user: "j" }, {}, said), {
      host: "10.9.0.1",
      port: 26,
      user: "j",
    });
  });
});
