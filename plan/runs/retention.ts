/** How much of the past of a stack's runs is kept on this machine. */
export interface RunRetention {
  /** Streams of runs that were to change something. */
  changes: number;
  /** Streams of each command that only looks. */
  looks: number;
  /** Bytes of all streams. */
  bytes: number;
}

export const runRetention: RunRetention = { changes: 30, looks: 5, bytes: 64 * 1024 ** 2 };

/** Commands that look at what there is or would be, and change nothing. */
const looks: ReadonlySet<string> = new Set(["preview", "review", "drift"]);

export function isLook(command: string): boolean {
  return looks.has(command);
}

interface Stream {
  name: string;
  bytes: number;
}

const streamName = /^\d{8}T\d{9}Z-\d{1,10}-([a-z][a-z-]*)\.jsonl$/;

/**
 * Names a run: by its time, so that names sort, its process, and its command.
 *
 * @param begun milliseconds since the epoch.
 */
export function runName(begun: number, pid: number, command: string): string {
  const at = new Date(begun).toISOString().replaceAll(/[-:.]/g, "");
  return `${at}-${pid}-${command.replaceAll(" ", "-")}`;
}

/** The file of a run's events. */
export function streamOf(run: string): string {
  return `${run}.jsonl`;
}

/** The streams among the names of files, the newest first. */
export function streamsIn(names: readonly string[]): string[] {
  return names
    .filter((name) => streamName.test(name))
    .sort()
    .reverse();
}

/**
 * The streams of runs that are too long ago. Those of the last two runs stay, whatever their size. Looks are counted apart, each command by
 * itself: a timer that looks does not drive out what was changed.
 */
export function tooOld(streams: readonly Stream[], retention: RunRetention): string[] {
  const sizes = new Map(streams.map((stream) => [stream.name, stream.bytes]));
  const counts = new Map<string, number>();
  let used = 0;
  return streamsIn([...sizes.keys()]).filter((name, index) => {
    const command = streamName.exec(name)?.[1] ?? "";
    const kind = isLook(command) ? command : "";
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    used += sizes.get(name) ?? 0;
    return index >= 2 && (count > (kind === "" ? retention.changes : retention.looks) || used > retention.bytes);
  });
}
