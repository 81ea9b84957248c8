import { factCells, factColumns, factRows } from "../../plan/adhoc/factlines.ts";
import type { HostReading } from "../../plan/facts.ts";
import { printable } from "../../plan/printable.ts";
import { formatTable } from "./table.ts";

/** One host in detail, or several as a table; hosts that could not be looked at stand below with the reason. */
export function factLines(readings: ReadonlyMap<string, HostReading>): string[] {
  const all = [...readings];
  const failures = all.flatMap(([host, reading]) =>
    "failure" in reading ? [`${host}: ${reading.failure}: ${printable(reading.message)}`] : [],
  );
  const seen = all.flatMap(([host, reading]) => ("facts" in reading ? [{ host, facts: reading.facts }] : []));
  const [first] = seen;
  if (all.length === 1 && first !== undefined) {
    const rows = factRows(first.facts).flatMap(([what, lines]) =>
      lines.map((line, index) => [index === 0 ? what : "", printable(line)]),
    );
    return [`${first.host}:`, ...formatTable(rows)];
  }
  const rows = seen.map(({ host, facts }) => [host, ...factCells(facts).map((cell) => printable(cell))]);
  return [...(rows.length === 0 ? [] : formatTable([["host", ...factColumns], ...rows])), ...failures];
}

/** The same as data: all facts of each host, or `failure` and `message`. */
export function factsDocument(stack: string, readings: ReadonlyMap<string, HostReading>): object {
  return { stack, hosts: [...readings].map(([host, reading]) => ({ host, ...reading })) };
}
