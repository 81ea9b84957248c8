import { sharedPool, type ExecOptions, type ExecResult, type SshPool, type SshTarget } from "../../ssh/index.ts";

const rootShell = 'if [ "$(id -u)" -eq 0 ]; then exec /bin/sh -s; else exec sudo -n /bin/sh -s; fi';

/**
 * Runs a script on a host as root: over the shared connection, by one command. A non-zero exit is a result.
 *
 * @param pool tests pass what runs commands.
 * @throws SshError
 */
export function askAsRoot(
  target: SshTarget,
  script: string,
  options: Omit<ExecOptions, "stdin"> = {},
  pool: Pick<SshPool, "exec"> = sharedPool,
): Promise<ExecResult> {
  return pool.exec(target, rootShell, { ...options, stdin: script });
}
