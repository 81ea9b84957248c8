import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Project } from "../project/project.ts";

const SECRETS_KEYS = /^(encryptionsalt|encryptedkey|secretsprovider):/m;

/**
 * The stack file for the engine: the project's own text, plus the salt kept from the previous run when the project's file
 * names no secrets provider. The engine writes that salt into the copy, so `up` never dirties the git tree.
 */
export function mergeStackFile(own: string, previousCopy: string | undefined): string {
  if (SECRETS_KEYS.test(own)) return own;
  const kept = (previousCopy ?? "").split("\n").filter((line) => SECRETS_KEYS.test(line));
  if (kept.length === 0) return own;
  const body = own === "" || own.endsWith("\n") ? own : `${own}\n`;
  return `${body}${kept.join("\n")}\n`;
}

/** The project file for the engine: the program runs inline, so an entry point must not be looked for in the copy. */
export function projectFileCopy(own: string): string {
  return own
    .split("\n")
    .filter((line) => !line.startsWith("main:"))
    .join("\n");
}

function readOr(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** Replaces a file in one step, so that a run beside this one never reads half of it. */
function replaceFile(path: string, content: string): void {
  if (readOr(path) === content) return;
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  renameSync(draft, path);
}

/**
 * The text of the stack's file. What stands in for it is written anew from what was checked: two readers of YAML could find
 * different things in the text that it came from.
 */
function stackFileText({ dir, proposal }: Project, name: string): string {
  if (proposal?.stackFile === undefined) return readOr(join(dir, name)) ?? "";
  return stringify(proposal.stackFile, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN", lineWidth: 0 });
}

/** Makes `.plinth/workspace/<stack>/`, the engine's working directory for this run, and returns its path. */
export function prepareWorkspace(project: Project, stack: string): string {
  const dir = join(project.workDir, "workspace", stack);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  replaceFile(join(dir, "Pulumi.yaml"), projectFileCopy(readFileSync(join(project.dir, "Pulumi.yaml"), "utf8")));
  const name = `Pulumi.${stack}.yaml`;
  const merged = mergeStackFile(stackFileText(project, name), readOr(join(dir, name)));
  replaceFile(join(dir, name), merged);
  return dir;
}

/**
 * Drops the salt of a lost passphrase from the engine's copy of the stack's file.
 *
 * @returns false when the project's own file has it: that one is not touched.
 */
export function forgetSalt(project: Project, stack: string): boolean {
  const name = `Pulumi.${stack}.yaml`;
  const own = stackFileText(project, name);
  if (SECRETS_KEYS.test(own)) return false;
  replaceFile(join(project.workDir, "workspace", stack, name), own);
  return true;
}
