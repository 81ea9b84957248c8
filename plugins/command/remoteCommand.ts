import { setTimeout as sleep } from "node:timers/promises";
import {
  anewSeconds,
  type ExecOptions,
  type ExecResult,
  sharedPool,
  SshError,
  type SshTarget,
} from "../../ssh/index.ts";
import { plain, type PropertyMap, type PropertyValue, text } from "../provider/values.ts";
import type { CallContext } from "../provider/types.ts";
import { connectionFields, comparable, sshTarget, takeKeys } from "./connection.ts";
import { givenEnvironment, previousEnvironment } from "./environment.ts";
import { commandError } from "./failure.ts";
import { commandFields, commandResource, type RunOutputs } from "./lifecycle.ts";
import { outputStreams } from "./streams.ts";

/** `command:remote:Command`: commands on a host, over the process's one connection to it. */
export const remoteCommand = commandResource(
  { ...commandFields, connection: { type: connectionFields, required: true, secret: true } },
  runRemote,
  { check: takeKeys, compare: comparable },
);

async function runRemote(
  command: PropertyValue,
  inputs: PropertyMap,
  previous: RunOutputs,
  context: CallContext,
): Promise<RunOutputs> {
  const target = sshTarget(inputs["connection"]);
  const streams = outputStreams(inputs, context);
  const triggers = plain(inputs["triggers"] ?? null);
  const anew = anewSeconds(Array.isArray(triggers) ? triggers : []);
  const { script, stdin } = withEnvironment(text(command), text(inputs["stdin"]), givenEnvironment(inputs));
  const options = {
    stdin,
    env: previousEnvironment(inputs, previous),
    signal: context.signal,
    onStdout: streams.stdout,
    onStderr: streams.stderr,
  };
  const running =
    anew === undefined ? sharedPool.exec(target, script, options) : reachAnew(target, script, options, anew);
  const result = await running.catch((error: unknown) => {
    throw timedOut(error, context) ?? error;
  });
  streams.end();
  if (result.code !== 0) {
    const outcome =
      result.code === null
        ? `Process was ended by signal ${result.signal ?? "unknown"}`
        : `Process exited with status ${result.code}`;
    const { host } = target;
    throw commandError({ outcome, host, command, stderr: result.stderr, combined: streams.combined() }, inputs);
  }
  return { stdout: trimNewline(result.stdout), stderr: trimNewline(result.stderr) };
}

/** Runs a command, which may be run twice, over a connection of its own, within so many seconds. */
async function reachAnew(
  target: SshTarget,
  script: string,
  options: ExecOptions,
  seconds: number,
): Promise<ExecResult> {
  const until = performance.now() + seconds * 1000;
  for (;;) {
    let pause = 1000;
    try {
      return await sharedPool.exec({ ...target, dialErrorLimit: 0 }, script, { ...options, anew: true });
    } catch (error) {
      if (!(error instanceof SshError) || error.kind === "interrupted" || performance.now() >= until) throw error;
      // Servers and their guards ban whoever is refused too often.
      if (error.kind === "auth") pause = 10_000;
    }
    await sleep(pause, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(
      () => undefined,
    );
  }
}

/**
 * Puts variables before a command. They travel on stdin, ahead of the command's own, so that they are in no process list
 * and need no AcceptEnv in sshd; the command is run by the login shell, which must be a POSIX one for this.
 */
function withEnvironment(
  command: string,
  stdin: string,
  environment: Record<string, string>,
): { script: string; stdin: string } {
  const exports = Object.entries(environment).map(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw new Error(`environment: "${name}" is no name of a variable (letters, digits and _).`);
    }
    return `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`;
  });
  if (exports.length === 0) {
    return { script: command, stdin };
  }
  const prelude = exports.join("");
  // One byte at a time, so that nothing of the command's own stdin is swallowed.
  const read = `eval "$(dd bs=1 count=${Buffer.byteLength(prelude)} 2>/dev/null)"`;
  return { script: `${read}\n${command}`, stdin: prelude + stdin };
}

function timedOut(error: unknown, context: CallContext): Error | undefined {
  const reason: unknown = context.signal.reason;
  if (error instanceof SshError && error.kind === "interrupted" && reason instanceof DOMException) {
    return reason.name === "TimeoutError"
      ? new Error(`Host ${error.host}: the command did not end within the resource's customTimeouts and was stopped.`)
      : undefined;
  }
  return undefined;
}

function trimNewline(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}
