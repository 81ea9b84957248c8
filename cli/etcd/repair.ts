import { nextRepair, type Repair, type RepairLook } from "../../plan/etcdcare/repair.ts";
import type { MemberLook } from "../../plan/etcdcare/defragment.ts";
import { paths } from "../../plan/names.ts";
import type { Host } from "../../plan/inventory.ts";
import { CliError, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { Terminal } from "../render/terminal.ts";
import { defragment } from "./defrag.ts";
import type { EtcdDo } from "./verbs.ts";

export interface RepairRun {
  /** Hosts with the role etcd. */
  hosts: readonly Host[];
  /** Takes the cluster's lock, or rejects: what is looked at stays as it is but for this run. */
  lock: () => Promise<unknown>;
  look: () => Promise<RepairLook>;
  /** For the defragmentation. */
  lookAtMembers: () => Promise<MemberLook[]>;
  run: EtcdDo;
  /** Asks; what `--yes` answers at once. */
  agrees: (question: string) => Promise<boolean>;
  terminal: Pick<Terminal, "note" | "print">;
  signal: AbortSignal;
}

/** More steps than any repair has: two for each host, and two for the alarms. */
const mostSteps = 30;

/** What a repair that begins with this step comes to, for a person to agree to. */
export function repairLines(repair: Repair, hosts: readonly string[]): string[] {
  switch (repair.step) {
    case "free-space":
      return [
        "etcd has the alarm NOSPACE: a database is as large as its quota, and etcd takes no writes. This frees space:",
        "  1. compact: all but the present revision of every object is forgotten; watches that are behind begin anew",
        `  2. defragment ${hosts.join(", ")}, one member after the other, the leader last`,
        "  3. end the alarm, and try a write",
      ];
    case "set-aside":
      return [
        `The data of the member of ${repair.host} is damaged or gone: ${repair.why}. This replaces it:`,
        `  1. ${repair.host} leaves the cluster; its data is moved below ${paths.kept}`,
        "  2. alarms about it end, so that etcd takes writes again",
        `  3. ${repair.host} joins again as a learner, receives the data of the others, and votes once it has all of it`,
      ];
    case "disarm":
      return ["etcd has the alarm CORRUPT, about a member that has left. This ends it."];
    case "rejoin":
      return [
        `The member of ${repair.host} has no data, or is not done joining. This lets it join as a learner, and vote.`,
      ];
    case "none":
    case "refused":
      return [];
  }
}

/**
 * Repairs what etcd's alarms tell, step by step, and goes by a new look before each.
 *
 * @returns whether there was anything to repair.
 * @throws CliError (refused) where that cannot be done; QuietExit when it was not asked for.
 */
export async function repair(run: RepairRun): Promise<boolean> {
  const { hosts, terminal, signal } = run;
  await run.lock();
  let asked: Repair | undefined;
  for (let steps = 0; steps < mostSteps; steps++) {
    signal.throwIfAborted();
    const next = nextRepair(await run.look());
    if (next.step === "none") {
      terminal.print(
        asked === undefined ? "etcd has no alarm and no damaged member: nothing was changed." : "etcd is repaired.",
      );
      return asked !== undefined;
    }
    if (next.step === "refused")
      throw new CliError(`etcd cannot be repaired now: ${next.why}.`, asked === undefined ? Exit.refused : Exit.failed);
    // What follows from the first step has been agreed to; another member that leaves has not.
    if (
      asked === undefined ||
      (next.step === "set-aside" && !("host" in asked && asked.host === next.host)) ||
      (next.step === "free-space" && asked.step !== "free-space")
    ) {
      for (const line of repairLines(
        next,
        hosts.map(({ name }) => name),
      ))
        terminal.print(line);
      if (!(await run.agrees("Do this?"))) {
        terminal.print(asked === undefined ? "Nothing was changed." : "Nothing more was changed.");
        throw new QuietExit(Exit.failed);
      }
      asked = next;
    }
    await take(next, run);
  }
  throw new CliError("etcd is not repaired after many steps: ./plinth status tells what is wrong.");
}

async function take(next: Repair, run: RepairRun): Promise<void> {
  const { hosts, terminal } = run;
  const named = (name: string): Host => {
    const host = hosts.find((one) => one.name === name);
    if (host === undefined) throw new Error(`there is no host ${name}`);
    return host;
  };
  switch (next.step) {
    case "set-aside": {
      terminal.note(`${next.host}: leaving the cluster, and setting data aside`);
      const text = await run.run("set-aside", named(next.host));
      const [, kept = ""] = /"kept":"([^"]*)"/.exec(text) ?? [];
      terminal.print(`${next.host}: has left${kept === "" ? "" : `; its data is in ${kept}`}`);
      return;
    }
    case "rejoin":
      terminal.note(`${next.host}: joining as a learner`);
      await run.run("rejoin", named(next.host));
      terminal.print(`${next.host}: votes`);
      return;
    case "disarm":
      await run.run("disarm", await anyWell(run));
      terminal.print("the alarm has ended, and etcd takes writes");
      return;
    case "free-space": {
      const host = await anyWell(run);
      terminal.note(`${host.name}: compacting`);
      await run.run("compact", host);
      terminal.print("compacted to the present revision");
      await defragment({
        ...run,
        wanted: hosts.map(({ name }) => name),
        look: run.lookAtMembers,
        // Something has been done already, and the members may be busy with it.
        patience: { first: 120, between: 180 },
      });
      await run.run("disarm", await anyWell(run));
      terminal.print("the alarm has ended, and etcd takes writes");
      return;
    }
    case "none":
    case "refused":
  }
}

/** A host whose member can be told to do something for the cluster. */
async function anyWell({ look, hosts }: RepairRun): Promise<Host> {
  const { hosts: looks } = await look();
  const found = hosts.find(({ name }) => looks.some(({ host, well, learner }) => host === name && well && !learner));
  if (found === undefined) throw new CliError("No member of etcd answers: ./plinth status tells why.");
  return found;
}
