import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Finding } from "../../plan/findings.ts";
import { OperatorSsh } from "../../plan/operatorssh.ts";
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
    return { operator: new OperatorSsh(await readFile(expandHome(file), "utf8")), findings: [] };
  } catch (error) {
    const remedy = `correct it, or set ${sshConfigVariable} to another file, or to none`;
    return { findings: [fileFinding(`${file} cannot be used: ${errorText(error)}`, remedy)] };
  }
}
