/** As OpenSSH has it: deeper is most likely a circle. */
const deepest = 16;

const section = /^[ \t]*(?:Host|Match)(?:[ \t]+|[ \t]*=)/i;
const include = /^[ \t]*Include(?:[ \t]+|[ \t]*=[ \t]*)(.+?)[ \t]*$/i;
const forAll = /^[ \t]*(?:Host[ \t=]+"?\*"?|Match[ \t]+all)[ \t]*$/i;

/** The patterns of an `Include` line: words, of which those with spaces are quoted. */
export function includePatterns(words: string): string[] {
  return [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

/**
 * The text of an ssh_config(5) with what it includes in the place of the `Include` lines, so that a parser which knows only one text
 * reads all of it.
 *
 * @param read the texts of the files that a pattern matches, in the order of their names; none is no error, as in OpenSSH.
 * @throws Error when files include one another in a circle, or when a section for certain hosts includes sections of its own: these
 *   would be for hosts that are in both, which one text cannot say.
 */
export async function withIncludes(
  text: string,
  read: (pattern: string) => Promise<readonly string[]>,
  depth = 0,
): Promise<string> {
  if (depth > deepest) throw new Error(`it includes files more than ${deepest} deep, so they may include one another`);
  const lines: string[] = [];
  let around: string | undefined;
  for (const line of text.split("\n")) {
    const words = include.exec(line)?.[1];
    if (words === undefined) {
      if (section.test(line)) around = line;
      lines.push(line);
      continue;
    }
    for (const pattern of includePatterns(words)) {
      for (const found of await read(pattern)) {
        const inner = await withIncludes(found, read, depth + 1);
        const hasSections = inner.split("\n").some((one) => section.test(one));
        if (hasSections && around !== undefined && !forAll.test(around))
          throw new Error(
            `its section "${around.trim()}" includes ${pattern}, which has sections of its own: move that Include above all sections`,
          );
        lines.push(inner);
        // What follows is of the section that the line stands in, whatever the file ended with.
        if (hasSections) lines.push(around ?? "Match all");
      }
    }
  }
  return lines.join("\n");
}
