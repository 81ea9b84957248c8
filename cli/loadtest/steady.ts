import { setTimeout as delay } from "node:timers/promises";
import type { Access } from "../../kube/kubeconfig.ts";
import type { ClientName } from "../../plan/loadtest/samples.ts";
import { KeptConnection } from "../failover/kept.ts";
import { reasonOf, statusReason } from "../failover/reasons.ts";
import { atPace, type Recorder } from "./recorder.ts";
import { ask, type Outcome } from "./request.ts";

/** Milliseconds between two requests of each client that looks for gaps, and for an answer. */
export const steadyEvery = { new: 100, kept: 100, write: 250 } as const satisfies Partial<Record<ClientName, number>>;
const patience = 10_000;

/** The server says that it has not begun with a request, which may be sent again: clients of HTTP/2 do so by themselves (RFC 9113, 8.7). */
const notBegun = /REFUSED_STREAM/;

/** Clients that ask at a steady pace, each in its own way, so that what fails or is silent is seen as a gap. */
export class SteadyClients {
  readonly #access: Access;
  readonly #recorder: Recorder;
  readonly #read: string;
  readonly #written: string;
  #kept: KeptConnection;

  /** @param read path that is read. @param written path of an object that is written to. */
  constructor(access: Access, recorder: Recorder, { read, written }: { read: string; written: string }) {
    this.#access = access;
    this.#recorder = recorder;
    this.#read = read;
    this.#written = written;
    this.#kept = new KeptConnection(access);
  }

  /** Asks until it is stopped. */
  async run(stop: AbortSignal): Promise<void> {
    const send: Record<keyof typeof steadyEvery, (index: number) => Promise<Outcome>> = {
      new: () => ask(this.#access, { method: "GET", path: this.#read }, false, patience),
      kept: () => this.#askKept(),
      write: (index) => {
        const body = { data: { writes: String(index) } };
        return ask(this.#access, { method: "PATCH", path: this.#written, body }, false, patience);
      },
    };
    const clients = Object.entries(steadyEvery) as [keyof typeof steadyEvery, number][];
    await Promise.all(
      clients.map(([client, every]) =>
        atPace(every, stop, (index) => {
          void this.#recorder.record({ client }, () => send[client](index));
        }),
      ),
    );
  }

  close(): void {
    this.#kept.close();
  }

  async #askKept(): Promise<Outcome> {
    const signal = AbortSignal.timeout(patience);
    try {
      return await this.#get(signal);
    } catch (error) {
      if (signal.aborted) return { failure: `no answer within ${patience / 1000} s`, unanswered: true };
      return { failure: reasonOf(error) };
    }
  }

  async #get(signal: AbortSignal): Promise<Outcome> {
    for (;;) {
      const answer = await this.#kept.get(this.#read, signal).catch((error: unknown) => {
        if (!(error instanceof Error) || !notBegun.test(error.message)) throw error;
        return { status: 0, again: 0 };
      });
      if (answer.again === undefined) {
        const failure = statusReason(answer.status, "");
        return failure === undefined ? {} : { failure };
      }
      // That connection takes no more.
      this.#kept.close();
      this.#kept = new KeptConnection(this.#access);
      await delay(answer.again, undefined, { signal });
    }
  }
}
