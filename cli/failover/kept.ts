import http2 from "node:http2";
import type { Access } from "../../kube/kubeconfig.ts";
import { askedAgain } from "./reasons.ts";
import { tlsOf } from "./tls.ts";

/** Milliseconds for a connection to be there. */
const connectTime = 2000;
/**
 * Milliseconds without any answer after which a connection is given up, as kubelets and kubectl do: they ask after 30 s, and wait for 15 s
 * more (k8s.io/apimachinery, pkg/util/net/http.go).
 */
const silentTime = 45_000;

/** An answer by a kept connection. */
export interface KeptAnswer {
  status: number;
  /** Milliseconds after which the server wants to be asked again, see `askedAgain`. */
  again: number | undefined;
}

/** One connection by HTTP/2, as a watch has it: it is kept until it breaks, and made anew then. */
export class KeptConnection {
  readonly #access: Access;
  #session: http2.ClientHttp2Session | undefined;
  #heard = 0;

  constructor(access: Access) {
    this.#access = access;
  }

  close(): void {
    this.#session?.destroy();
  }

  /** Asks once. Rejects with what the connection or the signal says. */
  async get(path: string, signal: AbortSignal): Promise<KeptAnswer> {
    const session = this.#connected();
    return new Promise((resolve, reject) => {
      const { token } = this.#access;
      const request = session.request(
        { ":path": path, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
        { signal },
      );
      let answer: KeptAnswer = { status: 0, again: undefined };
      request.on("response", (headers) => {
        const status = headers[":status"] ?? 0;
        answer = { status, again: askedAgain(status, headers["retry-after"]) };
      });
      request.on("error", (error: Error) => {
        if (performance.now() - this.#heard > silentTime) session.destroy();
        reject(error);
      });
      request.on("end", () => {
        this.#heard = performance.now();
        resolve(answer);
      });
      // A stream that the other end has reset may close without an error.
      request.on("close", () => {
        reject(new Error("the connection was closed"));
      });
      request.resume();
      request.end();
    });
  }

  #connected(): http2.ClientHttp2Session {
    const known = this.#session;
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = http2.connect(this.#access.server, tlsOf(this.#access));
    this.#heard = performance.now();
    const late = setTimeout(() => {
      session.destroy(new Error(`no connection within ${connectTime / 1000} s`));
    }, connectTime);
    const settled = (): void => {
      clearTimeout(late);
    };
    session.once("connect", settled).once("close", settled);
    // Each request under way is told of it, too.
    session.on("error", () => {
      session.destroy();
    });
    this.#session = session;
    return session;
  }
}
