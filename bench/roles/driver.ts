import type { ReachedHost, RolesLab } from "./hosts.ts";
import type { Task, Tool } from "./tasks.ts";

/** Runs of one task, in their order. */
export const runKinds = ["first", "nothing", "change"] as const;
export type RunKind = (typeof runKinds)[number];

/** What a run of Plinth has cost besides its time. */
export interface PlinthCost {
  /** Seconds, of those of the run, until the engine had started the program. */
  engineSeconds: number;
  /** SSH connections and commands of all hosts together. */
  connections: number;
  commands: number;
}

/** One run of a tool, as the tool itself tells of it. */
export interface ToolRun {
  seconds: number;
  /** Why it failed; undefined when it did not. */
  failure: string | undefined;
  /** Changes on all hosts together; undefined where it has not told. */
  changed: number | undefined;
  cost?: PlinthCost;
}

/** What all drivers work with. */
export interface Ground {
  lab: RolesLab;
  /** A folder for what tools read and write. */
  folder: string;
  /** Environment of the tools. */
  env: Readonly<Record<string, string>>;
  /** File that gets all that tools say. */
  log: string;
}

/** A tool that does the tasks. */
export interface Driver {
  readonly tool: Tool;
  /** Makes ready for these hosts, and starts nothing that is measured for the first time: what it reads from disk is in memory. */
  prepare(hosts: readonly ReachedHost[]): Promise<void>;
  /** One run on all hosts. */
  run(kind: RunKind, task: Task): Promise<ToolRun>;
  /** Plinth alone: a run that looks for drift on hosts besides. */
  look?(): Promise<ToolRun>;
  /** Takes back what would keep the next first run from being one. */
  leave(): Promise<void>;
}
