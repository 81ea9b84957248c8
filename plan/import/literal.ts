import type { Value } from "./values.ts";

/** One thing at the beginning of a text, and what is left of it. */
interface Read {
  value: Value;
  rest: string;
}

const words: Readonly<Record<string, Value>> = { True: true, False: false, None: null };

/** What stands behind a backslash in Python's strings. */
const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"' };

/**
 * Reads a literal of Python, which is what Ansible takes values in INI files for: `443`, `True`, `'text'`, `['a', 'b']`,
 * `{'a': 1}`, with a comment behind it or none.
 *
 * @returns undefined where the text is something else: then it stands for itself, a `#` in it included.
 */
export function readLiteral(text: string): { value: Value } | undefined {
  const read = readOne(text.trim());
  if (read === undefined || !/^\s*(#.*)?$/.test(read.rest)) return undefined;
  return { value: read.value };
}

function readOne(text: string): Read | undefined {
  const [first = ""] = text;
  if (first === "'" || first === '"') return readText(text, first);
  if (first === "[") return readList(text.slice(1), "]");
  if (first === "(") return readList(text.slice(1), ")");
  if (first === "{") return readMap(text.slice(1));
  const [word = ""] = /^[A-Za-z]+/.exec(text) ?? [];
  if (Object.hasOwn(words, word)) return { value: words[word] ?? null, rest: text.slice(word.length) };
  const [number = ""] = /^[-+]?(0[xX][0-9a-fA-F]+|\d+(\.\d*)?([eE][-+]?\d+)?|\.\d+)/.exec(text) ?? [];
  // Of 010 Python says that it is no number, and 192.0.2.1 is none either.
  if (number === "" || /^[-+]?0\d/.test(number) || /^[\w.]/.test(text.slice(number.length))) return undefined;
  return { value: Number(number), rest: text.slice(number.length) };
}

function readText(text: string, quote: string): { value: string; rest: string } | undefined {
  let value = "";
  for (let index = 1; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === quote) {
      const rest = text.slice(index + 1);
      // Two texts side by side are one.
      const [next] = rest.trimStart();
      const more = next === "'" || next === '"' ? readText(rest.trimStart(), next) : undefined;
      return more === undefined ? { value, rest } : { value: `${value}${more.value}`, rest: more.rest };
    }
    if (character === "\\") {
      index += 1;
      const escaped = text.charAt(index);
      value += escapes[escaped] ?? `\\${escaped}`;
    } else value += character;
  }
  return undefined;
}

function readList(text: string, end: string): Read | undefined {
  const values: Value[] = [];
  let rest = text.trimStart();
  while (!rest.startsWith(end)) {
    const read = readOne(rest);
    if (read === undefined) return undefined;
    values.push(read.value);
    rest = read.rest.trimStart();
    if (rest.startsWith(",")) rest = rest.slice(1).trimStart();
    else if (!rest.startsWith(end)) return undefined;
  }
  return { value: values, rest: rest.slice(1) };
}

function readMap(text: string): Read | undefined {
  const entries: [string, Value][] = [];
  let rest = text.trimStart();
  while (!rest.startsWith("}")) {
    const key = readOne(rest);
    if (key === undefined || !key.rest.trimStart().startsWith(":")) return undefined;
    const read = readOne(key.rest.trimStart().slice(1).trimStart());
    if (read === undefined) return undefined;
    if (typeof key.value === "object") return undefined;
    entries.push([String(key.value), read.value]);
    rest = read.rest.trimStart();
    if (rest.startsWith(",")) rest = rest.slice(1).trimStart();
    else if (!rest.startsWith("}")) return undefined;
  }
  return { value: Object.fromEntries(entries), rest: rest.slice(1) };
}
