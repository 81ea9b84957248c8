import { displayNameOf } from "../render/display-name.ts";
import type { Diagnostic } from "../pulumi/events.ts";

/** Data that a host has set aside instead of deleting it. */
export interface KeptData {
  host: string;
  path: string;
}

interface ReleaseReport {
  host?: unknown;
  kept?: unknown;
}

function parseReport(line: string): ReleaseReport | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as ReleaseReport;
  } catch {
    return undefined; // Some other program's output that begins with a brace.
  }
}

/** Finds the JSON lines `{"host":…,"kept":[…]}` that hosts print when they are released. */
export function keptData(diagnostics: readonly Diagnostic[], hosts: readonly string[]): KeptData[] {
  const found = new Map<string, KeptData>();
  for (const { urn, message } of diagnostics) {
    for (const line of message.split("\n")) {
      const report = parseReport(line.trim());
      if (report === undefined || !Array.isArray(report.kept)) continue;
      const fromName = urn === undefined ? undefined : displayNameOf(urn, hosts).host;
      const host = typeof report.host === "string" ? report.host : (fromName ?? "a host");
      for (const path of report.kept) {
        if (typeof path === "string") found.set(`${host} ${path}`, { host, path });
      }
    }
  }
  return [...found.values()];
}
