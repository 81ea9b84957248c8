import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { shellQuote } from "../../../plan/shell.ts";
import { finish, type Project } from "./project.ts";

/** Waits until a line of the output matches. Fails when the process ends before. */
export function sees(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = "";
    const look = (chunk: Buffer): void => {
      seen += chunk.toString();
      if (pattern.test(seen)) resolve();
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.on("close", (code) => {
      reject(new Error(`it ended with ${code} before it printed ${pattern}:\n${seen}`));
    });
  });
}

/** Kills `./plinth …` as a whole, if it still runs: launcher, command line, engine and program. */
export function killAll(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? Number.NaN), "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** `up` until it has printed something, then SIGKILL. */
export async function killWhenPrinted(project: Project, pattern: RegExp): Promise<void> {
  const up = project.start("up", "--yes");
  const done = finish(up);
  await sees(up, pattern);
  killAll(up);
  assert.notEqual((await done).code, 0);
}

/** `up` until a shell condition holds on a host, looked at about ten times a second there, then SIGKILL. */
export async function killWhenOnHost(project: Project, host: string, condition: string): Promise<void> {
  const script = `echo watching; until ${condition}; do sleep 0.05; done >/dev/null 2>&1; echo seen`;
  const watcher = project.start("ssh", host, "--", `sudo sh -c ${shellQuote(script)}`);
  const watched = finish(watcher);
  try {
    await sees(watcher, /^watching$/m);
    const up = project.start("up", "--yes");
    const done = finish(up);
    const seen = sees(watcher, /^seen$/m);
    const ended = done.then(({ code, text }) => {
      throw new Error(`up ended with ${code} before ${condition} on ${host}:\n${text}`);
    });
    await Promise.race([seen, ended]);
    // Whoever loses the race is of no interest any more.
    ended.catch(() => undefined);
    killAll(up);
    assert.notEqual((await done).code, 0);
  } finally {
    killAll(watcher);
    await watched;
  }
}
