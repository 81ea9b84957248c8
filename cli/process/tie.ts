/** Environment variable of a process that is interrupted when its standard input ends: whoever started it is gone then. */
export const tiedVariable = "PLINTH_TIED";

/** Ties this process to the one that started it, where that asks for it. Processes that this one starts are not tied. */
export function tieToParent(input: NodeJS.ReadStream = process.stdin): void {
  if (process.env[tiedVariable] === undefined) return;
  Reflect.deleteProperty(process.env, tiedVariable);
  input.once("end", () => {
    process.kill(process.pid, "SIGINT");
  });
  input.resume();
  // It is no reason to live.
  input.unref();
}
