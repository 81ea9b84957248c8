import { createReadStream } from "node:fs";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";

/** Bytes: it is kept in memory, and sent to every host. Files that are larger are for `copy`. */
const longestInput = 64 * 2 ** 20;

/**
 * What is to be the standard input of a command on hosts.
 *
 * @param file `-`: this process's own; undefined: nothing.
 * @throws CliError (bad input) where it cannot be read, or is too long.
 */
export async function readInputFile(file: string | undefined): Promise<Buffer> {
  if (file === undefined) return Buffer.alloc(0);
  const name = file === "-" ? "standard input" : file;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of file === "-" ? process.stdin : createReadStream(file)) {
      const bytes = Buffer.from(chunk as Buffer);
      length += bytes.length;
      if (length > longestInput) break;
      chunks.push(bytes);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`The input ${name} cannot be read: ${reason}.`, Exit.badInput, { cause: error });
  }
  if (length > longestInput) {
    throw new CliError(
      `The input ${name} is longer than ${longestInput / 2 ** 20} MiB; copy it to the hosts first ("./plinth copy").`,
      Exit.badInput,
    );
  }
  return Buffer.concat(chunks);
}
