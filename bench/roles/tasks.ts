import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What is compared, in the order of the table. */
export const tools = ["ansible", "pyinfra", "plinth"] as const;
export type Tool = (typeof tools)[number];

/** The tasks as a tool is to do them. */
export interface Task {
  /** Of user, group, directory and unit: a name of its own for each tool, delay and round, so that each first run is one. */
  name: string;
  /** What the template says. */
  text: string;
}

/** Folder with playbook, deploy, role, template and files. */
export const tasksFolder = join(import.meta.dirname, "tasks");

const filesFolder = join(tasksFolder, "files");
const unitFile = "bench.service";

/** @param round from 1 on. */
export function nameOf(tool: Tool, delay: number, round: number): string {
  return `bench-${tool}-${delay}-${round}`;
}

/** The files that all tools bring as they are: name → content, and the unit. */
export function readTaskFiles(): { files: Record<string, string>; unit: string } {
  const read = (name: string): string => readFileSync(join(filesFolder, name), "utf8");
  const names = readdirSync(filesFolder).filter((name) => name !== unitFile);
  return { files: Object.fromEntries(names.sort().map((name) => [name, read(name)])), unit: read(unitFile) };
}

/** What the template comes to on a host. */
export function rendered({ name, text }: Task, host: string): string {
  return `# ${name} on ${host}\ntext = ${text}\n`;
}

/** What `tasks/look.sh` tells of a host where all is done: what is looked at → what it is. */
export function expectedOn(host: string, task: Task): Map<string, string> {
  const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
  const { files, unit } = readTaskFiles();
  const service = digest(rendered(task, host));
  return new Map([
    ["user", task.name],
    ["directory", "755 root:root"],
    ...Object.entries(files).map(([name, content]): [string, string] => [name, digest(content)]),
    ["service.conf", service],
    ["unit", digest(unit)],
    ["active", "active"],
    ["enabled", "enabled"],
    // What the service has read at its start: it was restarted since the template is so.
    ["read", service],
  ]);
}

/** What a host tells: lines of a word, a blank and the rest. */
export function parseLook(text: string): Map<string, string> {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => [line.split(" ")[0] ?? "", line.slice(line.indexOf(" ") + 1)]));
}

/** What is not as it should be on a host, each a few words. */
export function differences(found: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>): string[] {
  return [...expected].flatMap(([what, value]) => {
    const is = found.get(what) ?? "";
    return is === value ? [] : [`${what} is ${is === "" ? "missing" : is}, expected ${value}`];
  });
}
