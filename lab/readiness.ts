/** How long systemd on a host may take to start everything before its operator goes on without waiting, in seconds. */
const patienceSeconds = 20;

/** What a host that answers says of itself. */
export interface Readiness {
  /** `running` and `degraded`: everything was tried. `starting`: something is still waiting, for a peer perhaps. */
  state: "running" | "degraded" | "starting";
  /** Units that failed. */
  failed: string[];
  /** Units that are being started. */
  starting: string[];
}

/**
 * Command for a host that tells its readiness. It waits for the end of the boot, but not for ever: a database that looks for its
 * peers holds up the boot of its host until one of them boots as well.
 */
export const readinessCommand = [
  `timeout ${patienceSeconds} systemctl is-system-running --wait >/dev/null`,
  "systemctl is-system-running",
  "systemctl list-units --state=failed --plain --no-legend | sed 's/^/failed /'",
  `systemctl list-jobs --plain --no-legend | awk '$4 == "running" { print "starting", $2 }'`,
].join("; ");

/** Reads what `readinessCommand` printed; undefined while systemd does not answer yet. */
export function parseReadiness(text: string): Readiness | undefined {
  const [state = "", ...lines] = text.trim().split("\n");
  if (state !== "running" && state !== "degraded" && state !== "starting") return undefined;
  const units = (kind: string): string[] =>
    lines
      .map((line) => line.split(" "))
      .flatMap(([first, unit]) => (first === kind && unit !== undefined ? [unit] : []));
  return { state, failed: units("failed"), starting: units("starting") };
}
