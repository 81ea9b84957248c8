import assert from "node:assert/strict";
import {
  hostsAhead,
  isNewStack,
  isRecorded,
  isRecordFirst,
  namesUnrecorded,
  readRecording,
  RecordFirst,
  recordOf,
} from "../../../plan/record.ts";
import { factsOf, hostsOf, readingsOf, threeHosts } from "../../support/cluster.ts";

const hosts = hostsOf(threeHosts);
const ids = { cp1: "1".repeat(32), cp2: "2".repeat(32), cp3: "3".repeat(32) };
const lost = { w9: { address: "192.0.2.29", roles: ["worker"] } };
const found = recordOf(hosts, ids, lost);

describe("plan/record", () => {
  it("has nothing to save where the last run has left the same hosts and losses", () => {
    assert.ok(isRecorded({ hosts: { ...found.hosts }, lost: { ...lost } }, found));
  });

  it("has nothing to save of hosts that leave, or that are not lost any more", () => {
    const [first] = hosts;
    assert.ok(first);
    assert.ok(isRecorded({ hosts: found.hosts, lost }, recordOf([first], ids, {})));
  });

  it("saves what is new: a stack, a host, another machine, another address, a loss", () => {
    assert.ok(!isRecorded(undefined, found));
    const { cp3, ...others } = found.hosts;
    assert.ok(cp3);
    assert.ok(!isRecorded({ hosts: others, lost }, found));
    assert.ok(!isRecorded({ hosts: found.hosts, lost }, recordOf(hosts, { ...ids, cp2: "f".repeat(32) }, lost)));
    const moved = hosts.map((host) => (host.name === "cp1" ? { ...host, address: "192.0.2.99" } : host));
    assert.ok(!isRecorded({ hosts: found.hosts, lost }, recordOf(moved, ids, lost)));
    assert.ok(!isRecorded({ hosts: found.hosts }, found));
  });

  it("knows from the inventory alone that a host is new or has another address, and nothing of machines and new stacks", () => {
    const { cp3, ...others } = found.hosts;
    assert.ok(cp3);
    assert.equal(namesUnrecorded(hosts, { hosts: others, lost }), true);
    const moved = hosts.map((host) => (host.name === "cp1" ? { ...host, address: "192.0.2.99" } : host));
    assert.equal(namesUnrecorded(moved, { hosts: found.hosts, lost }), true);
    assert.equal(namesUnrecorded(hosts, { hosts: found.hosts, lost }), false);
    assert.equal(namesUnrecorded(hosts, { hosts: found.hosts }), false);
    assert.equal(namesUnrecorded(hosts.slice(1), { hosts: found.hosts, lost }), false);
    assert.equal(namesUnrecorded(hosts, { hosts: recordOf(hosts, {}, {}).hosts }), false);
    assert.equal(namesUnrecorded(hosts, undefined), false);
  });

  it("marks hosts that a run is to claim, until a run has ended that did", () => {
    const { cp3, ...others } = found.hosts;
    assert.ok(cp3);
    const ahead = hostsAhead({ hosts: { ...others, w9: { address: "192.0.2.29", roles: ["worker"] } } }, found, {});
    assert.deepEqual(ahead["cp3"], { ...cp3, joining: true });
    assert.deepEqual(ahead["cp1"], found.hosts["cp1"]);
    assert.ok(ahead["w9"], "it leaves");
    assert.deepEqual(hostsAhead({ hosts: ahead }, found, {})["cp3"], { ...cp3, joining: true });
    assert.ok(Object.values(hostsAhead(undefined, found, {})).every(({ joining }) => joining === true));
    assert.ok(isRecorded({ hosts: ahead, lost }, found), "a mark is nothing to save");
    assert.equal(namesUnrecorded(hosts, { hosts: ahead, lost }), false);
  });

  it("forgets hosts that were to be claimed and have left, once they are not abandoned", () => {
    const w9 = { address: "192.0.2.29", roles: ["worker"], joining: true };
    const previous = { hosts: { ...found.hosts, w9 } };
    assert.deepEqual(hostsAhead(previous, found, { w9 }), previous.hosts);
    assert.deepEqual(hostsAhead(previous, found, {}), found.hosts);
  });

  it("saves along with everything else unless the command line says otherwise", () => {
    assert.equal(readRecording({}), "along");
    assert.equal(readRecording({ PLINTH_RECORDING: "first" }), "first");
    assert.equal(readRecording({ PLINTH_RECORDING: "now" }), "now");
    assert.equal(readRecording({ PLINTH_RECORDING: "never" }), "along");
  });

  it("takes a stack for new where no run has left anything, neither outputs nor a claim", () => {
    const claim = { cluster: "demo", clusterId: "0".repeat(16), host: "cp1", stack: "demo", generation: 1 };
    const claimed = readingsOf(hosts, { cp1: { facts: factsOf("cp1", { claim }) } });
    assert.equal(isNewStack(undefined, readingsOf(hosts)), true);
    assert.equal(isNewStack(undefined, claimed), false);
    assert.equal(isNewStack({ hosts: found.hosts }, readingsOf(hosts)), false);
  });

  it("is told apart from other errors", () => {
    assert.ok(isRecordFirst(new RecordFirst(true)));
    assert.ok(!isRecordFirst(new Error("RecordFirst")));
  });
});
