import { isIP } from "node:net";
import { z } from "zod";
import { BlockError, type Block } from "../block.ts";
import { checked, judgeOf, pathOf, unitsOf, type Units } from "./words.ts";

export interface LinesOptions {
  /** What begins a comment in that file, for the two marks around the lines. Default: `#`. */
  comment?: string;
  /** Units that are restarted when the lines change, and run from then on. */
  restart?: Units;
  /** Units that are reloaded when the lines change, and run from then on. */
  reload?: Units;
  /** As of `file`: a command that must take the whole new file, at `%`, before it takes the old one's place. It may take 30 seconds. */
  validate?: string;
}

const blockName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "must be of A-Z a-z 0-9 . _ -");
const commentMark = z.string().regex(/^[!-~]{1,8}$/, "must be one to eight characters such as #");

/**
 * Lines in a file that others own, between two marks; what else is in the file stays. They come to its end, and stay where they are then. A
 * file that is not there is made.
 *
 * @param name of the lines, one of its own for each block of that file.
 *
 * Drift: the lines are others, or missing. Removal: they go, with the marks; so does a file that was not there before and is empty then.
 */
export function blockInFile(
  path: string,
  name: string,
  lines: string | readonly string[],
  options: LinesOptions = {},
): Block {
  const { comment = "#", validate } = options;
  const where = pathOf(path);
  const text = [lines].flat().join("\n").replace(/\n+$/, "");
  if (text === "" || text.includes("\0")) throw new BlockError(`the lines ${name} of ${path} must be text`);
  return {
    resources: [
      {
        kind: "block",
        key: `${where}#${checked(blockName, name, `the name of the lines of ${path}`)}`,
        path: where,
        comment: checked(commentMark, comment, `the comment mark of ${path}`),
        ...(validate === undefined ? {} : { judge: judgeOf(path, validate).join(" ") }),
        text,
        ...unitsOf(options),
      },
    ],
  };
}

const hostName = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    "must be the name of a host, such as nas.example.com",
  );

/**
 * A line of `/etc/hosts`: an address, and the names that it has.
 *
 * Drift: the line is another, or missing. Removal: it goes.
 */
export function hostsEntry(address: string, ...names: readonly [string, ...string[]]): Block {
  if (isIP(address) === 0)
    throw new BlockError(
      `the address of ${names.join(", ")} must be one of IPv4 or IPv6, found ${JSON.stringify(address)}`,
    );
  const known = names.map((name) => checked(hostName, name, `a name of ${address}`));
  return blockInFile("/etc/hosts", `hosts-${address.replaceAll(":", ".")}`, [address, ...known].join(" "));
}
