/**
 * Options of a command for a host that cannot be reached: its inputs stay what they were at the last run, so that it is not
 * run. What has changed for it is found by the first run that reaches it again.
 */
export function frozenInputs(frozen: boolean | undefined): { ignoreChanges?: string[] } {
  return frozen === true ? { ignoreChanges: ["connection", "create", "delete", "stdin", "triggers"] } : {};
}
