import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { parse, YAMLError } from "yaml";
import { PlinthError } from "../../plan/findings.ts";
import {
  checkProposedFile,
  longestProposal,
  parseProposedInventory,
  type StackFile,
  unusableFile,
} from "../../plan/proposal.ts";
import { sudoVariable } from "../../plan/reach.ts";
import { namespace } from "../../plan/stackconfig.ts";
import type { Project } from "./project.ts";
import { readStackFile } from "./settings.ts";

const sudoKey = `${namespace}:sudoPassword`;

/** Files of a proposal (plan/proposal.ts), as the command line names them. */
export interface ProposalFiles {
  /** What `inventory --json` has printed. */
  inventory?: string;
  /** A stack's file. */
  config?: string;
}

/**
 * The project with files of a proposal in place of the stack's own.
 *
 * @throws PlinthError when a file cannot be read, or with everything that the proposal may not say.
 */
export function withProposal(project: Project, stack: string, { inventory, config }: ProposalFiles): Project {
  if (inventory === undefined && config === undefined) return project;
  const given =
    inventory === undefined
      ? undefined
      : parseProposedInventory(readGiven(inventory, longestProposal.inventory), stack);
  const file =
    config === undefined
      ? undefined
      : checkProposedFile(readStackFile(project, stack), parseGiven(config, readGiven(config, longestProposal.config)));
  const findings = [...(given?.findings ?? []), ...(file?.findings ?? [])];
  if (findings.length > 0) throw new PlinthError(findings);
  // A proposal says where hosts are, and a password is told to whoever answers there. Facts are read without one.
  Reflect.deleteProperty(process.env, sudoVariable);
  const { kept, had } = withoutSudoPassword(file?.file ?? readStackFile(project, stack));
  return {
    ...project,
    proposal: {
      ...(given === undefined ? {} : { hosts: given.hosts }),
      ...(file === undefined && !had ? {} : { stackFile: kept }),
    },
  };
}

function withoutSudoPassword(file: StackFile): { kept: StackFile; had: boolean } {
  const config = file["config"];
  if (typeof config !== "object" || config === null || !(sudoKey in config)) return { kept: file, had: false };
  const others = Object.entries(config).filter(([key]) => key !== sudoKey);
  return { kept: { ...file, config: Object.fromEntries(others) }, had: true };
}

/** Reads a file that others have made. It must be one: what a link points to is nobody's business but this machine's. */
function readGiven(path: string, longest: number): string {
  const unusable = (reason: string): PlinthError => new PlinthError([unusableFile(path, reason)]);
  let descriptor: number;
  try {
    // Without waiting: opening a pipe would wait for who writes it.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw unusable(code === "ELOOP" ? "it is a link, and must be a file" : message);
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw unusable("it is no file");
    if (stats.size > longest) throw unusable(`it has ${stats.size} bytes, and may have ${longest}`);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

function parseGiven(path: string, text: string): unknown {
  try {
    // The structures of JSON, and nothing else that YAML has.
    const options = {
      schema: "core",
      resolveKnownTags: false,
      merge: false,
      maxAliasCount: 0,
      logLevel: "error",
    } as const;
    return parse(text, options);
  } catch (error) {
    // The parser's own message quotes the text.
    const [at] = error instanceof YAMLError ? (error.linePos ?? []) : [];
    const where = at === undefined ? "" : ` (line ${at.line})`;
    throw new PlinthError([unusableFile(path, `it is not one document of YAML without aliases${where}`)]);
  }
}
