import type { Assigned, Assignments, Groups } from "./groups.ts";
import { readLiteral } from "./literal.ts";
import { expandRange, RangeProblem } from "./ranges.ts";
import type { Problem, Value } from "./values.ts";

/** What the lines of a section are. */
type Kind = "hosts" | "children" | "vars";

/** A reading of one file that is under way. */
interface Reading {
  file: string;
  groups: Groups;
  problems: Problem[];
  /** Groups that `[x:children]` names, and the line; they may come later, or in another file. */
  awaited: { group: string; line: number; section: string }[];
}

/** A group that a section names and that no file of the inventory makes. */
export interface Awaited {
  file: string;
  line: number;
  group: string;
  section: string;
}

/**
 * Reads an inventory in Ansible's INI format into `groups`: sections of hosts, `[g:children]` and `[g:vars]`, ranges of names, ports,
 * variables behind hosts, comments. Values are read as Ansible reads them, literals of Python and else text.
 *
 * @returns what is not as it must be, and groups that have to be in this file or another one.
 */
export function readIni(file: string, text: string, groups: Groups): { problems: Problem[]; awaited: Awaited[] } {
  const reading: Reading = { file, groups, problems: [], awaited: [] };
  let section = "ungrouped";
  let kind: Kind = "hosts";
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const content = raw.trim();
    const line = index + 1;
    if (content === "" || content.startsWith("#") || content.startsWith(";")) continue;
    const header = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/.exec(content);
    if (header !== null) {
      const [, name = "", named = "hosts"] = header;
      if (named !== "hosts" && named !== "children" && named !== "vars") {
        report(
          reading,
          line,
          `[${name}:${named}] is no section of an inventory: use [${name}], [${name}:children] or [${name}:vars]`,
        );
        continue;
      }
      [section, kind] = [name, named];
      if (kind === "vars" && !groups.has(name)) reading.awaited.push({ group: name, line, section: `${name}:vars` });
      else groups.group(name);
    } else if (content.startsWith("[") && !/^\[[^\]]*:[^\]]*\]/.test(content)) {
      report(reading, line, "is no section of an inventory, which is written [name]");
    } else if (kind === "hosts") readHosts(reading, line, section, content);
    else if (kind === "children") readChild(reading, line, section, content);
    else readVariable(reading, line, section, content);
  }
  return { problems: reading.problems, awaited: reading.awaited.map((one) => ({ ...one, file })) };
}

function report({ problems, file }: Reading, line: number, message: string): void {
  problems.push({ file, line, message });
}

function readHosts(reading: Reading, line: number, section: string, content: string): void {
  const words = splitWords(content);
  if (words === undefined) {
    report(reading, line, "has a quote that is not closed");
    return;
  }
  const [pattern = "", ...rest] = words;
  const where = `${reading.file}:${line}`;
  const variables: Assignments = new Map();
  for (const word of rest) {
    const at = word.indexOf("=");
    if (at < 1) report(reading, line, `has something else than name=value behind the host ${pattern}`);
    else variables.set(word.slice(0, at), { value: valueOf(word.slice(at + 1)), where });
  }
  if (pattern === "") return;
  try {
    for (const { name, port } of namesOf(pattern)) {
      const own: Assignments = new Map(variables);
      if (port !== undefined && !own.has("ansible_port")) own.set("ansible_port", { value: port, where });
      reading.groups.addHost(section, name, own);
    }
  } catch (error) {
    if (!(error instanceof RangeProblem)) throw error;
    report(reading, line, error.message);
  }
}

/** A pattern as the names that it stands for, and the port behind it. */
export function namesOf(pattern: string): { name: string; port?: number }[] {
  const [, host = pattern, digits] = /^((?:[^:[\]]|\[[^\]]*\])+):(\d+)$/.exec(pattern) ?? [];
  // [2001:db8::1]:22 is an address of IPv6, and no range.
  const bare = /^\[([0-9a-fA-F:]*::?[0-9a-fA-F:.]*)\]$/.exec(host)?.[1];
  const names = bare !== undefined && bare.split(":").length > 3 ? [bare] : expandRange(host);
  return names.map((name) => ({ name, ...(digits === undefined ? {} : { port: Number(digits) }) }));
}

function readChild(reading: Reading, line: number, section: string, content: string): void {
  const [child = "", ...rest] = splitWords(content) ?? [];
  if (child === "" || rest.length > 0) {
    report(reading, line, `has something else than the name of one group in [${section}:children]`);
    return;
  }
  reading.groups.group(section).children.add(child);
  reading.awaited.push({ group: child, line, section: `${section}:children` });
}

function readVariable(reading: Reading, line: number, section: string, content: string): void {
  const at = content.indexOf("=");
  if (at < 1) {
    report(reading, line, `has something else than name=value in [${section}:vars]`);
    return;
  }
  const assigned: Assigned = { value: valueOf(content.slice(at + 1).trim()), where: `${reading.file}:${line}` };
  reading.groups.group(section).variables.set(content.slice(0, at).trim(), assigned);
}

/** A value as Ansible takes it: a literal of Python, or the text itself. */
function valueOf(text: string): Value {
  return readLiteral(text)?.value ?? text;
}

/**
 * The words of a line, as Python's shlex splits it: quotes hold words together and go away, a backslash takes the meaning off what
 * follows, `#` begins a comment wherever it stands outside of quotes.
 *
 * @returns undefined where a quote is not closed.
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let index = 0; index < line.length; index += 1) {
    const character = line.charAt(index);
    if (quote !== undefined) {
      const next = line.charAt(index + 1);
      if (character === quote) quote = undefined;
      else if (character === "\\" && quote === '"' && (next === '"' || next === "\\")) {
        word = `${word ?? ""}${next}`;
        index += 1;
      } else word = `${word ?? ""}${character}`;
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "#") break;
    else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (character === "\\") {
      index += 1;
      word = `${word ?? ""}${line.charAt(index)}`;
    } else word = `${word ?? ""}${character}`;
  }
  if (quote !== undefined) return undefined;
  return word === undefined ? words : [...words, word];
}
