import assert from "node:assert/strict";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { SshError, SshPool, type SshPoolOptions, type SshTarget } from "../../../ssh/index.ts";
import { startSshServer, type TestSshServer } from "./sshServer.ts";

describe("ssh connections that are dropped before the login", () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  function newPool(options: SshPoolOptions = {}): SshPool {
    const pool = new SshPool(options);
    cleanups.push(() => pool.close());
    return pool;
  }

  async function newServer(): Promise<TestSshServer> {
    const server = await startSshServer({ password: "pw" });
    cleanups.push(() => server.close());
    return server;
  }

  /** A port in front of a server, that hands on a connection or does something else with it. */
  async function front(accept: (socket: Socket, handOn: () => void) => void, server?: TestSshServer): Promise<number> {
    const sockets = new Set<Socket>();
    const listener = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      accept(socket, () => {
        const inner = connect(server?.port ?? 0, "127.0.0.1");
        inner.on("error", () => socket.destroy());
        socket.on("close", () => inner.destroy());
        socket.pipe(inner).pipe(socket);
      });
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => listener.once("listening", resolve));
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => listener.close(resolve));
    });
    return (listener.address() as AddressInfo).port;
  }

  const refuse = (socket: Socket): void => void socket.end("Exceeded MaxStartups\r\n");
  const target = (port: number): SshTarget => ({ host: "127.0.0.1", port, password: "pw", dialErrorLimit: 0 });

  for (const [how, drop] of [
    ["closed with a sentence, as sshd does", refuse],
    ["closed without a word", (socket: Socket) => void socket.end()],
    ["reset", (socket: Socket) => void socket.resetAndDestroy()],
  ] as const) {
    it(`are opened again when they were ${how}, and do not count as failures`, async () => {
      const server = await newServer();
      let dropped = 0;
      const port = await front((socket, handOn) => {
        if (dropped < 2) {
          dropped++;
          drop(socket);
        } else handOn();
      }, server);
      assert.equal((await newPool().exec(target(port), "echo in")).stdout, "in\n");
      assert.equal(dropped, 2);
    });
  }

  it("make the host unreachable when it goes on, with what to look at", async () => {
    let dials = 0;
    const port = await front((socket) => {
      dials++;
      refuse(socket);
    });
    const pool = newPool({ dropPatience: 1 });
    const error: unknown = await pool.exec(target(port), "true").catch((reason: unknown) => reason);
    assert.ok(error instanceof SshError);
    assert.equal(error.kind, "unreachable");
    assert.match(
      error.message,
      /took 2 connections in 1 s and closed each before the login.*MaxStartups.*plinth:sshDials/,
    );
    assert.equal(dials, 2);
    await assert.rejects(pool.exec(target(port), "true"), { message: error.message });
    assert.equal(dials, 2, "the breaker must not dial");
  });

  it("are not what a refused login is", async () => {
    const server = await newServer();
    const pool = newPool();
    await assert.rejects(pool.exec({ ...target(server.port), password: "wrong" }, "true"), { kind: "auth" });
    assert.equal(server.counts.connections, 1);
  });

  it("end with an abort at once", async () => {
    const dropped = Promise.withResolvers<undefined>();
    const port = await front((socket) => {
      refuse(socket);
      dropped.resolve(undefined);
    });
    const controller = new AbortController();
    const running = newPool().exec(target(port), "true", { signal: controller.signal });
    await dropped.promise;
    controller.abort();
    await assert.rejects(running, { kind: "interrupted" });
  });
});

describe("ssh dials at the same time", () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** A server that takes connections and says nothing until it is told to hand them on. */
  async function silent(): Promise<{ port: number; sockets: Socket[] }> {
    const sockets: Socket[] = [];
    const listener = createServer((socket) => {
      socket.on("error", () => undefined);
      sockets.push(socket);
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => listener.once("listening", resolve));
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => listener.close(resolve));
    });
    return { port: (listener.address() as AddressInfo).port, sockets };
  }

  it("are bounded over all hosts, and all hosts have their turn", async () => {
    const servers = await Promise.all(Array.from({ length: 6 }, () => startSshServer({ password: "pw" })));
    const pool = new SshPool({ dials: 2 });
    cleanups.push(() => pool.close(), ...servers.map((server) => () => server.close()));
    let most = 0;
    const watched = servers.map(({ port }) => pool.exec({ host: "127.0.0.1", port, password: "pw" }, "echo in"));
    const underWay = (): number => servers.reduce((sum, { counts }) => sum + counts.connections - counts.logins, 0);
    const timer = setInterval(() => {
      most = Math.max(most, underWay());
    }, 1);
    const results = await Promise.all(watched);
    clearInterval(timer);
    assert.deepEqual(new Set(results.map(({ stdout }) => stdout)), new Set(["in\n"]));
    assert.ok(most <= 2, `${most} dials at a time`);
  });

  it("cost a host that waits for its turn nothing of its budget", async () => {
    const { port, sockets } = await silent();
    const server = await startSshServer({ password: "pw" });
    const pool = new SshPool({ dials: 1 });
    cleanups.push(
      () => pool.close(),
      () => server.close(),
    );
    const slow = pool.exec({ host: "127.0.0.1", port, password: "pw", dialErrorLimit: 0, perDialTimeout: 2 }, "true");
    // Its own second would be over before it has its turn.
    const quick = pool.exec(
      { host: "127.0.0.1", port: server.port, password: "pw", dialErrorLimit: 0, perDialTimeout: 1 },
      "echo in",
    );
    await assert.rejects(slow, { kind: "unreachable" });
    assert.equal((await quick).stdout, "in\n");
    assert.equal(sockets.length, 1);
  });

  it("do not wait for themselves behind a proxy", async () => {
    const bastion = await startSshServer({ password: "pw" });
    const inner = await startSshServer({ password: "pw" });
    const pool = new SshPool({ dials: 1 });
    cleanups.push(
      () => pool.close(),
      () => inner.close(),
      () => bastion.close(),
    );
    const proxy = { host: "127.0.0.1", port: bastion.port, password: "pw" };
    const { stdout } = await pool.exec({ host: "127.0.0.1", port: inner.port, password: "pw", proxy }, "echo in");
    assert.equal(stdout, "in\n");
  });

  it("follow a new limit", async () => {
    const { port } = await silent();
    const server = await startSshServer({ password: "pw" });
    const pool = new SshPool({ dials: 1 });
    cleanups.push(
      () => pool.close(),
      () => server.close(),
    );
    const stuck = pool.exec({ host: "127.0.0.1", port, password: "pw" }, "true").catch(() => undefined);
    const waiting = pool.exec({ host: "127.0.0.1", port: server.port, password: "pw" }, "echo in");
    pool.limitDials(2);
    assert.equal((await waiting).stdout, "in\n");
    await pool.close();
    await stuck;
  });
});
