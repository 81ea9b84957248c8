import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSelector, selectHosts } from "../../../../plan/adhoc/selector.ts";
import { printable } from "../../../../plan/printable.ts";
import { parseInventory, type Host, type HostInput } from "../../../../plan/inventory.ts";

const inputs: HostInput[] = [
  { name: "cp1", address: "192.0.2.11", roles: ["etcd", "control-plane", "load-balancer"], rack: "r1", zone: "a" },
  { name: "cp2", address: "192.0.2.12", roles: ["etcd", "control-plane", "load-balancer"], rack: "r2", zone: "a" },
  { name: "w1", address: "192.0.2.21", roles: ["worker"], rack: "r1", zone: "b", labels: { disk: "nvme" } },
  { name: "w2", address: "192.0.2.22", roles: ["worker"], rack: "r2", zone: "b", labels: { disk: "hdd" } },
  { name: "w10", address: "192.0.2.30", roles: ["worker"], labels: { "example.com/gpu": "" } },
];
const { hosts } = parseInventory(inputs);

const chosen = (selector: string, among: readonly Host[] = hosts): string => {
  const { hosts: selected, findings } = selectHosts(selector, among);
  assert.deepEqual(findings, [], selector);
  return selected.map(({ name }) => name).join(" ");
};
const said = (selector: string): string[] =>
  selectHosts(selector, hosts).findings.map(({ message, remedy }) => `${message}; ${remedy}`);

describe("plan/adhoc/selector", () => {
  for (const [selector, expected] of [
    ["cp1", "cp1"],
    ["w2,cp1", "cp1 w2"],
    ["w*", "w1 w2 w10"],
    ["w?", "w1 w2"],
    ["name=w1*", "w1 w10"],
    ["role=worker", "w1 w2 w10"],
    ["role=control-*", "cp1 cp2"],
    ["rack=r1", "cp1 w1"],
    ["zone=b&rack=r1", "w1"],
    ["zone=b rack=r1", "w1"],
    ["zone=b & rack=r1 , cp2", "cp2 w1"],
    ["!role=worker", "cp1 cp2"],
    ["! w1 role=worker", "w2 w10"],
    ["label:disk=nvme", "w1"],
    ["label=disk=hdd", "w2"],
    ["label:disk", "w1 w2"],
    ["label:example.com/gpu", "w10"],
    ["label:example.com/gpu=", "w10"],
    ["label:topology.kubernetes.io/zone=a", "cp1 cp2"],
    ["role=worker&!label:disk", "w10"],
    ["*", "cp1 cp2 w1 w2 w10"],
  ] as const) {
    it(`${selector} is about ${expected}`, () => {
      assert.equal(chosen(selector), expected);
    });
  }

  it("says everything that is wrong at once, and what there is", () => {
    assert.deepEqual(said("rack=r9&role=etcd,w9,x*,site=north"), [
      'hosts are not selected by "site" (in "site=north"); use one of: name, role, region, zone, rack, label:KEY=VALUE',
      "no host has the rack r9; racks are: r1, r2",
      "there is no host w9; hosts are: cp1, cp2, w1, w2, w10",
      "no name of a host is like x*; hosts are: cp1, cp2, w1, w2, w10",
    ]);
    assert.deepEqual(said("label:disk=ssd"), ["no host has the label disk=ssd; the values of disk are: hdd, nvme"]);
    assert.deepEqual(said("region=eu"), ["no host has the region eu; no host has a region"]);
    assert.match(said("label:gpu").join(), /^no host has the label gpu; labels are: disk, example.com\/gpu, /);
    assert.match(said("!w9").join(), /^there is no host w9/);
    assert.deepEqual(said("role=etcd&zone=b"), [
      'no host is all of "role=etcd&zone=b"; hosts are: cp1, cp2, w1, w2, w10',
    ]);
  });

  it("refuses what says nothing", () => {
    for (const text of ["", " ", "a,,b", ",", "!", "rack=", "label:", "label:=x", "!!w1"])
      assert.notEqual(parseSelector(text).findings.length, 0, JSON.stringify(text));
  });

  const term = fc.constantFrom("cp1", "w*", "role=worker", "rack=r1", "zone=b", "label:disk", "label:disk=nvme");
  const set = (selector: string): Set<string> => new Set(selectHosts(selector, hosts).hosts.map(({ name }) => name));

  it("has and, or and not as sets have them", () => {
    fc.assert(
      fc.property(term, term, (one, other) => {
        assert.deepEqual(
          set(`${one},${other}`),
          new Set(hosts.map(({ name }) => name).filter((name) => set(one).has(name) || set(other).has(name))),
        );
        assert.deepEqual(set(`${one}&${other}`), set(one).intersection(set(other)));
        assert.deepEqual(set(`!${one}`), new Set(hosts.map(({ name }) => name)).difference(set(one)));
      }),
    );
  });

  it("takes any text without an error of its own, and with hosts or a finding", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: fc.constantFrom(..."! , & = * ? : label rack worker 1".split(" "), " ") }),
        ),
        (text) => {
          const { hosts: selected, findings } = selectHosts(text, hosts);
          assert.equal(selected.length === 0, findings.length > 0);
          for (const { message } of findings) assert.equal(message, printable(message));
        },
      ),
    );
  });
});
