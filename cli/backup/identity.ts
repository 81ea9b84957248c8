import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";

/** Environment variable that names the file with the operator's private keys. */
export const identityVariable = "PLINTH_BACKUP_IDENTITY";

/** The file with the operator's private keys, as `age-keygen` writes it. Default: `~/.config/plinth/age.txt`. */
export function identityPath(env: Readonly<NodeJS.ProcessEnv> = process.env): string {
  const named = env[identityVariable] ?? "";
  if (named !== "") return named;
  const configHome = env["XDG_CONFIG_HOME"] ?? "";
  return join(configHome === "" ? join(homedir(), ".config") : configHome, "plinth", "age.txt");
}

/**
 * The private keys of a file as `age-keygen` writes it: one a line, `#` begins a remark.
 *
 * @throws CliError that names the line that is none. It never quotes one.
 */
export function parseIdentities(text: string, path: string): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  const wrong = lines.findIndex(
    (line) => line !== "" && !line.startsWith("#") && !/^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/.test(line),
  );
  if (wrong !== -1) {
    throw new CliError(
      `Line ${wrong + 1} of ${path} is not a private key of age (AGE-SECRET-KEY-1…): name a file that age-keygen has written by ${identityVariable}.`,
      Exit.badInput,
    );
  }
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length > 0) return keys;
  throw new CliError(
    `${path} holds no private key of age: name a file that age-keygen has written by ${identityVariable}.`,
    Exit.badInput,
  );
}

/**
 * Reads the operator's private keys, which nobody else may read.
 *
 * @throws CliError (bad input) when there are none, or others can read them.
 */
export function readIdentities(path: string = identityPath()): string[] {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(
      `There is no private key that opens sets: ${path} cannot be read (${code ?? String(error)}). ` +
        `Name the file that age-keygen has written by ${identityVariable}.`,
      Exit.badInput,
    );
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new CliError(`${path} is not a file with private keys of age.`, Exit.badInput);
    if ((stats.mode & 0o077) !== 0) {
      throw new CliError(
        `Others than its owner may read ${path}, which holds a private key: close it by "chmod 600 ${path}".`,
        Exit.badInput,
      );
    }
    return parseIdentities(readFileSync(descriptor, "utf8"), path);
  } finally {
    closeSync(descriptor);
  }
}
