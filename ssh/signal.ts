import type { ClientChannel } from "ssh2";

/** What ssh2 keeps to itself and a signal needs. */
interface Internals {
  outgoing?: { id: number; state: string };
  _client?: { _protocol?: { signal?(channel: number, name: string): void } };
}

/**
 * Sends a signal (without SIG) to the remote command. ssh2's own `signal()` does nothing once stdin has ended, as it
 * nearly always has, though the protocol allows it until the channel is closed; hence the way around it.
 */
export function sendSignal(channel: ClientChannel, name: string): void {
  const { outgoing, _client } = channel as unknown as Internals;
  if (outgoing?.state === "open" || outgoing?.state === "eof") {
    _client?._protocol?.signal?.(outgoing.id, name);
  }
}
