import * as pulumi from "@pulumi/pulumi";
import { formerMachines, startsAnew } from "../plan/guards.ts";
import { machineIdsOf } from "../plan/membership.ts";
import { secretOutputs } from "../plan/outputs.ts";
import { beginsCluster, hostsAhead, isNewStack, isRecorded, recordOf, RecordFirst } from "../plan/record.ts";
import { forgetsWays } from "../plan/ways.ts";
import type { Preflight, ProgramArgs } from "./preflight.ts";

/** Outputs of a run that saves what cannot be made again, and does nothing else. */
export type Recorded = Record<string, unknown>;

/**
 * Saves what cannot be made again, where a run is asked to do just that: of a stack that is new all keys and ids, and of
 * every stack which machines its hosts are and which hosts were lost. Hosts that leave stay known until they have left, or
 * say that they are free.
 *
 * @param declareKeys declares the keys of a stack that is new, and returns what outputs tell of them.
 * @returns the outputs; undefined for a run that does everything.
 * @throws RecordFirst for a run that is to be told of what is not saved yet.
 */
export async function record(
  args: Pick<ProgramArgs, "recording" | "readPrevious">,
  checked: Preflight,
  declareKeys: () => Promise<Recorded>,
): Promise<Recorded | undefined> {
  const { hosts, readings, previous, tombstones, abandoned, incarnation, fromSnapshot, ways } = checked;
  const found = recordOf(hosts, machineIdsOf(hosts, readings, previous), tombstones);
  const anew = startsAnew(previous, incarnation);
  const begins = beginsCluster(previous, checked.config);
  const newStack = isNewStack(previous, readings);
  if (
    args.recording === "first" &&
    !pulumi.runtime.isDryRun() &&
    (anew || begins || !isRecorded(previous, found) || forgetsWays(previous, ways))
  )
    throw new RecordFirst(newStack, begins);
  if (args.recording !== "now" && args.recording !== "adopt") return undefined;
  const keys = newStack || args.recording === "adopt" ? await declareKeys() : {};
  const outputs = Object.entries(await args.readPrevious());
  const kept = outputs.map(([name, value]) => [name, secretOutputs.has(name) ? pulumi.secret(value) : value] as const);
  return {
    ...Object.fromEntries(kept),
    ...keys,
    hosts: hostsAhead(previous, found, abandoned),
    lost: { ...previous?.lost, ...found.lost },
    incarnation,
    ...(fromSnapshot.length === 0 ? {} : { fromSnapshot }),
    ...(ways === undefined ? {} : { ways }),
    // Nobody has served the new cluster's roster yet: that is how the next run knows that it has still to be brought up.
    ...(anew ? { survivors: {}, formerMachines: formerMachines(previous, readings) } : {}),
  };
}
