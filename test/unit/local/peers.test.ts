import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import grpc from "@grpc/grpc-js";
import fc from "fast-check";
import { ownerOf, type ReadTable } from "../../../local/peers.ts";
import { eventually } from "../../support/eventually.ts";
import { startPlugins, type RunningPlugins } from "../../../plugins/index.ts";
import { canBeOther, greet, greetAndLeave, type Who } from "../../support/otherUser.ts";

/** A line of the table, as the kernel writes it. */
const row = (local: string, remote: string, state: string, uid: number, inode: number): string =>
  `   1: ${local} ${remote} ${state} 00000000:00000013 02:00000A1B 00000000 ${String(uid).padStart(5)}        0 ${inode} 2 00000000ae6d4698 20 0 0 11 -1\n`;
const header =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     \n";
const tables =
  (tcp: string, tcp6 = ""): ReadTable =>
  (name) =>
    header + (name === "tcp" ? tcp : tcp6);

// These are how a processor writes numbers that begins with their last byte, as all that Plinth runs on do.
describe("who has opened a connection", () => {
  const peer = { address: "127.0.0.1", port: 0xa178 };
  const own = { address: "127.0.0.1", port: 0xa189 };
  const theirs = (uid: number, state = "01", inode = 7): string =>
    row("0100007F:A178", "0100007F:A189", state, uid, inode);
  const ours = row("0100007F:A189", "0100007F:A178", "01", 0, 8);

  it("is the owner of the socket at the other end, and not of this one", () => {
    assert.equal(ownerOf(tables(ours + theirs(1000)), peer, own), 1000);
    assert.equal(ownerOf(tables(theirs(0) + ours), peer, own), 0);
    assert.equal(ownerOf(tables(ours), peer, own), undefined);
  });

  it("is not known once nobody has that socket any more: the kernel tells 0, which is root, for an owner", () => {
    for (const state of ["04", "05", "06", "08"]) {
      assert.equal(ownerOf(tables(ours + theirs(0, state, 0)), peer, own), undefined);
    }
    assert.equal(ownerOf(tables(theirs(0, "01", 0)), peer, own), undefined);
  });

  it("is found for IPv6, and for IPv4 that is spoken over a socket for IPv6", () => {
    const mapped = row("0000000000000000FFFF00000100007F:A178", "0000000000000000FFFF00000100007F:A189", "01", 33, 7);
    assert.equal(ownerOf(tables(ours, mapped), peer, own), 33);
    assert.equal(ownerOf(tables(ours, mapped), peer, { ...own, address: "::ffff:127.0.0.1" }), 33);
    const six = row("00000000000000000000000001000000:A178", "00000000000000000000000001000000:A189", "01", 44, 7);
    const [left, right] = [peer, own].map((end) => ({ ...end, address: "::1" }));
    assert.ok(left && right);
    assert.equal(ownerOf(tables(theirs(1), six), left, right), 44);
  });

  it("is nobody else of thousands that are connected, and nobody for what is no table", () => {
    const end = fc.record({ address: fc.ipV4(), port: fc.integer({ min: 1, max: 65535 }) });
    const hex = ({ address, port }: { address: string; port: number }): string => {
      const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
      return `${bytes.reverse().join("")}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
    };
    const key = (one: unknown): string => JSON.stringify(one);
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(end, end), { minLength: 1, selector: key }), fc.nat(), (pairs, which) => {
        const lines = pairs.map(([from, to], index) => row(hex(from), hex(to), "01", 2000 + index, 9));
        const chosen = which % pairs.length;
        const [from, to] = pairs[chosen] ?? assert.fail();
        assert.equal(ownerOf(tables(lines.join("")), from, to), 2000 + chosen);
        const rest = lines.filter((_, index) => index !== chosen).join("");
        assert.equal(ownerOf(tables(rest), from, to), undefined);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => ownerOf(() => text, peer, own) === undefined));
  });
});

describe("a server of this process on a loopback address", function () {
  this.timeout(30_000);
  let plugins: RunningPlugins;
  let ports: number[];
  const servers: Server[] = [];
  before(async () => {
    plugins = await startPlugins();
    ports = plugins.debugProviders.split(",").map((one) => Number(one.split(":")[1]));
  });
  after(async () => {
    for (const server of servers) server.close();
    await plugins.close();
  });

  const listen = async (host: string): Promise<{ port: number; sockets: Socket[] }> => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on("error", () => undefined));
      socket.on("data", () => socket.write("it was read"));
    }).listen(0, host);
    servers.push(server);
    await once(server, "listening");
    return { port: (server.address() as AddressInfo).port, sockets };
  };
  /** Bytes that a connection of this process gets to read. */
  const ask = async (port: number, host: string, localAddress?: string): Promise<number> => {
    const socket = connect({ port, host, ...(localAddress === undefined ? {} : { localAddress }) });
    socket.write("hello");
    const [chunk] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    return chunk.length;
  };

  it("talks to us, from whatever address of this machine", async () => {
    for (const port of ports) assert.ok((await greet(port, "self")) >= 9);
    const { port } = await listen("127.0.0.1");
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ internal, family }) => !internal && family === "IPv4")?.address;
    for (const from of ["127.0.0.1", "127.0.0.9", ...(outside === undefined ? [] : [outside])]) {
      assert.ok((await ask(port, "127.0.0.1", from)) > 0, from);
    }
  });

  const other: Who = canBeOther ? "other" : "self";
  /** What another user gets to read. Only root can become one: otherwise it is asked less, that we are talked to. */
  const expected = canBeOther ? [0] : [9];
  const less = canBeOther ? "" : " (not root: it could not be tried as another user)";

  it(`does not talk to other users, be it a plugin's, the SDK's or any other${less}`, async () => {
    for (const port of ports) assert.deepEqual([await greet(port, other)], expected, "a plugin");
    const server = new grpc.Server();
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    try {
      assert.deepEqual([await greet(port, other)], expected, "as the SDK serves its program");
      assert.equal(await greet(port, "self"), 9);
    } finally {
      server.forceShutdown();
    }
    if (!canBeOther) return;
    const plain = await listen("127.0.0.1");
    await greet(plain.port, other);
    assert.deepEqual(
      plain.sockets.map(({ destroyed, bytesRead }) => [destroyed, bytesRead]),
      [[true, 0]],
    );
  });

  it("does not hear what somebody has said who has gone, for whom the kernel tells root as the owner", async () => {
    const plain = await listen("127.0.0.1");
    greetAndLeave(plain.port, other);
    await eventually("it is accepted", 5, () => Promise.resolve(plain.sockets[0]));
    assert.deepEqual(
      plain.sockets.map(({ destroyed, bytesRead }) => [destroyed, bytesRead]),
      [[true, 0]],
    );
  });
});
