import type { Client, ClientChannel } from "ssh2";
import type { Duplex } from "node:stream";
import { errorText, hostLabel, interrupted, SshError } from "./errors.ts";
import type { Bastion, Transport } from "./transport.ts";
import type { SshTarget } from "./types.ts";

/** sshd's default MaxSessions. */
const MAX_CHANNELS = 10;
const PING_INTERVAL_MS = 10_000;
const SILENT_PINGS = 3;
const OPEN_TIMEOUT_MS = 15_000;
const ABORT_GRACE_MS = 3000;

/** The connection was found dead before a command was sent: dialling again is safe. */
export class StaleConnection extends Error {}

/** A function that asks ssh2 for one channel and hands it to a callback. */
type Opener<C> = (client: Client, done: (error: Error | undefined, channel?: C) => void) => void;

interface Closable {
  end(): void;
}

/**
 * One logged-in SSH connection with a bounded number of channels. While a channel is open it pings the host and
 * declares the connection lost after 30 s of silence; while idle it does not keep the process alive.
 */
export class SshConnection implements Bastion {
  readonly target: SshTarget;
  readonly #client: Client;
  readonly #transport: Transport;
  readonly #waiting: (() => void)[] = [];
  #limit = MAX_CHANNELS;
  #open = 0;
  #attended = 0;
  #holds = 0;
  #closed = false;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(target: SshTarget, client: Client, transport: Transport) {
    this.target = target;
    this.#client = client;
    this.#transport = transport;
    client.setMaxListeners(0); // Every channel that is being opened listens for the end of the connection.
    client.on("close", () => {
      this.#markClosed();
    });
    client.on("error", () => {
      this.#markClosed(); // Channels in use see their own close; an idle connection is dialled again on the next use.
    });
    transport.hold(false);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Opens a session channel that runs `command`, waiting for a free slot. `listen` gets it in the very call that opened
   * it: a quick command's exit status is in the same packet. `release` must be called when the command is over. `sending` is
   * called when there is a slot.
   */
  exec<T>(
    command: string,
    env: Record<string, string>,
    signal: AbortSignal,
    listen: (channel: ClientChannel) => T,
    sending: () => void = () => undefined,
  ): Promise<{ heard: T }> {
    return this.#channel<ClientChannel, { heard: T }>(
      signal,
      (client, done) => {
        sending();
        client.exec(command, { env }, done);
      },
      (channel) => ({ heard: listen(channel) }),
    );
  }

  /** Opens a TCP stream from the host to `host:port`. It takes no session slot. */
  forward(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
    return this.#ask<ClientChannel, Duplex>(
      signal,
      (client, done) => client.forwardOut("127.0.0.1", 0, host, port, done),
      (channel) => channel,
    );
  }

  /** Gives a slot back. */
  release(): void {
    this.#open--;
    this.hold(false);
    this.#waiting.shift()?.();
  }

  /**
   * For a channel that may stay open for hours and says nothing most of the time: it does not keep the process alive, nor
   * is the host pinged for its sake. Returns what gives its slot back.
   */
  attend(): () => void {
    this.#attended++;
    this.hold(false);
    return () => {
      this.#attended--;
      this.#open--;
      this.#waiting.shift()?.();
    };
  }

  /** Counts users of the connection; with none it is idle: no pings, and the process may end. */
  hold(active: boolean): void {
    this.#holds += active ? 1 : -1;
    if (this.#closed) {
      return;
    }
    if (this.#holds > 0 && this.#heartbeat === undefined) {
      this.#transport.hold(true);
      this.#startHeartbeat();
    } else if (this.#holds === 0) {
      clearInterval(this.#heartbeat);
      this.#heartbeat = undefined;
      this.#transport.hold(false);
    }
  }

  /** Ends the connection; channels in use are cut off. */
  close(): void {
    this.#markClosed();
    this.#client.end();
    this.#client.destroy();
  }

  async #channel<C extends Closable, T>(signal: AbortSignal, open: Opener<C>, opened: (channel: C) => T): Promise<T> {
    for (;;) {
      await this.#slot(signal);
      try {
        return await this.#ask(signal, open, opened);
      } catch (error) {
        const others = this.#open - 1;
        this.release();
        if (!isRefusal(error)) {
          throw error;
        }
        // Attended channels do not end by themselves: there is nothing to wait for.
        if (others <= this.#attended) {
          throw new SshError(
            "unreachable",
            hostLabel(this.target),
            `sshd let us in but refuses sessions (${errorText(error)}). Check MaxSessions in its sshd_config.`,
            { cause: error },
          );
        }
        this.#limit = Math.max(1, Math.min(this.#limit, others)); // sshd allows fewer sessions than we thought.
      }
    }
  }

  async #slot(signal: AbortSignal): Promise<void> {
    while (this.#open >= this.#limit) {
      await new Promise<void>((resolve, reject) => {
        const abort = (): void => {
          this.#waiting.splice(this.#waiting.indexOf(wake), 1);
          reject(interrupted(this.target));
        };
        const wake = (): void => {
          signal.removeEventListener("abort", abort);
          resolve();
        };
        signal.addEventListener("abort", abort, { once: true });
        this.#waiting.push(wake);
      });
    }
    if (this.#closed) {
      this.#waiting.shift()?.(); // The next one in the queue must learn it, too.
      throw new StaleConnection();
    }
    this.#open++;
    this.hold(true);
  }

  /**
   * Asks for a channel; `opened` is called in the very event that brings it. After an abort it is still waited for, a
   * short while: the host may have started the command already, and only over its channel can it be stopped.
   */
  #ask<C extends Closable, T>(signal: AbortSignal, open: Opener<C>, opened: (channel: C) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let settled = false;
      const finish = (action: () => void): void => {
        settled = true;
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        this.#client.off("close", stale);
        action();
      };
      const stale = (): void => {
        finish(() => {
          reject(new StaleConnection());
        });
      };
      const interrupt = (): void => {
        finish(() => {
          reject(interrupted(this.target));
        });
      };
      const abort = (): void => {
        clearTimeout(timer);
        timer = setTimeout(interrupt, ABORT_GRACE_MS);
      };
      let timer = setTimeout(() => {
        this.close(); // The host does not answer on a connection that we thought alive.
        stale();
      }, OPEN_TIMEOUT_MS);
      if (signal.aborted) {
        interrupt(); // Nothing has been sent yet.
        return;
      }
      signal.addEventListener("abort", abort, { once: true });
      this.#client.once("close", stale);
      try {
        open(this.#client, (error, channel) => {
          if (settled) {
            channel?.end(); // Nobody waits for it any more: end of input, and its slot on the host is free again.
            return;
          }
          finish(() => {
            if (error === undefined && channel !== undefined) resolve(opened(channel));
            else reject(error ?? new StaleConnection());
          });
        });
      } catch {
        stale(); // ssh2 throws "Not connected".
      }
    });
  }

  #startHeartbeat(): void {
    let silent = 0;
    let seen = this.#transport.bytesRead();
    this.#heartbeat = setInterval(() => {
      const bytes = this.#transport.bytesRead();
      silent = bytes === seen ? silent + 1 : 0;
      seen = bytes;
      if (silent > SILENT_PINGS) {
        this.close();
        return;
      }
      try {
        // A request that every server answers, with a refusal, and that changes nothing: no such forwarding exists.
        this.#client.unforwardIn("127.0.0.1", 1, () => undefined);
      } catch {
        this.#markClosed();
      }
    }, PING_INTERVAL_MS);
  }

  #markClosed(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    clearInterval(this.#heartbeat);
    this.#waiting.shift()?.();
  }
}

/** Whether sshd refused to open one more channel on a connection that is otherwise fine. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && "reason" in error && error.message.includes("Channel open failure");
}
