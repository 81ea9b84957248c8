import type { Finding } from "../findings.ts";

/** What may be in the folder of a new project already: what git and `npm install` make there. */
const welcome = [".git", "node_modules", "package.json", "package-lock.json"];

/** A finding for everything in a folder that a new project would be mixed with. */
export function folderFindings(dir: string, entries: readonly string[]): Finding[] {
  return entries
    .filter((entry) => !welcome.includes(entry))
    .sort()
    .map((entry) => ({
      rule: "init-folder",
      kind: "input",
      hosts: [],
      message: `${dir} has ${JSON.stringify(entry)} already, and a new project is made in an empty folder`,
      remedy: "name another folder, or move that away",
    }));
}
