import { z } from "zod";
import { eventually } from "../../support/eventually.ts";
import { Inside, operatorAddress } from "./inside.ts";
import { Kube } from "./kube.ts";
import type { Project } from "./project.ts";
import type { ToldAlert } from "./alerts-process.ts";

const vector = z.array(
  z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
);
const told = z.object({ alerts: z.array(z.custom<ToldAlert>()), watchdog: z.number() });

export interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** Images of the monitoring as the lab builds them. */
const images = {
  prometheus: "localhost/plinth/prometheus:lab",
  alertmanager: "localhost/plinth/alertmanager:lab",
  kubeStateMetrics: "localhost/plinth/kube-state-metrics:lab",
  archives: ["prometheus", "alertmanager", "kube-state-metrics"],
};

/** The monitoring of a project's cluster, and who is told of its alerts. */
export class Watch {
  readonly project: Project;
  private readonly receiver: Inside<{ url: string }>;
  private kube: Kube | undefined;

  private constructor(project: Project, receiver: Inside<{ url: string }>) {
    this.project = project;
    this.receiver = receiver;
  }

  /** Starts who is told, and asks for the monitoring in the project's configuration. The lab has to be there. */
  static async begin(project: Project): Promise<Watch> {
    const receiver = await Inside.start<{ url: string }>(project, "alerts-process.ts", operatorAddress);
    const { url } = receiver.begin;
    project.configure(
      "metrics",
      JSON.stringify({
        proxyImage: "localhost/plinth/kube-rbac-proxy:lab",
        archives: ["kube-rbac-proxy"],
        // Lab hosts have the clock of the machine, which nothing may keep.
        leave: ["wifi", "infiniband", "timex"],
      }),
    );
    project.configure(
      "monitoring",
      JSON.stringify({
        interval: "10s",
        images,
        receivers: [{ name: "test", webhook: { url: `${url}/alerts` } }],
        watchdog: { url: `${url}/watchdog`, everyMinutes: 1 },
      }),
    );
    return new Watch(project, receiver);
  }

  /** What an expression comes to, as a copy of Prometheus says. */
  async query(expression: string, copy = "w1"): Promise<Sample[]> {
    const text = await this.promtool(copy, "instant", "https://localhost:9090", expression);
    return vector.parse(JSON.parse(text)).map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  private async promtool(copy: string, ...words: string[]): Promise<string> {
    this.kube ??= await Kube.open(this.project);
    const identity = "--http.config.file=/etc/plinth/web/client.yaml";
    const [kind = "", ...rest] = words;
    return this.kube.ask(
      ...["-n", "plinth-monitoring", "exec", `deploy/prometheus-${copy}`, "--", "/bin/promtool", "--format=json"],
      ...["query", kind, identity, ...rest],
    );
  }

  /** Names of alerts that fire as a copy of Prometheus says, each with what tells it from others, but for those that nobody is told of. */
  async firing(copy?: string): Promise<string[]> {
    const samples = await this.query('ALERTS{alertstate="firing", severity!="none"}', copy);
    return samples.map(({ labels }) => nameOf(labels)).toSorted();
  }

  /** What the receiver was told so far. */
  async told(): Promise<z.output<typeof told>> {
    return told.parse(JSON.parse(await this.receiver.ask("told")));
  }

  /** Alerts that the receiver was told of since a time, by `nameOf`, each once. */
  async toldSince(since: number): Promise<string[]> {
    const { alerts } = await this.told();
    return [...new Set(alerts.filter(({ at }) => at >= since).map(({ labels }) => nameOf(labels)))].toSorted();
  }

  /** When the receiver was told of each alert, and of its end, since a time: ms since the epoch. Whoever hears of a group hears of all in it. */
  async messages(since: number): Promise<{ alert: string; times: number[] }[]> {
    const { alerts } = await this.told();
    const recent = alerts.filter(({ at }) => at >= since);
    const of = Map.groupBy(recent, ({ labels, status }) => `${nameOf(labels)}, ${status}`);
    return [...of].map(([alert, all]) => ({ alert, times: all.map(({ at }) => at) }));
  }

  /** Waits until the dead man's switch was told some more times that alerts arrive. */
  async beats(times: number): Promise<void> {
    const { watchdog } = await this.told();
    await eventually(`alerts arrive ${times} times more`, 120 * (times + 1), async () =>
      (await this.told()).watchdog >= watchdog + times ? true : undefined,
    );
  }

  /** Waits until the receiver has been told of an alert, by `nameOf`, since a time. Returns the message. */
  async until(name: string, status: "firing" | "resolved", since: number, seconds: number): Promise<ToldAlert> {
    const find = async (): Promise<ToldAlert | undefined> =>
      (await this.told()).alerts.find(
        (alert) => nameOf(alert.labels) === name && alert.status === status && alert.at >= since,
      );
    try {
      return await eventually(`${name} ${status}`, seconds, find);
    } catch (cause) {
      throw new Error(`told since then: ${(await this.toldSince(since)).join(", ")}`, { cause });
    }
  }

  async end(): Promise<void> {
    this.kube?.close();
    await this.receiver.stop();
  }
}

/** An alert and what it is of. */
export function nameOf(labels: Readonly<Record<string, string>>): string {
  const of = ["alertname", "instance", "job", "name", "mountpoint", "path", "target", "address"];
  return of.flatMap((label) => labels[label] ?? []).join(" ");
}
