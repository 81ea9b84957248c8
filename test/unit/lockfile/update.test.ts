import assert from "node:assert/strict";
import fc from "fast-check";
import { expectedDigests, isAllowed, lockedDigests, type Origin } from "../../../lockfile/judge.ts";
import { type LockEntry } from "../../../lockfile/schema.ts";
import { updateEntry, type Present } from "../../../lockfile/update.ts";

const a = "a".repeat(64);
const b = "b".repeat(64);
const modules = "c".repeat(64);
const go = "1.26.8";
const url = "https://example.com/x";

const present = (extra: Partial<Present>): Present => ({
  ...{ sha256: a, origin: { kind: "build", go, modules }, modules, go, reproducible: true },
  ...extra,
});

const digest = fc.constantFrom(a, b, "d".repeat(64));
const sums = fc.constantFrom(modules, "e".repeat(64));
const versions = fc.constantFrom(go, "1.27.0");
const origins: fc.Arbitrary<Origin> = fc.oneof(
  fc.record({ kind: fc.constant("build" as const), go: fc.option(versions, { nil: undefined }), modules: sums }),
  fc.record({
    kind: fc.constant("download" as const),
    url: fc.constant(url),
    file: fc.option(digest, { nil: undefined }),
  }),
  fc.record({ kind: fc.constant("mirror" as const), url: fc.constant(url) }),
);
const entries: fc.Arbitrary<LockEntry | undefined> = fc.option(
  fc.record(
    {
      build: fc.record({ modules: sums, go: versions, sha256: digest }, { requiredKeys: ["modules", "go"] }),
      download: fc.record({ url: fc.constant(url), sha256: digest }),
      site: digest,
    },
    { requiredKeys: [] },
  ),
  { nil: undefined },
);

describe("updating the lock file", () => {
  const cases: readonly [string, LockEntry | undefined, Partial<Present>, boolean, LockEntry][] = [
    ["records a build", undefined, {}, false, { build: { modules, go, sha256: a } }],
    [
      "keeps what is known of the download beside it",
      { download: { url, sha256: b } },
      {},
      true,
      { build: { modules, go, sha256: a }, download: { url, sha256: b } },
    ],
    [
      "keeps what is known of the build beside a download, as long as the modules are the same",
      { build: { modules, go, sha256: b }, site: b },
      { origin: { kind: "download", url, file: b } },
      true,
      { build: { modules, go, sha256: b }, download: { url, file: b, sha256: a } },
    ],
    [
      "forgets the build of other modules",
      { build: { modules: b, go, sha256: b } },
      { origin: { kind: "download", url } },
      true,
      { build: { modules, go }, download: { url, sha256: a } },
    ],
    [
      "records a site's build with parts in C",
      undefined,
      { reproducible: false },
      true,
      { build: { modules, go }, site: a },
    ],
    ["leaves that out of a release", { site: b }, { reproducible: false }, false, { build: { modules, go } }],
    [
      "records what another tool chain has built for the site alone",
      undefined,
      { origin: { kind: "build", modules } },
      true,
      { build: { modules, go }, site: a },
    ],
    [
      "takes builds of earlier releases as made of the committed modules",
      undefined,
      { origin: { kind: "build", go } },
      false,
      { build: { modules, go, sha256: a } },
    ],
    [
      "leaves an entry alone when a mirror has what it says",
      { download: { url, sha256: a } },
      { origin: { kind: "mirror", url } },
      true,
      { download: { url, sha256: a } },
    ],
  ];
  for (const [title, before, extra, site, after] of cases) {
    it(title, () => {
      assert.deepEqual(updateEntry(before, present(extra), site), after);
    });
  }

  it("allows what it was made of, and changes nothing the second time", () => {
    fc.assert(
      fc.property(entries, origins, fc.boolean(), fc.boolean(), (before, origin, reproducible, knownSums) => {
        const what = present({ origin, reproducible, modules: knownSums ? modules : undefined });
        const after = updateEntry(before, what, true);
        assert.ok(isAllowed(after, a, origin));
        assert.ok(lockedDigests(after).includes(a));
        assert.deepEqual(updateEntry(after, what, true), after);
      }),
    );
  });

  it("never lets a mirror pass another digest on once there is one", () => {
    fc.assert(
      fc.property(entries, digest, (entry, sha256) => {
        const expected = expectedDigests(entry, { kind: "mirror", url });
        assert.equal(isAllowed(entry, sha256, { kind: "mirror", url }), expected?.includes(sha256) ?? true);
        assert.deepEqual(expected ?? [], lockedDigests(entry));
      }),
    );
  });
});
