import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addressOfUrl,
  contains,
  isEdge,
  isIPv4,
  nthAddress,
  overlaps,
  parseNetwork,
  type Network,
} from "../../../plan/addresses.ts";

const networks = fc
  .tuple(fc.integer({ min: 8, max: 30 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
  .map(([prefix, value]): Network => {
    const size = 2 ** (32 - prefix);
    const first = value - (value % size);
    const network = parseNetwork(
      `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${prefix}`,
    );
    assert.ok(network);
    return network;
  });

describe("plan/addresses", () => {
  it("takes canonical networks only", () => {
    for (const good of ["10.0.0.0/8", "192.0.2.0/24", "192.0.2.128/25", "0.0.0.0/0"])
      assert.ok(parseNetwork(good), good);
    for (const bad of ["10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "010.0.0.0/8", "fd00::/8", ""]) {
      assert.equal(parseNetwork(bad), undefined, bad);
    }
  });

  it("takes dotted quads only", () => {
    assert.ok(isIPv4("192.0.2.1"));
    for (const bad of ["192.0.2", "192.0.2.256", "192.0.2.01", "::1", "host", ""]) assert.ok(!isIPv4(bad), bad);
  });

  it("a network contains its own addresses and not its neighbours'", () => {
    fc.assert(
      fc.property(networks, fc.nat(), (network, n) => {
        const size = network.last - network.first + 1;
        assert.ok(contains(network, nthAddress(network, n % size)));
        if (network.last < 2 ** 32 - 1) assert.ok(!contains(network, nthAddress(network, size)));
        assert.ok(isEdge(network, nthAddress(network, 0)), "network address");
        assert.ok(isEdge(network, nthAddress(network, size - 1)), "broadcast address");
        assert.ok(!isEdge(network, nthAddress(network, 1 + (n % (size - 2)))), "address of a host");
      }),
    );
  });

  it("overlap is symmetric and equals containing the other's first address", () => {
    fc.assert(
      fc.property(networks, networks, (a, b) => {
        const expected = contains(a, nthAddress(b, 0)) || contains(b, nthAddress(a, 0));
        assert.equal(overlaps(a, b), expected);
        assert.equal(overlaps(b, a), expected);
      }),
    );
  });

  it("a network of one or two addresses has hosts only", () => {
    for (const cidr of ["192.0.2.4/31", "192.0.2.4/32"]) {
      const network = parseNetwork(cidr);
      assert.ok(network);
      assert.ok(!isEdge(network, "192.0.2.4"), cidr);
    }
  });

  it("a URL has the address that it leads to, however that is written", () => {
    assert.equal(addressOfUrl("http://192.0.2.5:8410/a"), "192.0.2.5");
    for (const here of [
      "http://localhost:8410",
      "https://LOCALHOST",
      "http://a.localhost",
      "http://127.1",
      "http://0x7f000001",
      "http://[::1]:80",
      "http://[::ffff:127.0.0.2]",
    ])
      assert.equal(addressOfUrl(here)?.startsWith("127."), true, here);
    for (const other of ["http://mirror.example.net", "http://[fd00::1]:80", "http://localhost.example.net", "nothing"])
      assert.equal(addressOfUrl(other), undefined, other);
  });
});
