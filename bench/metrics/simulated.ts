import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Captured } from "./captured.ts";
import { tell, type Figures } from "./figures.ts";

/** Hosts that tell what others did, as one server on loopback: the figures of a job of a host are at `/HOST/JOB`. */
export class SimulatedHosts {
  readonly #server: Server;
  readonly #hosts: ReadonlyMap<string, Captured>;
  readonly #begin = performance.now();
  /** What a job tells in one second, for all hosts that tell the same. */
  readonly #told = new Map<Figures, { second: number; body: Buffer }>();
  /** Bytes sent, by job, and answers. */
  readonly sent = new Map<string, { bytes: number; answers: number }>();

  /** @param hosts name of a host → what it tells. */
  private constructor(hosts: ReadonlyMap<string, Captured>) {
    this.#hosts = hosts;
    this.#server = createServer((request, response) => {
      const [, host = "", job = ""] = (request.url ?? "").split("/");
      const body = this.#bodyOf(host, job);
      response.writeHead(body === undefined ? 404 : 200, {
        "content-type": "text/plain; version=0.0.4; charset=utf-8",
      });
      response.end(body);
    });
  }

  static async start(hosts: ReadonlyMap<string, Captured>): Promise<SimulatedHosts> {
    const simulated = new SimulatedHosts(hosts);
    await new Promise<void>((resolve) => simulated.#server.listen(0, "127.0.0.1", resolve));
    return simulated;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #bodyOf(host: string, job: string): Buffer | undefined {
    const figures = this.#hosts.get(host)?.get(job);
    if (figures === undefined) return undefined;
    const second = Math.floor((performance.now() - this.#begin) / 1000);
    let told = this.#told.get(figures);
    if (told?.second !== second) {
      told = { second, body: Buffer.from(tell(figures, second)) };
      this.#told.set(figures, told);
    }
    const sent = this.sent.get(job) ?? { bytes: 0, answers: 0 };
    this.sent.set(job, { bytes: sent.bytes + told.body.length, answers: sent.answers + 1 });
    return told.body;
  }
}
