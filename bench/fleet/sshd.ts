import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import ssh2, { type Connection, type ServerChannel } from "ssh2";
import { answer, takesRunLock } from "./answers.ts";
import type { SimulatedCluster } from "./cluster.ts";
import type { SimulatedHost } from "./host.ts";
import type { StartupGate } from "./startups.ts";

/** What was asked of the fleet since the last `reset`. */
export interface FleetCounters {
  /** TCP connections, those that were dropped included. */
  dials: number;
  dropped: number;
  /** The most connections at a time that had not logged in. */
  mostWaiting: number;
  logins: number;
  commands: number;
  /** First words of commands that nobody knows, and of those that failed. */
  complaints: string[];
}

/** One SSH server for all simulated hosts: each has an address and a host key of its own. */
export class FleetSshd {
  readonly #cluster: SimulatedCluster;
  readonly #gate: StartupGate;
  readonly #onApplied: (host: SimulatedHost) => Promise<void>;
  readonly #listeners: Server[] = [];
  readonly #sockets = new Set<Socket>();
  /** Those that have not logged in. */
  readonly #waiting = new Set<Socket>();
  readonly #port: number;
  #counters = { dials: 0, logins: 0, commands: 0, complaints: [] as string[] };

  /**
   * @param onApplied is awaited before a host answers.
   */
  constructor(
    cluster: SimulatedCluster,
    gate: StartupGate,
    port: number,
    onApplied: (host: SimulatedHost) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#cluster = cluster;
    this.#gate = gate;
    this.#port = port;
    this.#onApplied = onApplied;
  }

  /** Starts to answer for a host. Returns its public host key, `TYPE BASE64`. */
  async serve(host: SimulatedHost): Promise<string> {
    const key = newKeyPair();
    const listener = createServer((socket) => {
      // A server for each connection, so that the socket is known that a login belongs to.
      const logins = new ssh2.Server({ hostKeys: [key.private] }, (connection) => {
        this.#login(connection, host, socket);
      });
      this.#accept(socket, logins);
    });
    listener.listen(this.#port, host.address);
    await once(listener, "listening");
    this.#listeners.push(listener);
    return key.public;
  }

  counters(): FleetCounters {
    return { ...this.#counters, dropped: this.#gate.dropped, mostWaiting: this.#gate.most };
  }

  reset(): void {
    this.#counters = { dials: 0, logins: 0, commands: 0, complaints: [] };
    this.#gate.reset();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  }

  #accept(socket: Socket, logins: ssh2.Server): void {
    this.#counters.dials++;
    socket.on("error", () => undefined); // Who dials may break off.
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#leave(socket);
    });
    if (!this.#gate.arrive()) {
      socket.resume(); // What comes is not looked at, the end of it excepted.
      socket.end("Exceeded MaxStartups\r\n"); // As sshd says it, in place of its version.
      return;
    }
    this.#waiting.add(socket);
    socket.setNoDelay(true);
    logins.injectSocket(socket);
  }

  #leave(socket: Socket): void {
    if (this.#waiting.delete(socket)) this.#gate.leave();
  }

  #login(connection: Connection, host: SimulatedHost, socket: Socket): void {
    connection.on("error", () => undefined);
    connection.on("authentication", (context) => {
      if (context.method === "publickey") context.accept();
      else context.reject(["publickey"]);
    });
    connection.on("ready", () => {
      this.#leave(socket);
      this.#counters.logins++;
    });
    connection.on("session", (accept) => {
      const session = accept();
      session.on("env", (acceptVariable) => {
        (acceptVariable as (() => void) | undefined)?.();
      });
      session.on("exec", (acceptCommand, _reject, { command }) => {
        this.#counters.commands++;
        const channel = acceptCommand();
        channel.on("error", () => undefined);
        if (takesRunLock(command)) holdLock(channel, host, command);
        else this.#run(channel, host, command);
      });
    });
  }

  #run(channel: ServerChannel, host: SimulatedHost, command: string): void {
    const chunks: Buffer[] = [];
    channel.on("data", (chunk: Buffer) => chunks.push(chunk));
    channel.on("end", () => {
      const result = answer(host, this.#cluster, command, Buffer.concat(chunks).toString("utf8"));
      if (result.code !== 0) this.#counters.complaints.push(`${host.name}: ${result.stderr.trim()}`);
      void this.#onApplied(host).then(() => {
        if (result.stderr !== "") channel.stderr.write(result.stderr);
        if (result.stdout !== "") channel.write(result.stdout);
        channel.exit(result.code);
        channel.end();
      });
    });
  }
}

/** The run lock of `scripts/run-lock.sh`: `locked`, then a dot for every byte, until the input ends. */
function holdLock(channel: ServerChannel, host: SimulatedHost, command: string): void {
  const end = (): void => {
    channel.exit(0);
    channel.end();
  };
  if (host.lock !== undefined) {
    channel.write(`held ${host.lock.holder}\n`);
    end();
    return;
  }
  const lock = { holder: /run-lock '([^']*)'/.exec(command)?.[1] ?? "by a run that has not said who it is" };
  host.lock = lock;
  const free = (): void => {
    if (host.lock === lock) host.lock = undefined;
  };
  channel.write("locked\n");
  channel.on("data", (chunk: Buffer) => {
    channel.write(".".repeat(chunk.length));
  });
  channel.once("end", () => {
    free();
    end();
  });
  channel.once("close", free);
}

/** A new Ed25519 key. ssh2 makes one in a few hundred that it cannot read itself. */
export function newKeyPair(): { private: string; public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519", {});
    const type = pair.public.split(" ").slice(0, 2).join(" ").trim();
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return { private: pair.private, public: type };
  }
}
