/** Receives one line of progress, without a line end. */
export type Report = (line: string) => void;

/** 115007650 → "110 MiB". */
export function formatSize(bytes: number): string {
  return bytes < 1024 * 1024
    ? `${Math.ceil(bytes / 1024).toString()} KiB`
    : `${Math.round(bytes / 1024 / 1024).toString()} MiB`;
}

/** 252 000 ms → "4 min 12 s". */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds.toString()} s`;
  return `${Math.floor(seconds / 60).toString()} min ${(seconds % 60).toString()} s`;
}

/** Milliseconds between two lines about work that goes on. */
export const reportEveryMs = 15_000;

/** Runs `work` and reports `line(elapsed)` every so often until it ends. */
export async function reporting<T>(
  report: Report,
  line: (elapsed: string) => string,
  work: () => Promise<T>,
): Promise<T> {
  const began = Date.now();
  const timer = setInterval(() => {
    report(line(formatDuration(Date.now() - began)));
  }, reportEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
