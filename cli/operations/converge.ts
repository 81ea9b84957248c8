import { isRecordFirst, recordedTargets, recordingVariable, type Recording } from "../../plan/record.ts";
import type { Engine } from "../pulumi/engine.ts";
import type { RunEvents } from "../pulumi/events.ts";
import type { Terminal } from "../render/terminal.ts";
import { operateAloud, type Aloud } from "./operation.ts";

export interface ConvergeOptions extends Pick<Aloud, "progress" | "onBegin"> {
  hosts: readonly string[];
  /** URN patterns; empty means everything. */
  target: readonly string[];
  /** Path of a saved plan. */
  plan: string | undefined;
  /** Whether something is known to be unsaved: then it is saved without a run that finds it out. Of a new stack it is not. */
  unsaved: boolean;
  /** Whether the state is saved after every step. */
  stepwise: boolean;
  onWarning: (message: string) => void;
}

/** What one run of the engine says, and to whom. */
type Heard = Pick<ConvergeOptions, "hosts" | "onWarning" | "progress" | "onBegin">;

/**
 * Brings a stack to its desired state. The engine saves its state once, at the end of a run: what converges when it is
 * applied again need not be saved sooner. So that a killed run loses nothing else, keys, ids and the machines of hosts are
 * saved by a run of their own where some are new, before any host is touched.
 *
 * A run with a saved plan may do nothing that the plan does not hold, also not save ahead: it saves after every step. So does one by which a
 * stack of machines gets a cluster, and one that makes hosts a stack's of machines, which has no keys.
 */
export async function converge(
  engine: Engine,
  terminal: Terminal,
  { target, plan, unsaved, stepwise, ...options }: ConvergeOptions,
): Promise<RunEvents> {
  const run = (recording: Recording): Promise<RunEvents> =>
    runOnce(engine, terminal, { ...options, recording, target, plan, saveSteps: recording === "along" });
  const save = async (newStack: boolean): Promise<void> => {
    terminal.note(newStack ? "Saving keys and ids first." : "Saving which machines the hosts are first.");
    await saveRecord(engine, terminal, { ...options, newStack });
  };
  if (plan !== undefined || stepwise) return run("along");
  if (unsaved) await save(false);
  try {
    return await run("first");
  } catch (error) {
    if (!isRecordFirst(error)) throw error;
    if (error.stepwise) return run("along");
    await save(error.newStack);
  }
  return run("first");
}

/** Saves what a stack knows of its hosts, of a stack that is new also its keys, and does nothing else. */
export function saveRecord(
  engine: Engine,
  terminal: Terminal,
  { newStack, ...options }: Heard & { newStack: boolean },
): Promise<RunEvents> {
  const target = recordedTargets(newStack);
  return runOnce(engine, terminal, { ...options, recording: "now", target, plan: undefined, saveSteps: false });
}

/** Saves the keys and ids that hosts hold of a stack whose state is gone, which the engine's plugins have been given. */
export function saveAdopted(engine: Engine, terminal: Terminal, options: Heard): Promise<RunEvents> {
  const target = recordedTargets(true);
  return runOnce(engine, terminal, { ...options, recording: "adopt", target, plan: undefined, saveSteps: false });
}

/** One run of the engine. */
async function runOnce(
  engine: Engine,
  terminal: Terminal,
  {
    hosts,
    recording,
    target,
    plan,
    saveSteps,
    ...aloud
  }: Omit<ConvergeOptions, "stepwise" | "unsaved"> & { recording: Recording; saveSteps: boolean },
): Promise<RunEvents> {
  const { events } = await operateAloud(
    engine,
    terminal,
    hosts,
    (events) =>
      withRecording(recording, () => engine.up({ events, target, ...(plan === undefined ? {} : { plan }), saveSteps })),
    aloud,
  );
  return events;
}

/** The program reads how it is to save from the environment, as it does what else one run is asked for. */
async function withRecording<T>(recording: Recording, run: () => Promise<T>): Promise<T> {
  process.env[recordingVariable] = recording;
  try {
    return await run();
  } finally {
    Reflect.deleteProperty(process.env, recordingVariable);
  }
}
