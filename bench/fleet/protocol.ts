import type { FleetAccess } from "./fleet.ts";
import type { HostPlace } from "./host.ts";
import type { MirroredScript } from "./mirror.ts";
import type { FleetCounters } from "./sshd.ts";
import type { StartupLimit } from "./startups.ts";

/** What the process of a fleet is asked, and what it answers: one answer a question, in order. */
export interface FleetQuestions {
  start: { ask: { startups?: StartupLimit }; answer: FleetAccess };
  /** Host name → public host key. */
  add: { ask: { hosts: HostPlace[] }; answer: Record<string, string> };
  publish: { ask: { scripts: MirroredScript[] }; answer: null };
  /** Counters since the last time, which begin anew, and CPU seconds and peak memory of the fleet itself. */
  count: { ask: Record<string, never>; answer: FleetCounters & { cpuSeconds: number; peakMiB: number } };
}

export type Question = {
  [Name in keyof FleetQuestions]: { name: Name; ask: FleetQuestions[Name]["ask"] };
}[keyof FleetQuestions];
export type Reply = { answer: unknown } | { error: string };
