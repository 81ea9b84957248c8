/** `0.4 s`, `12.3 s`, `3 min 05 s`, from milliseconds. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  return formatMinutes(Math.round(seconds));
}

function formatMinutes(seconds: number): string {
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** The same without tenths, for what is still going on: `12 s`, `3 min 05 s`, from milliseconds. */
export function formatClock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return seconds < 100 ? `${seconds} s` : formatMinutes(seconds);
}
