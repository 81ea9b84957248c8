import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { LabError } from "../../../lab/index.ts";
import { bridges, isIn, layoutOf, prefixLengthOf, segmentOf } from "../../../lab/layout.ts";
import { recordedLikeness, settleLikeness } from "../../../lab/likeness.ts";
import { LabPaths } from "../../../lab/paths.ts";
import { forgetHosts, recordHost } from "../../../lab/registry.ts";
import { ingredientsOf, parseVariants, scriptedVariants, variantNames } from "../../../lab/variants.ts";

const refusal =
  (message: RegExp) =>
  (error: unknown): boolean =>
    error instanceof LabError && message.test(error.message);

describe("lab: what hosts are like", () => {
  it("is said with commas, by several words, in any order, and more than once", () => {
    assert.deepEqual(parseVariants([]), []);
    assert.deepEqual(parseVariants(["small-mtu,resolved", "small-mtu"]), ["resolved", "small-mtu"]);
    assert.deepEqual(parseVariants(["two-subnets, proxied"]), ["proxied", "two-subnets"]);
    fc.assert(
      fc.property(fc.shuffledSubarray(variantNames.filter((name) => name !== "forward-closed")), (names) => {
        assert.deepEqual(parseVariants(names), parseVariants([names.toReversed().join(",")].filter(Boolean)));
        assert.deepEqual(new Set(parseVariants(names)), new Set(names));
      }),
    );
  });

  it("refuses what it does not know, with what it knows, and what contradicts itself, all at once", () => {
    assert.throws(() => parseVariants(["ubuntu"]), refusal(/^no lab host can be like "ubuntu": known are debian-13, /));
    assert.throws(() => parseVariants(["toString"]), refusal(/"toString"/));
    assert.throws(() => parseVariants([""]), refusal(/like ""/));
    assert.throws(
      () => parseVariants(["forward-closed", "a,forward-drop,b"]),
      refusal(/^.*"a".*\n.*"b".*\nlab hosts cannot be like forward-drop and forward-closed at once.*$/),
    );
  });

  it("is a base image of its own where packages or the release differ", () => {
    assert.deepEqual(ingredientsOf(["small-mtu", "proxied"]), { suite: "bookworm", packages: [], offered: [] });
    assert.deepEqual(ingredientsOf(["debian-13", "resolved"]), {
      suite: "trixie",
      packages: ["systemd-resolved"],
      offered: [],
    });
  });

  it("is made by a script, but for the release, and for packages where they are all", () => {
    assert.deepEqual(scriptedVariants(["debian-13", "resolved", "rclone", "python"]), ["resolved"]);
  });
});

describe("lab: layout", () => {
  const options = { subnet: "10.27.0.0/24", gateway: "10.27.0.1" };

  it("is one network of the kernel's MTU", () => {
    const segments = [{ bridge: bridges[0], network: "10.27.0.0/24", router: "10.27.0.1" }];
    assert.deepEqual(layoutOf(options, ["resolved"]), { segments });
    assert.deepEqual(layoutOf(options, ["small-mtu"]), { segments, mtu: 1400 });
  });

  it("is two networks with the control plane in the first and workers in the second", () => {
    const layout = layoutOf(options, ["two-subnets"]);
    assert.deepEqual(layout.segments, [
      { bridge: "plinth0", network: "10.27.0.0/28", router: "10.27.0.1" },
      { bridge: "plinth1", network: "10.27.0.16/28", router: "10.27.0.17" },
    ]);
    assert.equal(segmentOf("10.27.0.13", layout).bridge, "plinth0");
    assert.equal(segmentOf("10.27.0.21", layout).bridge, "plinth1");
    assert.equal(prefixLengthOf(segmentOf("10.27.0.21", layout)), "28");
    assert.throws(() => segmentOf("10.27.0.40", layout), LabError);
  });

  it("has networks of one size that share nothing, each with a router of its own, in any subnet that is large enough", () => {
    fc.assert(
      fc.property(fc.integer({ min: 9, max: 25 }), fc.integer({ min: 1, max: 6 }), (prefix, last) => {
        const [near, far] = layoutOf({ subnet: `10.128.0.0/${prefix}`, gateway: `10.128.0.${last}` }, [
          "two-subnets",
        ]).segments;
        assert.ok(near !== undefined && far !== undefined);
        assert.ok(isIn(near.router, near) && !isIn(near.router, far));
        assert.ok(isIn(far.router, far) && !isIn(far.router, near));
        assert.equal(prefixLengthOf(near), prefixLengthOf(far));
      }),
    );
  });

  it("refuses a subnet that cannot be divided", () => {
    assert.throws(() => layoutOf({ subnet: "10.27.0.0/26", gateway: "10.27.0.1" }, ["two-subnets"]), LabError);
    assert.throws(() => layoutOf({ subnet: "10.27.0.0/24", gateway: "10.27.0.254" }, ["two-subnets"]), LabError);
  });
});

describe("lab: what it remembers of what hosts are like", () => {
  let directory: string;
  let paths: LabPaths;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "plinth-like-"));
    paths = new LabPaths(directory, { XDG_STATE_HOME: directory });
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("may change as long as there is no host, and is forgotten by `lab down`", async () => {
    assert.deepEqual(await recordedLikeness(paths), []);
    await settleLikeness(paths, ["resolved"]);
    await settleLikeness(paths, ["proxied", "small-mtu"]);
    assert.deepEqual(await recordedLikeness(paths), ["proxied", "small-mtu"]);
    await forgetHosts(paths);
    assert.deepEqual(await recordedLikeness(paths), []);
  });

  it("is not changed under hosts", async () => {
    const host = { name: "cp1", address: "10.27.0.11", base: "abc" };
    await recordHost(paths, host);
    await assert.rejects(
      settleLikeness(paths, ["resolved"]),
      refusal(/has plain hosts, not like resolved: `lab down`/),
    );
    await forgetHosts(paths);
    await settleLikeness(paths, ["proxied"]);
    await recordHost(paths, host);
    await settleLikeness(paths, ["proxied"]);
    await assert.rejects(settleLikeness(paths, ["resolved"]), refusal(/has hosts like proxied, not like resolved/));
    assert.deepEqual(await recordedLikeness(paths), ["proxied"]);
  });
});
