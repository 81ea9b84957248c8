import { z } from "zod";
import { adhocExit } from "./answers.ts";
import type { Finding } from "../findings.ts";
import { readLook, word, words } from "../look.ts";
import { printable } from "../printable.ts";
import * as told from "../told.ts";

/** What became of a copy on one host. `unchanged`: it was there already. */
export type CopyOutcome = "copied" | "unchanged" | "failed" | "unreachable" | "interrupted";

export interface CopyResult {
  host: string;
  outcome: CopyOutcome;
  /** Of a host to which or from which nothing was copied, one sentence. */
  reason?: string;
}

/** The exit code of a copy, by the worst. */
export function exitCodeOfCopies(results: readonly CopyResult[]): number {
  const outcomes = new Set(results.map(({ outcome }) => outcome));
  if (outcomes.has("interrupted")) return adhocExit.interrupted;
  if (outcomes.has("unreachable")) return adhocExit.unreachable;
  return outcomes.has("failed") ? adhocExit.mixed : 0;
}

/** What is copied where. `selector` names the hosts (plan/adhoc/selector.ts). */
export type Copy = { direction: "put" | "get"; selector: string; local: string; remote: string };

function finding(message: string, remedy: string, hosts: string[] = []): Finding {
  return { rule: "copy", kind: "input", hosts, message, remedy };
}

/** `HOST:PATH`, as scp has it: what is before the first colon has no slash in it. `:PATH` is one on the hosts of `--on`. */
function onHost(text: string): { host: string; path: string } | undefined {
  const [, host, path] = /^([^/:]*):(.*)$/s.exec(text) ?? [];
  return host === undefined || path === undefined ? undefined : { host, path };
}

const shown = (path: string): string => printable(path, 200);

function remoteFindings(path: string): Finding[] {
  if (!path.startsWith("/") || /[\n\0]/.test(path))
    return [finding(`the path "${shown(path)}" on the host is not absolute`, "begin it with /")];
  if (path.split("/").includes(".."))
    return [finding(`the path "${shown(path)}" on the host holds ..`, "write where it leads to")];
  return [];
}

/** The last name of a path; empty where it ends with a slash. */
function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/**
 * Reads the two ends of a copy: `FROM HOST:TO`, `HOST:FROM TO`; with a selector also `FROM TO`, `FROM :TO` (to all of its hosts) and `:FROM TO`
 * (from all of them). A path that ends with `/` is a directory, which gets the file under its own name.
 */
export function parseCopy(
  from: string,
  to: string,
  on: string | undefined,
): { copy: Copy; findings: [] } | { copy?: undefined; findings: Finding[] } {
  const [source, target] = [onHost(from), onHost(to)];
  const wrong = (message: string): { findings: Finding[] } => ({
    findings: [finding(message, "write FROM HOST:TO, HOST:FROM TO, or --on SELECTOR and FROM TO or :FROM TO")],
  });
  if (source !== undefined && target !== undefined) return wrong("both ends of the copy are on hosts");
  if (on !== undefined && ((source?.host ?? "") !== "" || (target?.host ?? "") !== ""))
    return wrong("both --on and a path name hosts");
  if (on === undefined && (source ?? target) === undefined) return wrong("neither end of the copy is on a host");
  if (on === undefined && (source ?? target)?.host === "") return wrong("the host in front of the colon is missing");
  const direction = source === undefined ? "put" : "get";
  const local = direction === "put" ? from : to;
  const given = source?.path ?? target?.path ?? to;
  const remote = direction === "put" && given.endsWith("/") ? `${given}${lastName(from)}` : given;
  const findings = [
    ...(local === "" ? [finding("the path on this machine is empty", "name a file")] : []),
    ...remoteFindings(given),
    ...(lastName(remote) === "" || lastName(remote) === "."
      ? [
          finding(
            `"${shown(given)}" names no file on the host`,
            "copy file by file, or pack a directory by plinth run -- tar",
          ),
        ]
      : []),
  ];
  if (findings.length > 0) return { findings };
  return { copy: { direction, selector: on ?? source?.host ?? target?.host ?? "", local, remote }, findings: [] };
}

/** A mode as chmod(1) has it, three or four octal digits. */
export function modeFindings(mode: string | undefined): Finding[] {
  if (mode === undefined || /^[0-7]{3,4}$/.test(mode)) return [];
  return [finding(`the mode "${printable(mode, 50)}" is none`, "write three or four octal digits, as in 0644")];
}

/** `user` or `user:group`; names or numbers. */
export function ownerFindings(
  owner: string | undefined,
  { direction, root }: { direction: Copy["direction"]; root: boolean },
): Finding[] {
  if (owner === undefined) return [];
  if (direction === "get") return [finding("--owner is for files that are copied to hosts", "take it out")];
  const form = /^([A-Za-z_][\w.-]*|\d+)(:([A-Za-z_][\w.-]*|\d+))?$/;
  return [
    ...(form.test(owner) ? [] : [finding(`the owner "${printable(owner, 50)}" is none`, "write user or user:group")]),
    ...(root ? [] : [finding("only root may give files away", "add --root to --owner")]),
  ];
}

/** Whether each host has a place of its own here: always by --on, however many hosts the selector is about today. */
export const hasPlaceForEach = (on: string | undefined, hosts: number): boolean => on !== undefined || hosts > 1;

/**
 * Where a file from a host goes on this machine: for one host to the path itself, or into it where it is a directory; for
 * several below a directory of each host's name, under the whole path that it has there.
 */
export function localTarget(
  { local, remote }: Pick<Copy, "local" | "remote">,
  { host, several, isDirectory }: { host: string; several: boolean; isDirectory: boolean },
): string {
  const base = local.endsWith("/") && local !== "/" ? local.slice(0, -1) : local;
  const below = (path: string): string => (base === "/" ? `/${path}` : `${base}/${path}`);
  if (several) return below(`${host}${remote.replace(/\/+/g, "/")}`);
  return isDirectory || local.endsWith("/") ? below(lastName(remote)) : local;
}

/**
 * The mode of a file that comes from a host: who may read it here are others only where others could there, for its group
 * is another one.
 */
export function localMode(mode: number): number {
  return (mode & 0o004) === 0 ? mode & 0o700 : mode & 0o755;
}

/** What is at a path of a host (`scripts/adhoc/put.sh`). */
export interface PathLook {
  kind: "file" | "directory" | "other" | "none";
  parent: "directory" | "closed" | "none";
  /** Of a file that can be read. */
  content?: { sha256: string; mode: string; owner: string };
  /** Bundles that own it. */
  owned: string[];
  /** Directory of Plinth that it is in. */
  reserved?: string;
}

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const octal = z.string().regex(/^[0-7]{1,4}$/);
/** As stat(1) has it, UNKNOWN where a number has no name. Users of a directory service have names of all kinds. */
const ownerWord = z
  .string()
  .max(200)
  .regex(/^[\x21-\x39\x3b-\x7e]+:[\x21-\x39\x3b-\x7e]+$/);

/** @throws Error with a sentence where the answer is cut off or makes no sense. */
export function parsePathLook(text: string): PathLook {
  const look: Partial<PathLook> & Pick<PathLook, "owned"> = { owned: [] };
  readLook(text, {
    kind: word("the path", z.enum(["file", "directory", "other", "none"]), (kind) => (look.kind = kind)),
    parent: word("its directory", z.enum(["directory", "closed", "none"]), (parent) => (look.parent = parent)),
    content: words("the file", z.tuple([digest, octal, ownerWord]), ([sha256, mode, owner]) => {
      look.content = { sha256, mode, owner };
    }),
    owned: word("its owner", told.plainName, (bundle) => look.owned.push(bundle)),
    reserved: word("its place", told.absolutePath, (directory) => (look.reserved = directory)),
  });
  const { kind, parent } = look;
  if (kind === undefined || parent === undefined) throw new Error("the answer of the host is not complete");
  return { ...look, kind, parent };
}

/** What keeps a file from being written to a host, as seen by {@link PathLook}. */
export function lookFindings(host: string, path: string, look: PathLook): Finding[] {
  const where = shown(path);
  const found = (message: string, remedy: string): Finding[] => [finding(message, remedy, [host])];
  const ours = (message: string): Finding[] => [
    {
      ...{ rule: "copy-owned", kind: "guard", hosts: [host], message },
      remedy: "change the inventory or the configuration and run up: what is copied over it would be drift",
    },
  ];
  if (look.reserved !== undefined) return ours(`${where} is in ${look.reserved}, where Plinth keeps its own things`);
  if (look.owned.length > 0) {
    const bundles = look.owned.length === 1 ? "the bundle" : "the bundles";
    return ours(`${where} belongs to ${bundles} ${look.owned.join(", ")}`);
  }
  if (look.kind === "directory")
    return found(`${where} is a directory`, "end it with / to copy the file into it, under its own name");
  if (look.kind === "other") return found(`${where} is neither a file nor a directory`, "choose another path");
  if (look.parent === "none")
    return found(`the directory of ${where} is not there`, "make it first, by plinth run -- mkdir -p");
  if (look.parent === "closed") return found(`this user cannot write to the directory of ${where}`, "use --root");
  return [];
}

const plainMode = (mode: string): string => mode.replace(/^0+(?=.)/, "");

/** Whether a file is there as it is to be. */
function isThere(
  { content }: PathLook,
  { sha256, mode, owner }: { sha256: string; mode?: string | undefined; owner?: string | undefined },
): boolean {
  if (content?.sha256 !== sha256) return false;
  if (mode !== undefined && plainMode(content.mode) !== plainMode(mode)) return false;
  // Numbers, and names without a group, are for the host to compare: it is written again.
  return owner === undefined || content.owner === owner;
}

/** What an operator says of a file on hosts, beside its content. */
export interface WantedFile {
  /** Octal digits. Default: as it is on the host, or as the file here where there is none. */
  mode?: string | undefined;
  /** `user` or `user:group`. Default: as it is on the host, or who writes it. */
  owner?: string | undefined;
}

/** What is to be written to a host, as seen by {@link PathLook}; undefined where the file is there as it is to be. */
export function writeOf(
  look: PathLook,
  file: { sha256: string; mode: string },
  { mode, owner }: WantedFile,
): { mode: string; owner: string | undefined } | undefined {
  if (isThere(look, { sha256: file.sha256, mode, owner })) return undefined;
  return { mode: mode ?? look.content?.mode ?? file.mode, owner };
}

/** What comes in front of a file of a host (`scripts/adhoc/get.sh`). */
export interface FileHead {
  size: number;
  sha256: string;
  mode: number;
}

/** Reads the line that is in front of a file; undefined where it is another line, as login shells print some. */
export function parseFileHead(line: string): FileHead | undefined {
  const [, size = "", sha256 = "", mode = ""] = /^plinth-file (\d{1,15}) ([0-9a-f]{64}) ([0-7]{1,4})$/.exec(line) ?? [];
  return sha256 === "" ? undefined : { size: Number(size), sha256, mode: Number.parseInt(mode, 8) };
}
