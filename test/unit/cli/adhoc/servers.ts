import { SshPool, type SshTarget } from "../../../../ssh/index.ts";
import { startSshServer, type TestSshServer, type TestSshServerOptions } from "../../ssh/sshServer.ts";

/** Hosts that are servers on this machine, and a pool of connections to them. All of it is gone after `close`. */
export class TestHosts {
  readonly pool = new SshPool();
  readonly access = new Map<string, SshTarget>();
  readonly servers: TestSshServer[] = [];

  async add(name: string, options: TestSshServerOptions = {}): Promise<TestSshServer> {
    const server = await startSshServer({ password: "pw", ...options });
    this.servers.push(server);
    const target = { host: "127.0.0.1", port: server.port, user: "me", password: "pw", hostKey: server.hostKey };
    this.access.set(name, target);
    return server;
  }

  /** A host of which nothing is left but its port. */
  async addDead(name: string): Promise<void> {
    const server = await this.add(name);
    await server.close();
    this.servers.pop();
  }

  async close(): Promise<void> {
    await this.pool.close();
    for (const server of this.servers) await server.close();
  }
}
