import assert from "node:assert/strict";
import fc from "fast-check";
import { contains, parseNetwork } from "../../../plan/addresses.ts";
import { addressIn, servedUrl, subnetOf } from "../../../plan/served.ts";

describe("what addresses say of a new stack's network", () => {
  it("is the /24 of one of them", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        assert.equal(subnetOf([address]), `${address.replace(/\d+$/, "0")}/24`);
      }),
    );
  });

  it("is the smallest network that has all of them, down to /16", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(255), fc.nat(255)), { minLength: 1, maxLength: 5 }), (ends) => {
        const addresses = ends.map(([one, other]) => `198.51.${one}.${other}`);
        const network = parseNetwork(subnetOf(addresses) ?? "") ?? assert.fail("a /16 has them");
        assert.ok(addresses.every((address) => contains(network, address)));
        const half = 2 ** (31 - network.prefix);
        const low = { ...network, last: network.first + half - 1 };
        if (network.prefix < 24) assert.ok(new Set(addresses.map((address) => contains(low, address))).size === 2);
      }),
    );
    assert.equal(subnetOf(["198.51.100.1", "198.50.100.1"]), undefined);
  });

  it("is nothing of what is no address", () => {
    for (const text of ["", "cp1", "192.0.2", "192.0.2.300.1", "2001:db8::1"])
      assert.equal(subnetOf([text]), undefined);
    assert.equal(subnetOf(["cp1", "192.0.2.1"]), "192.0.2.0/24");
  });

  it("is from where hosts fetch binaries without a route", () => {
    assert.equal(addressIn(["203.0.113.1", "192.0.2.5"], "192.0.2.0/24"), "192.0.2.5");
    for (const subnet of [undefined, "none", "198.51.100.0/24"])
      assert.equal(addressIn(["192.0.2.5"], subnet), undefined);
    assert.equal(servedUrl("192.0.2.5"), "http://192.0.2.5:8410");
  });
});
