import { connect, createServer, type Server, type Socket } from "node:net";

/** One host behind the proxy. */
export interface ProxiedHost {
  /** Port of the proxy that stands for it. */
  port: number;
  /** Where its sshd is. */
  address: string;
  sshPort: number;
}

export interface ProxyOptions {
  /** Address that the proxy listens on. */
  bind: string;
  /** Milliseconds that a round trip takes longer; each direction takes half of it. */
  roundTrip: number;
  hosts: readonly ProxiedHost[];
}

/** Listens for all hosts. The result closes everything. */
export async function startProxy({ bind, roundTrip, hosts }: ProxyOptions): Promise<() => Promise<void>> {
  const open = new Set<Socket>();
  const servers = await Promise.all(
    hosts.map(async (host) => {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
        serve(client, host, roundTrip, open);
      });
      return listening(server, host.port, bind);
    }),
  );
  return async () => {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const socket of open) socket.destroy();
    await Promise.all(closed);
  };
}

function listening(server: Server, port: number, bind: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, bind, () => {
      resolve(server);
    });
  });
}

/**
 * Passes on one connection. The client's is there at once, so that the round trip of TCP's handshake is made up for: what the client
 * sends counts from its end on, and the host hears of the connection half a round trip later.
 */
function serve(client: Socket, { address, sshPort }: ProxiedHost, roundTrip: number, open: Set<Socket>): void {
  const half = roundTrip / 2;
  const early: (Buffer | undefined)[] = [];
  let host: Socket | undefined;
  const keep = (socket: Socket, other: () => Socket | undefined): void => {
    open.add(socket);
    // A reset on one side is one on the other: both ends see what they would see without a proxy.
    socket.on("error", () => other()?.destroy());
    socket.on("close", () => {
      open.delete(socket);
    });
  };
  const pass = (to: Socket, chunk: Buffer | undefined): boolean => {
    if (to.destroyed) return true;
    if (chunk !== undefined) return to.write(chunk);
    to.end();
    return true;
  };
  keep(client, () => host);
  client.pause();
  setTimeout(() => {
    delay(
      client,
      half,
      () => host,
      (chunk) => (host === undefined ? (early.push(chunk), true) : pass(host, chunk)),
    );
  }, roundTrip);
  setTimeout(() => {
    if (client.destroyed) return;
    const made = connect({ host: address, port: sshPort, allowHalfOpen: true, noDelay: true });
    host = made;
    keep(made, () => client);
    delay(
      made,
      half,
      () => client,
      (chunk) => pass(client, chunk),
    );
    for (const chunk of early) pass(made, chunk);
  }, roundTrip + half);
}

/**
 * Passes on what a socket sends, and its end, so many milliseconds later.
 *
 * @param pass takes a piece, or undefined for the end; false when no more is to come until `to` has room.
 */
function delay(
  from: Socket,
  milliseconds: number,
  to: () => Socket | undefined,
  pass: (chunk: Buffer | undefined) => boolean,
): void {
  const waiting: { due: number; chunk: Buffer | undefined }[] = [];
  const flush = (): void => {
    for (;;) {
      const [next] = waiting;
      if (next === undefined) return;
      const left = next.due - performance.now();
      if (left > 0) {
        setTimeout(flush, left);
        return;
      }
      waiting.shift();
      if (pass(next.chunk) || from.isPaused()) continue;
      from.pause();
      to()?.once("drain", () => from.resume());
    }
  };
  const put = (chunk: Buffer | undefined): void => {
    waiting.push({ due: performance.now() + milliseconds, chunk });
    if (waiting.length === 1) flush();
  };
  from.on("data", put);
  from.on("end", () => {
    put(undefined);
  });
  from.resume();
}
