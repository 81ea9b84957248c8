import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { driftLines } from "../../../../cli/drift/render.ts";
import type { DriftReport } from "../../../../plan/drift.ts";
import { driftScript } from "../../../../components/host/script.ts";
import { parseDriftLook } from "../../../../plan/driftlook.ts";
import { bare } from "../support.ts";

describe("what drift says", () => {
  const report: DriftReport = {
    differences: [
      { host: "cp1", bundle: "etcd", kind: "file", name: "/etc/a", detail: "its content is another" },
      { host: undefined, kind: "rogue-member", name: "abc", detail: "is not declared" },
    ],
    remarks: [{ host: "w1", message: "its Node was cordoned by somebody" }],
    unseen: [{ host: "w2", message: "no SSH connection" }],
    heal: ["cp1/etcd", "roster"],
    objects: [],
  };

  it("is a table, what is not counted, what could not be looked at, and how to go on", () => {
    assert.deepEqual(driftLines(report, 3, bare), [
      "  HOST     BUNDLE  KIND          WHAT    DIFFERS",
      "  cp1      etcd    file          /etc/a  its content is another",
      "  cluster  -       rogue-member  abc     is not declared",
      "Not counted:",
      "  - w1: its Node was cordoned by somebody",
      "Could not be looked at:",
      "  - w2: no SSH connection",
      "2 differences, looked at 2 of 3 hosts. ./plinth up --heal repairs: cp1/etcd, roster.",
    ]);
    assert.equal(
      driftLines(report, 3, bare, "up").at(-1),
      "2 differences, looked at 2 of 3 hosts. Repairing: cp1/etcd, roster.",
    );
  });

  it("never calls everything fine when a host was down", () => {
    const nothing = { ...report, differences: [], remarks: [], heal: [] };
    assert.equal(driftLines(nothing, 3, bare).at(-1), "No drift where one could look: 2 of 3 hosts.");
    assert.equal(driftLines({ ...nothing, unseen: [] }, 3, bare).at(-1), "No drift: looked at all 3 hosts.");
  });

  it("says when nothing of it can be repaired from here", () => {
    assert.match(driftLines({ ...report, heal: [] }, 3, bare).at(-1) ?? "", /None of it can be repaired from here\.$/);
  });
});

describe("the look at a host", function () {
  this.timeout(20_000);

  it("brings the host script along, so that one that is gone or edited does not matter", () => {
    const root = mkdtempSync(join(tmpdir(), "plinth-look-"));
    try {
      const text = execFileSync("/bin/sh", ["-s"], {
        input: driftScript(),
        encoding: "utf8",
        env: { ...process.env, PLINTH_ROOT: root },
      });
      const { report, etcd } = parseDriftLook(text);
      assert.deepEqual([report.claim, report.bundles, etcd], [undefined, [], undefined]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
