import type { Difference, DriftReport, Remark } from "../../plan/drift.ts";
import { formatTable } from "../render/table.ts";
import type { Terminal } from "../render/terminal.ts";

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function row({ host, bundle, kind, name, detail }: Difference): string[] {
  return [host ?? "cluster", bundle ?? "-", kind, name, detail];
}

function remarkLines(title: string, remarks: readonly Remark[]): string[] {
  if (remarks.length === 0) return [];
  return [title, ...remarks.map(({ host, message }) => `  - ${host === undefined ? "" : `${host}: `}${message}`)];
}

/**
 * What has been found, as lines.
 *
 * @param by the command that says it: `drift` tells how to go on, `up` what it is about to do.
 */
export function driftLines(
  { differences, remarks, unseen, heal, objects }: DriftReport,
  hosts: number,
  terminal: Pick<Terminal, "paint">,
  by: "drift" | "up" = "drift",
): string[] {
  const down = unseen.filter(({ host }) => host !== undefined).length;
  const looked = down === 0 ? `all ${count(hosts, "host")}` : `${hosts - down} of ${count(hosts, "host")}`;
  const lines =
    differences.length === 0
      ? []
      : formatTable([["HOST", "BUNDLE", "KIND", "WHAT", "DIFFERS"], ...differences.map(row)]);
  lines.push(...remarkLines("Not counted:", remarks));
  lines.push(...remarkLines(terminal.paint("yellow", "Could not be looked at:"), unseen));
  if (differences.length > 0) {
    const verb = by === "up" ? "Repairing" : "./plinth up --heal repairs";
    const repaired = [...heal, ...objects.map(({ name }) => name)];
    const next = repaired.length === 0 ? " None of it can be repaired from here." : ` ${verb}: ${repaired.join(", ")}.`;
    lines.push(terminal.paint("red", `${count(differences.length, "difference")}, looked at ${looked}.`) + next);
  } else if (unseen.length > 0) {
    lines.push(terminal.paint("yellow", `No drift where one could look: ${looked}.`));
  } else {
    lines.push(terminal.paint("green", `No drift: looked at ${looked}.`));
  }
  return lines;
}
