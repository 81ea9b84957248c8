import { z } from "zod";

/** Takes what follows the key of one line. Throws where it is not as expected. */
export type LineReader = (rest: string) => unknown;

/** Key of a line → who reads it. */
export type LineReaders = Readonly<Record<string, LineReader>>;

/**
 * Reads what a look at a host has printed: the lines between `plinth-facts 1` and `end`, each a key and what it is about
 * (`scripts/look/base.sh` lists them). Lines in front are ignored, for login shells may be noisy; so are keys that nobody here reads.
 *
 * @throws Error with a sentence when the frame is not complete, or a line is not as its reader expects it.
 */
export function readLook(text: string, readers: LineReaders): void {
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
    if (!success) throw new Error(`the host's answer about ${what} makes no sense: ${rest.slice(0, 100)}`);
    use(data);
  };
}

/** Reads the rest of a line as one number. */
export function number(what: string, use: (value: number) => unknown): LineReader {
  return words(what, z.tuple([decimal]), ([value]) => use(value));
}

/** A word that is a number without a sign. */
export const decimal = z
  .string()
  .regex(/^\d+(\.\d+)?$/)
  .transform(Number);

/** A word that is `-` where there is nothing to tell. */
export const orNothing = z.string().transform((word) => (word === "-" ? undefined : word));

/** The values that there are: fields without one are left out. */
export function known<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: NonNullable<Fields[Key]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]?: NonNullable<Fields[Key]>;
  };
}
