import type { FoundSet } from "../../plan/backup/listing.ts";
import { isAhead, type BackupSet } from "../../plan/backup/set.ts";
import { ageText } from "../../plan/networkcheck/record.ts";
import { formatTable } from "./table.ts";

function sizeText(bytes: number | undefined): string {
  return bytes === undefined ? "-" : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** What a set is about, for a table. */
function about(found: FoundSet, now: number): string {
  const { set } = found;
  if ("problem" in set) return set.problem;
  const remark = isAhead(found, now) ? ", dated in the future: taken by --backup alone" : "";
  return aboutWhole(set) + remark;
}

function aboutWhole(set: BackupSet): string {
  return set.kind === "data" ? `revision ${set.revision}, etcd ${set.etcd}` : `stack ${set.stack}`;
}

/** The sets as a table, oldest first. @param now milliseconds since the epoch. */
export function listLines(sets: readonly FoundSet[], now: number): string[] {
  if (sets.length === 0) return ["There are no sets."];
  return formatTable(
    [
      ["SET", "HALF", "AGE", "SIZE", "FOR", "WHAT", "WHERE"],
      ...sets.map((set) => [
        set.id,
        set.kind,
        isAhead(set, now) ? "-" : ageText((now - Date.parse(set.time)) / 1000),
        sizeText(set.bytes),
        "problem" in set.set ? "-" : set.set.reason,
        about(set, now),
        set.copies.map(({ place }) => place).join(", "),
      ]),
    ],
    "",
  );
}
