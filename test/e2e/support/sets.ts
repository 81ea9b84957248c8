import assert from "node:assert/strict";
import type { FoundSet } from "../../../plan/backup/listing.ts";
import type { Project } from "./project.ts";

/** What `backup list --json` says, whether or not a target could not be asked. */
export interface Listed {
  sets: FoundSet[];
  problems: string[];
}

export async function listed(project: Project): Promise<Listed> {
  const run = await project.plinth("backup", "list", "--json");
  assert.ok(run.code === 0 || run.code === 1, run.text);
  return JSON.parse(run.stdout) as Listed;
}

/** Names of the places that have a set. */
export function placesOf({ sets }: Listed, id: string): string[] {
  return sets.filter((set) => set.id === id).flatMap(({ copies }) => copies.map(({ place }) => place));
}

/** What became of a half, as `backup now --json` says it. */
export interface Made {
  data: { id?: string; stored: string[]; problems: string[] };
  state: { id?: string; stored: string[]; problems: string[] };
}

/** `backup now`, whose exit code says whether all targets have both halves. */
export async function makeSets(project: Project, code = 0): Promise<Made & { text: string }> {
  const run = await project.expect(code, "backup", "now", "--json");
  return { ...(JSON.parse(run.stdout) as Made), text: run.text };
}
