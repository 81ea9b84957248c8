import { get } from "node:https";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { ScrapeConfig } from "../../plan/metrics/scrape.ts";
import { figuresOf, type Figures } from "./figures.ts";

/** Who may read figures, and whom to believe: PEM. */
export interface Reader {
  certificate: string;
  key: string;
  authority: string;
}

/** What a host tells, by the names of jobs in Prometheus' configuration. */
export type Captured = ReadonlyMap<string, Figures>;

/**
 * Asks a host of a cluster for its figures, twice.
 *
 * @param jobs of the cluster, as its stack has them.
 * @param seconds between the two.
 * @throws Error when it does not answer.
 */
export async function capture(
  host: string,
  jobs: readonly ScrapeConfig[],
  reader: Reader,
  seconds: number,
): Promise<Captured> {
  const asked = jobs.flatMap(({ job_name, scheme, metrics_path, static_configs }) =>
    static_configs
      .filter(({ labels }) => labels["instance"] === host)
      .flatMap(({ targets }) => targets.map((target) => ({ job_name, url: `${scheme}://${target}${metrics_path}` }))),
  );
  const look = async (): Promise<ReadonlyMap<string, string>> =>
    new Map(await Promise.all(asked.map(async ({ job_name, url }) => [job_name, await ask(url, reader)] as const)));
  const first = await look();
  await delay(seconds * 1000);
  const second = await look();
  return new Map([...first].map(([job, told]) => [job, figuresOf(told, second.get(job) ?? "", seconds)]));
}

function ask(url: string, { certificate, key, authority }: Reader): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { cert: certificate, key, ca: authority, timeout: 10_000, agent: false }, (answer) => {
      if (answer.statusCode !== 200) {
        answer.resume();
        reject(new Error(`${url} answered with ${answer.statusCode ?? "nothing"}`));
      } else text(answer).then(resolve, reject);
    });
    request.on("timeout", () => request.destroy(new Error(`${url} has not answered for 10 s`)));
    request.on("error", reject);
  });
}
