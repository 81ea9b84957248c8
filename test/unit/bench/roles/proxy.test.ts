import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { startProxy } from "../../../../bench/roles/proxy.ts";

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("bench roles: the proxy that delays", () => {
  const roundTrip = 40;
  let server: Server;
  let port: number;
  let close: () => Promise<void>;

  before(async () => {
    // Greets first, as sshd does, and sends back what comes, with the end.
    server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.write("hello ");
      socket.pipe(socket);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    port = await freePort();
    const host = { port, address: "127.0.0.1", sshPort: (server.address() as AddressInfo).port };
    close = await startProxy({ bind: "127.0.0.1", roundTrip, hosts: [host] });
  });
  after(async () => {
    await close();
    server.close();
  });

  it("passes on everything in its order, the end too, and no sooner than a handshake and a round trip take", async () => {
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    const started = performance.now();
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    socket.end(sent);
    const chunks: Buffer[] = [];
    let first: number | undefined;
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      first ??= performance.now() - started;
      chunks.push(chunk);
    }
    assert.equal(Buffer.compare(Buffer.concat(chunks), Buffer.concat([Buffer.from("hello "), sent])), 0);
    // A millisecond less for timers, which count in whole ones.
    assert.ok((first ?? 0) >= 2 * roundTrip - 2, `${first ?? 0} ms`);
  });

  it("closes with what it stands for", async () => {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "data");
    const ended = once(socket, "close");
    await close();
    await ended;
  });
});
