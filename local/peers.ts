import { subscribe } from "node:diagnostics_channel";
import { on, once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { endianness } from "node:os";
import ipaddr from "ipaddr.js";

/** One end of a TCP connection. */
export interface Endpoint {
  /** For example `127.0.0.1`, `::1`, or `::ffff:127.0.0.1`, which is the same as the first. */
  address: string;
  port: number;
}

/** Reads one of the kernel's tables of the TCP sockets of this network namespace. */
export type ReadTable = (name: "tcp" | "tcp6") => string;

/** As the kernel numbers the states of a connection. */
const established = "01";

/**
 * User id of the process that has opened a connection: the one of the socket at the other end, which is in the tables because both
 * ends are on this machine.
 *
 * @returns undefined when there is no such socket, or nobody has it open any more. The kernel tells 0 as the owner of a socket that
 *   was closed, so that only one that is established counts: what somebody has sent before is still to be read.
 */
export function ownerOf(read: ReadTable, peer: Endpoint, own: Endpoint): number | undefined {
  const from = ipaddr.process(peer.address);
  const to = ipaddr.process(own.address);
  const wide = (): number | undefined =>
    ownerIn(read("tcp6"), `${inTable(from, peer.port, true)} ${inTable(to, own.port, true)}`);
  if (from.kind() === "ipv6") return wide();
  // A program may use a socket for IPv6 to talk IPv4.
  return ownerIn(read("tcp"), `${inTable(from, peer.port, false)} ${inTable(to, own.port, false)}`) ?? wide();
}

/** `ends`: both ends of a connection as the table writes them. */
function ownerIn(table: string, ends: string): number | undefined {
  const before = ` ${ends} ${established} `;
  const at = table.indexOf(before);
  if (at < 0) return undefined;
  const rest = table.slice(at + before.length, at + before.length + 120);
  // Queues, timer, retransmits, user id, timeout, inode. A socket without an inode belongs to no process.
  const [, uid, inode] = /^\S+ +\S+ +\S+ +(\d+) +\d+ +(\d+)\b/.exec(rest) ?? [];
  return uid === undefined || inode === "0" ? undefined : Number(uid);
}

/** As the kernel writes it: `0100007F:1F90`. Words of 32 bits, each in the order of the processor. */
function inTable(address: ipaddr.IPv4 | ipaddr.IPv6, port: number, wide: boolean): string {
  const shown = wide && address instanceof ipaddr.IPv4 ? address.toIPv4MappedAddress() : address;
  const bytes = Buffer.from(shown.toByteArray());
  if (endianness() === "LE") bytes.swap32();
  return `${bytes.toString("hex")}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
}

const readTable: ReadTable = (name) => {
  try {
    return readFileSync(`/proc/self/net/${name}`, "utf8");
  } catch (error) {
    // A kernel without IPv6.
    if (name === "tcp6" && (error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
};

/** How often a connection is looked for: the kernel may leave one out while others begin and end. */
const looks = 3;

/** Whether this very user has opened a connection. */
function isOurs(socket: Socket): boolean {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  // One that has ended meanwhile has no other end.
  if (remoteAddress === undefined || remotePort === undefined) return false;
  if (localAddress === undefined || localPort === undefined) return false;
  const peer = { address: remoteAddress, port: remotePort };
  const own = { address: localAddress, port: localPort };
  for (let look = 0; look < looks; look++) {
    // At once, and not later: what it sends is not read before this is done.
    const uid = ownerOf(readTable, peer, own);
    if (uid !== undefined) return uid === process.geteuid?.();
  }
  return false;
}

/** Connections that were looked at, and whether they may stay. */
const judged = new WeakMap<Socket, boolean>();

/** Ends a connection to a loopback address of this process unless it is ours. */
function judge(socket: Socket): void {
  const { localAddress } = socket;
  // Sockets with a path have none; who may open those is a matter of the path.
  if (localAddress === undefined || ipaddr.process(localAddress).range() !== "loopback") return;
  let ours = false;
  try {
    ours = isOurs(socket);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.emitWarning(`a connection was refused, because it could not be seen who has opened it: ${reason}`);
  }
  judged.set(socket, ours);
  if (!ours) socket.destroy();
}

let watching: Promise<boolean> | undefined;

/**
 * From now on no server of this process that listens on a loopback address talks to other users of this machine, whoever has made it:
 * ours, or the SDK's. A connection is ended before anything that came over it is read. Root is another user, too, unless this process is
 * root's. May be called any number of times.
 *
 * @returns false where the system does not tell who opens a connection (all but Linux): nothing is refused there.
 * @throws Error when Linux does not tell it either, because /proc is not what it should be.
 */
export function refuseOtherUsers(): Promise<boolean> {
  if (process.platform !== "linux") return Promise.resolve(false);
  watching ??= watch();
  return watching;
}

async function watch(): Promise<true> {
  // Node.js calls it for every connection that it accepts, before it reads from it.
  subscribe("net.server.socket", (message) => {
    judge((message as { socket: Socket }).socket);
  });
  const verdict = await tryOut();
  if (verdict === true) return true;
  const why = verdict === undefined ? "Node.js does not tell of connections" : "/proc/self/net/tcp does not tell it";
  throw new Error(
    `Plinth cannot see which user of this machine opens a connection to it, and so cannot keep others away: ${why}. ` +
      "Run it where /proc is the kernel's own, by the Node.js release that ./plinth fetches.",
  );
}

/** What becomes of a connection from this process to itself; undefined when it was not looked at. */
async function tryOut(): Promise<boolean | undefined> {
  const server = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a server on 127.0.0.1 has no port");
  const accepted = on(server, "connection");
  const client = connect(address.port, "127.0.0.1");
  await once(client, "connect");
  client.on("error", () => undefined); // It may be refused: that is what is tried.
  try {
    for await (const [socket] of accepted as AsyncIterable<[Socket]>) {
      // Another user may have been faster.
      if (socket.remotePort !== client.localPort) continue;
      socket.destroy();
      return judged.get(socket);
    }
    return undefined;
  } finally {
    client.destroy();
    server.close();
  }
}
