import assert from "node:assert/strict";
import fc from "fast-check";
import { parseBuildInfo } from "../../../artifacts/buildinfo.ts";
import { goExecutable } from "./support.ts";

const list = [
  "path\tgo.etcd.io/etcd/server/v3",
  "mod\tplinth/artifacts/etcd\t(devel)\t",
  "dep\tgo.etcd.io/bbolt\tv1.4.3\th1:dEadmpjKUzzBRIDZ1dPgOqX3SqY4Y0S5Y5qWJ0tQ2Hk=",
  "dep\texample.com/forked\tv1.0.0",
  "=>\texample.com/fork\tv1.0.1\th1:AAAA",
  "dep\texample.com/here\tv0.0.0",
  "=>\t./here\t(devel)",
  "build\tCGO_ENABLED=0",
  "",
].join("\n");

describe("the build information of a Go executable", () => {
  it("names its Go and what is linked in, replacements in the place of what they replace", () => {
    assert.deepEqual(parseBuildInfo(goExecutable("go1.26.8 X:something", list)), {
      go: "go1.26.8",
      modules: [
        { path: "go.etcd.io/bbolt", version: "v1.4.3", sum: "h1:dEadmpjKUzzBRIDZ1dPgOqX3SqY4Y0S5Y5qWJ0tQ2Hk=" },
        { path: "example.com/fork", version: "v1.0.1", sum: "h1:AAAA" },
        { path: "./here", version: "(devel)" },
      ],
    });
  });

  it("is none of what is no Go executable, or one of long ago", () => {
    assert.equal(parseBuildInfo(Buffer.from("#!/bin/sh\n")), undefined);
    const old = goExecutable("go1.26.8", list);
    old[32 + 15] = 0;
    assert.equal(parseBuildInfo(old), undefined);
    const unaligned = Buffer.concat([Buffer.alloc(3), goExecutable("go1.26.8", list)]);
    assert.equal(parseBuildInfo(unaligned), undefined);
  });

  it("is read from whatever bytes without an error", () => {
    const whole = goExecutable("go1.26.8", list);
    fc.assert(
      fc.property(fc.nat(whole.length), fc.uint8Array({ maxLength: 40 }), (length, tail) => {
        const info = parseBuildInfo(Buffer.concat([whole.subarray(0, length), tail]));
        assert.ok(info === undefined || Array.isArray(info.modules));
      }),
    );
  });
});
