import assert from "node:assert/strict";
import { listLines } from "../../../../cli/render/backups.ts";
import { mergeListings } from "../../../../plan/backup/listing.ts";
import { dataSet, listed, stateSet } from "../../../support/backup.ts";

const now = Date.parse("2026-11-29T21:05:00Z");

describe("the list of sets on the screen", () => {
  it("tells of each what it is about and where it is, and of one from the future that it is", () => {
    const sets = [dataSet(), stateSet(), dataSet("2027-01-01T00:00:00Z")].map((set) => listed(set));
    const lines = listLines(mergeListings(new Map([["vault", sets]]), undefined), now);
    assert.deepEqual(
      lines.map((line) => line.trimEnd().replace(/ {2,}/g, " | ")),
      [
        "SET | HALF | AGE | SIZE | FOR | WHAT | WHERE",
        "20261129T200000Z-lab | state | 1 h | 0.0 MiB | up | stack lab | vault",
        "20261129T210000Z-cp1 | data | 5 min | 0.0 MiB | timer | revision 4711, etcd 3.6.14 | vault",
        "20270101T000000Z-cp1 | data | - | 0.0 MiB | timer | revision 4711, etcd 3.6.14, dated in the future: taken by --backup alone | vault",
      ],
    );
    assert.deepEqual(listLines([], now), ["There are no sets."]);
  });
});
