import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { Finding } from "../../plan/findings.ts";
import { errorText } from "../../ssh/index.ts";

/** `~` in front of a path of the configuration is the operator's home directory. */
export function expandHome(file: string): string {
  return file === "~" || file.startsWith("~/") ? path.join(homedir(), file.slice(1)) : file;
}

/** The text of a file that a setting names, or a finding. */
export async function readIfSet(
  key: string,
  file: string | undefined,
): Promise<{ text?: string; findings: Finding[] }> {
  if (file === undefined) return { findings: [] };
  try {
    return { text: await readFile(expandHome(file), "utf8"), findings: [] };
  } catch (error) {
    return { findings: [fileFinding(`plinth:${key} ${file} cannot be read: ${errorText(error)}`)] };
  }
}

/** A finding about a file of the operator. */
export function fileFinding(message: string, remedy = "correct the path, or create the file"): Finding {
  return { rule: "ssh-file", kind: "input", hosts: [], message, remedy };
}
