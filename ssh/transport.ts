import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { DroppedConnection, isDrop } from "./dial.ts";
import { errorText } from "./errors.ts";
import type { SshTarget } from "./types.ts";

/** The byte stream under one SSH connection. */
export interface Transport {
  stream: Duplex;
  /** Bytes received so far: a sign of life that needs no answer to a ping. */
  bytesRead(): number;
  /** Keeps the process alive (`true`) or lets it end (`false`) while this transport is open. */
  hold(active: boolean): void;
}

/** What a bastion's connection offers to a connection through it. */
export interface Bastion {
  forward(host: string, port: number, signal: AbortSignal): Promise<Duplex>;
  hold(active: boolean): void;
}

/** Opens TCP to the target. Rejects with the plain socket error, a `DroppedConnection`, or when `signal` aborts. */
export function openSocket(target: SshTarget, signal: AbortSignal): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: target.host, port: target.port ?? 22, noDelay: true });
    const abort = (): void => {
      socket.destroy(new Error(errorText(signal.reason)));
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    socket.once("error", (error) => {
      signal.removeEventListener("abort", abort);
      reject(isDrop(error) ? new DroppedConnection(errorText(error), { cause: error }) : error);
    });
    socket.once("connect", () => {
      signal.removeEventListener("abort", abort);
      socket.removeAllListeners("error");
      resolve({
        stream: socket,
        bytesRead: () => socket.bytesRead,
        hold: (active) => {
          if (active) socket.ref();
          else socket.unref();
        },
      });
    });
  });
}

/** Opens a stream to the target through a bastion's connection. */
export async function openThroughProxy(proxy: Bastion, target: SshTarget, signal: AbortSignal): Promise<Transport> {
  const stream = await proxy.forward(target.host, target.port ?? 22, signal);
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  stream.pause();
  let held = false;
  return {
    stream,
    bytesRead: () => bytes,
    hold: (active) => {
      if (active !== held) {
        held = active;
        proxy.hold(active);
      }
    },
  };
}
