import { z } from "zod";
import { printable } from "./printable.ts";
import { sentence } from "./told.ts";

/** Takes what follows the key of one line. Throws where it is not as expected. */
export type LineReader = (rest: string) => unknown;

/** Key of a line → who reads it. */
export type LineReaders = Readonly<Record<string, LineReader>>;

/** Characters: a host with 5,000 Nodes to tell of needs a tenth. */
export const longestLook = 8 * 2 ** 20;

/**
 * Reads what a look at a host has printed: the lines between `plinth-facts 1` and `end`, each a key and what it is about
 * (`scripts/look/base.sh` lists them). Lines in front are ignored, for login shells may be noisy; so are keys that nobody here reads.
 *
 * @throws Error with a sentence when the frame is not complete, the answer is too long, or a line is not as its reader
 *   expects it. What the host said is shown escaped.
 */
export function readLook(text: string, readers: LineReaders): void {
  if (text.length > longestLook)
    throw new Error(`the answer of the host is longer than ${longestLook / 2 ** 20} Mi characters`);
  const lines = text.split("\n");
  const start = lines.indexOf("plinth-facts 1");
  const end = lines.indexOf("end", start);
  if (start < 0 || end < 0) throw new Error("the answer of the host is not complete");
  const known = new Map(Object.entries(readers));
  for (const line of lines.slice(start + 1, end)) {
    const space = line.indexOf(" ");
    const key = space < 0 ? line : line.slice(0, space);
    known.get(key)?.(space < 0 ? "" : line.slice(space + 1));
  }
}

/**
 * Reads the rest of a line by a schema of its words.
 *
 * @param what the line is about, for the sentence when it is not as expected.
 */
export function words<Value>(
  what: string,
  schema: z.ZodType<Value, readonly string[]>,
  use: (value: Value) => unknown,
): LineReader {
  return (rest) => {
    const { success, data } = schema.safeParse(rest.split(" "));
    if (!success) throw new Error(`the host's answer about ${what} makes no sense: ${printable(rest, 100)}`);
    use(data);
  };
}

/** Reads the rest of a line as one word. */
export function word<Value>(
  what: string,
  schema: z.ZodType<Value, string>,
  use: (value: Value) => unknown,
): LineReader {
  return words(what, z.tuple([schema]), ([value]) => use(value));
}

/** Reads the rest of a line as a sentence. */
export function sentenceOf(use: (value: string) => unknown): LineReader {
  return (rest) => use(sentence.parse(rest));
}

/** The values that there are: fields without one are left out. */
export function known<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: NonNullable<Fields[Key]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]?: NonNullable<Fields[Key]>;
  };
}
