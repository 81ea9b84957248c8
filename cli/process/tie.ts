/** Environment variable of a process that is interrupted when its standard input ends: whoever started it is gone then. */
export const tiedVariable = "PLINTH_TIED";

let isTied = false;

/** The environment for a program that takes the place of this one: it is tied as this one is. */
export function tieEnvironment(): Record<string, string> {
  return isTied ? { [tiedVariable]: "1" } : {};
}

/** Ties this process to the one that started it, where that asks for it. Processes that this one starts are not tied. */
export function tieToParent(input: NodeJS.ReadStream = process.stdin): void {
  if (process.env[tiedVariable] === undefined) return;
  Reflect.deleteProperty(process.env, tiedVariable);
  isTied = true;
  input.once("end", () => {
    process.kill(process.pid, "SIGINT");
  });
  input.resume();
  // It is no reason to live.
  input.unref();
}
