import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * Compares text with the file that a reviewer has seen. `PLINTH_UPDATE_SNAPSHOTS=1` writes the files anew; a missing
 * file fails, so that no snapshot comes into being unseen in CI.
 */
export function matchSnapshot(file: string, actual: string): void {
  if (process.env["PLINTH_UPDATE_SNAPSHOTS"] === "1") {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, actual);
    return;
  }
  assert.ok(existsSync(file), `${file} does not exist; run again with PLINTH_UPDATE_SNAPSHOTS=1 and read it`);
  assert.equal(actual, readFileSync(file, "utf8"));
}
