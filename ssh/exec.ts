import { StringDecoder } from "node:string_decoder";
import type { ClientChannel } from "ssh2";
import { hostLabel, interrupted, SshError } from "./errors.ts";
import { sendSignal } from "./signal.ts";
import type { ExecOptions, ExecResult, SshTarget } from "./types.ts";

/** How long an interrupted command may take to end by itself after TERM before its channel is closed. */
const INTERRUPT_GRACE_MS = 3000;

/** Feeds a running command's stdin and collects what it prints, whole: there is no limit on lines or bytes. */
export function collect(channel: ClientChannel, target: SshTarget, options: ExecOptions): Promise<ExecResult> {
  const ended = gather(channel, target, options);
  const { stdin = "", body } = options;
  if (body === undefined) {
    channel.end(stdin);
    return ended;
  }
  channel.write(stdin);
  const source = body();
  const broken = new Promise<never>((_resolve, reject) => {
    source.once("error", (error) => {
      // The command must not take what has come for all there is.
      channel.close();
      channel.destroy();
      reject(
        new SshError("lost", hostLabel(target), `what was to be sent to the host could not be read: ${error.message}`),
      );
    });
  });
  source.pipe(channel);
  return Promise.race([ended, broken]).finally(() => source.destroy());
}

/** Collects what a command prints and leaves its stdin to the caller. */
export function gather(channel: ClientChannel, target: SshTarget, options: ExecOptions): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const stdout = new Collector(options.onStdout, options.kept);
    const stderr = new Collector(options.onStderr, options.kept);
    const { onBytes } = options;
    let status: { code: number | null; signal: string | null } | undefined;
    let aborted = false;
    let grace: NodeJS.Timeout | undefined;

    const abort = (): void => {
      aborted = true;
      sendSignal(channel, "TERM");
      grace = setTimeout(() => {
        channel.close();
        channel.destroy();
        reject(interrupted(target)); // Without waiting for an answer: the host may be gone.
      }, INTERRUPT_GRACE_MS);
    };
    channel.on("exit", (code: number | null, signal?: string) => {
      status = { code, signal: signal?.replace(/^SIG/, "") ?? null };
    });
    channel.on("data", (chunk: Buffer) => {
      if (onBytes === undefined) stdout.add(chunk);
      else onBytes(chunk);
    });
    channel.stderr.on("data", (chunk: Buffer) => {
      stderr.add(chunk);
    });
    channel.on("error", () => undefined); // A command that ends before it has read its stdin is no failure of ours.
    channel.on("close", () => {
      clearTimeout(grace);
      options.signal?.removeEventListener("abort", abort);
      if (aborted) {
        reject(interrupted(target));
      } else if (status === undefined) {
        reject(lost(target, stderr.text() || stdout.text()));
      } else {
        resolve({ ...status, stdout: stdout.finish(), stderr: stderr.finish() });
      }
    });

    if (options.signal?.aborted === true) abort();
    else options.signal?.addEventListener("abort", abort, { once: true });
  });
}

function lost(target: SshTarget, output: string): SshError {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  return new SshError(
    "lost",
    hostLabel(target),
    "the SSH connection broke while a command ran; the host may have finished it or not" +
      (last === "" ? "." : ` (its last line: ${last.slice(0, 200)}).`) +
      " Check the host and the network, then run again.",
  );
}

/** Gathers bytes, up to a limit, and passes on text without splitting a character. */
class Collector {
  readonly #chunks: Buffer[] = [];
  readonly #decoder = new StringDecoder("utf8");
  readonly #listener: ((chunk: string) => void) | undefined;
  #room: number;

  constructor(listener: ((chunk: string) => void) | undefined, kept = Infinity) {
    this.#listener = listener;
    this.#room = kept;
  }

  add(chunk: Buffer): void {
    if (this.#room > 0) this.#chunks.push(chunk.subarray(0, this.#room));
    this.#room = Math.max(0, this.#room - chunk.length);
    this.#emit(this.#decoder.write(chunk));
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }

  finish(): string {
    this.#emit(this.#decoder.end());
    return this.text();
  }

  #emit(text: string): void {
    if (text !== "") {
      this.#listener?.(text);
    }
  }
}
