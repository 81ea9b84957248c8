import { readFile } from "node:fs/promises";

/** A Go module that is linked into an executable. */
export interface GoModule {
  path: string;
  version: string;
  /** `h1:…`, as go.sum has it; none for a module of the project's own. */
  sum?: string;
}

export interface BuildInfo {
  /** `go1.26.8`. */
  go: string;
  /** What is linked in, beside the main package's own module. */
  modules: GoModule[];
}

const magic = Buffer.from("\xff Go buildinf:", "latin1");
/** The magic, pointer size and flags, padded. */
const headerBytes = 32;
/** Strings follow the header, each with its length; linkers before Go 1.18 wrote pointers. */
const inlineFlag = 2;
/** The list of modules stands between two marks of this many bytes. */
const markBytes = 16;

/** What the linker has written into a Go executable, as `go version -m` shows it; undefined when it is none. */
export async function readBuildInfo(path: string): Promise<BuildInfo | undefined> {
  return parseBuildInfo(await readFile(path));
}

/** See runtime/debug's and debug/buildinfo's sources of Go for the format. */
export function parseBuildInfo(executable: Buffer): BuildInfo | undefined {
  for (let at = executable.indexOf(magic); at >= 0; at = executable.indexOf(magic, at + 1)) {
    // Elsewhere the magic is a constant of a program that looks for it.
    if (at % 16 !== 0 || ((executable[at + 15] ?? 0) & inlineFlag) === 0) continue;
    const go = readString(executable, at + headerBytes);
    const list = go && readString(executable, go.end);
    if (!go || !list) continue;
    const text = list.bytes.length > 2 * markBytes ? list.bytes.subarray(markBytes, -markBytes).toString("utf8") : "";
    return { go: go.bytes.toString("utf8").split(" ")[0] ?? "", modules: modulesOf(text) };
  }
  return undefined;
}

/** A string behind its length, an unsigned varint. */
function readString(from: Buffer, start: number): { bytes: Buffer; end: number } | undefined {
  let length = 0;
  let at = start;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = from[at++];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80)
      return at + length > from.length ? undefined : { bytes: from.subarray(at, at + length), end: at + length };
  }
  return undefined;
}

function modulesOf(text: string): GoModule[] {
  const modules: GoModule[] = [];
  for (const line of text.split("\n")) {
    const [kind, path = "", version = "", sum = ""] = line.split("\t");
    // What stands in the place of a module is what is linked in.
    if (kind === "=>") modules.pop();
    if (kind === "dep" || kind === "=>") modules.push({ path, version, ...(sum === "" ? {} : { sum }) });
  }
  return modules;
}
