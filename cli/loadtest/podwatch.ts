import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiClient } from "../../kube/client.ts";
import type { Access } from "../../kube/kubeconfig.ts";
import { parsePodList, parseWatchLine, type SeenPod } from "../../plan/loadtest/podstart.ts";
import { tlsOf } from "../failover/tls.ts";

/** Seconds for which a list is tried, and after which a watch is begun anew by the server. */
const listSeconds = 30;
const watchSeconds = 300;
/** Milliseconds before a watch that has ended is begun anew. */
const pause = 200;
/** Milliseconds of silence after which a connection is tried. */
const keepAliveAfter = 3000;
/** A line that is longer is none of a pod. Characters. */
const longestLine = 2 ** 20;

/** Follows the pods of a namespace as clients do: a list, then a watch, and both anew whenever that ends. */
export class PodWatch {
  /** How often it had to begin anew. */
  begunAnew = 0;
  readonly #access: Access;
  readonly #client: ApiClient;
  readonly #path: string;
  readonly #onPod: (pod: SeenPod, gone: boolean) => void;
  readonly #onList: (names: ReadonlySet<string>) => void;

  /** @param path of the pods of the namespace. @param on what is told: each pod that is seen, and the names of all after each list. */
  constructor(
    access: Access,
    path: string,
    on: { pod: (pod: SeenPod, gone: boolean) => void; list: (names: ReadonlySet<string>) => void },
  ) {
    this.#access = access;
    this.#client = new ApiClient(access);
    this.#path = path;
    this.#onPod = on.pod;
    this.#onList = on.list;
  }

  async run(stop: AbortSignal): Promise<void> {
    for (let first = true; !stop.aborted; first = false) {
      if (!first) this.begunAnew += 1;
      try {
        const version = await this.#list(stop);
        await this.#follow(version, stop);
      } catch (error) {
        // Whatever has ended it, the next list tells what there is; that it had to begin anew is counted.
        if (!(error instanceof Error)) throw error;
      }
      await sleep(pause, undefined, { signal: stop }).catch((error: unknown) => {
        if (!stop.aborted) throw error;
      });
    }
    this.#client.close();
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { body } = await this.#client.send({
      ...{ method: "GET", path: this.#path, signal, patienceSeconds: listSeconds },
    });
    const { version, pods } = parsePodList(body);
    for (const pod of pods) this.#onPod(pod, false);
    this.#onList(new Set(pods.map(({ name }) => name)));
    return version;
  }

  /** Until the watch ends. */
  #follow(version: string, signal: AbortSignal): Promise<void> {
    const { server, token } = this.#access;
    const query = new URLSearchParams({
      ...{ watch: "true", resourceVersion: version, timeoutSeconds: String(watchSeconds) },
    });
    const headers = {
      accept: "application/json",
      "user-agent": "plinth-loadtest",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const options = { headers, signal, agent: false, ...tlsOf(this.#access) };
    return new Promise((resolve, reject) => {
      const request = https.request(`${server}${this.#path}?${query.toString()}`, options, (response) => {
        let rest = "";
        if (response.statusCode !== 200) request.destroy(new Error(`HTTP ${response.statusCode ?? 0}`));
        response.setEncoding("utf8").on("data", (chunk: string) => {
          const lines = (rest + chunk).split("\n");
          rest = lines.pop() ?? "";
          if (rest.length > longestLine || !lines.every((line) => this.#line(line))) {
            request.destroy(new Error("the watch is over"));
          }
        });
        response.on("error", reject);
        response.on("end", resolve);
      });
      request.on("socket", (socket) => {
        // Whoever takes an address over from a host that is lost answers this, and ends the connection.
        socket.setKeepAlive(true, keepAliveAfter);
      });
      request.on("error", reject);
      request.end();
    });
  }

  /** @returns false when the watch has to begin anew. */
  #line(line: string): boolean {
    if (line === "") return true;
    const event = parseWatchLine(line);
    if (event === "over") return false;
    if (event !== undefined) this.#onPod(event.pod, event.gone);
    return true;
  }
}
