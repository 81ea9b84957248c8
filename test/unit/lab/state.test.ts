import assert from "node:assert/strict";
import { parseList } from "../../../lab/control.ts";
import { stateOf } from "../../../lab/state.ts";
import { parsePorts, portName } from "../../../lab/network.ts";

const links = JSON.stringify([
  { ifindex: 3, ifname: "vb-cp1", master: "plinth0", state: "forwarding" },
  { ifindex: 4, ifname: "vb-cp2", master: "plinth0", state: "disabled" },
  { ifindex: 5, ifname: "vb-cp3", master: "plinth0", state: "forwarding" },
  { ifindex: 6, ifname: "veth9", master: "other", state: "forwarding" },
]);
const list = "cp1 running 101\ncp2 running 102\ncp3 frozen 103\ncp4 running -\n";

describe("lab: state of a host", () => {
  it("reads the ports of the lab's bridge", () => {
    assert.deepEqual([...parsePorts(links).keys()], ["vb-cp1", "vb-cp2", "vb-cp3"]);
    assert.deepEqual(parsePorts(""), new Map());
    assert.deepEqual(parsePorts("[]\n"), new Map());
  });

  it("reads the list of hosts that have processes", () => {
    assert.deepEqual(parseList(list).get("cp3"), { frozen: true, init: 103 });
    assert.deepEqual(parseList(list).get("cp4"), { frozen: false, init: null });
    assert.deepEqual(parseList(""), new Map());
  });

  it("is what the kernel says: processes first, then the cable", () => {
    const states = ["cp1", "cp2", "cp3", "cp4", "cp5"].map((name) => stateOf(name, parseList(list), parsePorts(links)));
    assert.deepEqual(states, ["running", "partitioned", "paused", "off", "off"]);
  });

  it("fits every allowed name into the name of an interface", () => {
    assert.equal(portName("twelve-chars").length, 15);
  });
});
