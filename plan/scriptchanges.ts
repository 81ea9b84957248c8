import { scriptOfSource, type Script } from "./scripts.ts";

/** A script by its name and digest. */
export type ScriptName = Pick<Script, "name" | "sha256">;

/** The text of a script, where it is known. */
export type ScriptTexts = (script: ScriptName) => string | undefined;

/** The script that a line of a command's text has hosts fetch. */
function scriptIn(line: string): ScriptName | undefined {
  // What a file of a bundle holds is not the command's own.
  if (line.startsWith("|")) return undefined;
  for (const word of line.split(" ")) {
    const script = scriptOfSource(word.replaceAll("'", ""));
    if (script !== undefined) return script;
  }
  return undefined;
}

function scriptsIn(text: string): Map<string, string> {
  const found = text.split("\n").flatMap((line) => scriptIn(line) ?? []);
  return new Map(found.map(({ name, sha256 }) => [name, sha256]));
}

/** The scripts whose texts it takes to show how a command changes: those of either side that the other has otherwise. */
export function changedScripts(before: string, after: string): ScriptName[] {
  const [was, is] = [scriptsIn(before), scriptsIn(after)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((name) => was.get(name) !== is.get(name))
    .flatMap((name) =>
      [was.get(name), is.get(name)].flatMap((sha256) => (sha256 === undefined ? [] : [{ name, sha256 }])),
    );
}

const quoted = (text: string): string[] =>
  text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => `|${line}`);

/** Claims of earlier releases held the host script itself. */
const inlineClaim = /^cat <<'END_OF_PLINTH_TEXT' \| ([^\n]*)\n([^]*?)\nEND_OF_PLINTH_TEXT\n/;

function withoutInline(text: string): string {
  return text.replace(inlineClaim, (_, install: string, script: string) => [install, ...quoted(script), ""].join("\n"));
}

/**
 * The texts of a command before and after a change, with the scripts that change written out below the lines that name
 * them, as the contents of files are: what a reviewer reads is then the changed lines of a script, and not its digest. A
 * script whose old text is not known says so.
 */
export function withScripts(before: string, after: string, texts: ScriptTexts): { before: string; after: string } {
  const old = withoutInline(before);
  const [was, is] = [scriptsIn(old), scriptsIn(after)];
  const unknown = (name: string): string | undefined => {
    const missing = [was.get(name), is.get(name)].find(
      (sha256) => sha256 !== undefined && texts({ name, sha256 }) === undefined,
    );
    return missing === undefined
      ? undefined
      : `|(which lines change cannot be told: the text with the digest ${missing} is not known here)`;
  };
  const expand = (text: string, side: "before" | "after"): string =>
    text
      .split("\n")
      .flatMap((line) => {
        const script = scriptIn(line);
        if (script === undefined || was.get(script.name) === is.get(script.name)) return [line];
        const note = unknown(script.name);
        if (note !== undefined) return side === "after" ? [line, note] : [line];
        return [line, ...quoted(texts(script) ?? "")];
      })
      .join("\n");
  return { before: expand(old, "before"), after: expand(after, "after") };
}
