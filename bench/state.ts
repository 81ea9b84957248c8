import { watch, type FSWatcher } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/** The state of a stack on disk. */
export interface StateSize {
  /** Of the file, which may be compressed. */
  fileMiB: number;
  resources: number;
}

/** Size of the stack's state; undefined where there is none. */
export async function stateSize(directory: string, stack: string): Promise<StateSize | undefined> {
  const name = (await readdir(directory)).find((file) => isStateFile(file, stack));
  if (name === undefined) return undefined;
  const path = join(directory, name);
  const bytes = await readFile(path);
  const text = name.endsWith(".gz") ? gunzipSync(bytes) : name.endsWith(".zst") ? zstdDecompressSync(bytes) : bytes;
  return { fileMiB: bytes.length / 2 ** 20, resources: countResources(text.toString("utf8")) };
}

/** Whether a file holds the stack's state, and not what was before it. */
export function isStateFile(file: string, stack: string): boolean {
  return [".json", ".json.gz", ".json.zst"].some((ending) => file === `${stack}${ending}`);
}

function countResources(text: string): number {
  const state = JSON.parse(text) as { checkpoint?: { latest?: { resources?: unknown[] } } };
  return state.checkpoint?.latest?.resources?.length ?? 0;
}

/** Counts how often the engine puts a new state in place of the one before. */
export class CheckpointCounter {
  readonly #watcher: FSWatcher;
  #count = 0;

  constructor(directory: string, stack: string) {
    this.#watcher = watch(directory, (event, file) => {
      if (event === "rename" && file !== null && isStateFile(file, stack)) this.#count++;
    });
  }

  /** The number so far. */
  stop(): number {
    this.#watcher.close();
    return this.#count;
  }
}
