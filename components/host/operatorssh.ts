import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import type { Finding } from "../../plan/findings.ts";
import { OperatorSsh } from "../../plan/operatorssh.ts";
import { withIncludes } from "../../plan/sshincludes.ts";
import { errorText } from "../../ssh/index.ts";
import { expandHome, fileFinding } from "./sshfiles.ts";

/** Environment variable with another file than `~/.ssh/config`, or `none`. */
export const sshConfigVariable = "PLINTH_SSH_CONFIG";

/** The operator's own configuration of OpenSSH, where there is one. */
export async function operatorSsh(): Promise<{ operator?: OperatorSsh; findings: Finding[] }> {
  const named = process.env[sshConfigVariable];
  if (named === "none") return { findings: [] };
  const file = named === undefined || named === "" ? "~/.ssh/config" : named;
  if (!existsSync(expandHome(file))) return { findings: [] };
  try {
    const text = await withIncludes(await readFile(expandHome(file), "utf8"), readIncluded);
    return { operator: new OperatorSsh(text), findings: [] };
  } catch (error) {
    const remedy = `correct it, or set ${sshConfigVariable} to another file, or to none`;
    return { findings: [fileFinding(`${file} cannot be used: ${errorText(error)}`, remedy)] };
  }
}

/** The texts of the files that a pattern of `Include` matches: relative ones are in `~/.ssh`, as OpenSSH has it. */
async function readIncluded(pattern: string): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob(path.resolve(expandHome("~/.ssh"), expandHome(pattern)))) files.push(file);
  return Promise.all(files.sort().map((file) => readFile(file, "utf8")));
}
