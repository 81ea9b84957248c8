import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { instanceName } from "../../../lab/paths.ts";
import type { Project } from "./project.ts";

export interface Attempt {
  n: number;
  name: string;
  started: number;
  ended: number;
  ok: boolean;
  detail: string;
}

export interface Report {
  attempts: Attempt[];
  failures: Attempt[];
  /** Longest time between two successes that follow each other, milliseconds. */
  gap: number;
}

/** What the attempts of a poller come to; `written` is in the order in which they ended, the report's in the order of start. */
export function summarise(written: Attempt[]): Report {
  const attempts = [...written].sort((a, b) => a.n - b.n);
  const successes = attempts.filter((attempt) => attempt.ok).sort((a, b) => a.ended - b.ended);
  const gaps = successes.slice(1).map((attempt, index) => attempt.ended - (successes[index]?.ended ?? attempt.ended));
  return { attempts, failures: attempts.filter((attempt) => !attempt.ok), gap: Math.max(0, ...gaps) };
}

/**
 * Whether etcd's leader dropped a write while it handed over. It takes no proposals then (go.etcd.io/raft, `stepLeader`, ErrProposalDropped).
 * Its own API server hears that at once; another member, which passed the write on, hears nothing and gives up after 7 s. The window is one
 * round and one write to disk, some 25 ms on the lab, and comes with every stop of a leader.
 */
export function droppedByHandover(attempt: Attempt): boolean {
  return /^500: .*(etcdserver: request timed out|raft proposal dropped)/.test(attempt.detail);
}

const running = new Set<Poller>();

/** A probe (see probe.ts) that runs beside a test. */
export class Poller {
  private readonly child: ChildProcess;
  private readonly dir: string;
  private readonly output: string;

  private constructor(child: ChildProcess, dir: string, output: string) {
    this.child = child;
    this.dir = dir;
    this.output = output;
  }

  /** Starts asking the API through its endpoint and waits for the first success. */
  static async start(
    project: Project,
    options: { interval?: number; path?: string; write?: string; http2?: boolean } = {},
  ): Promise<Poller> {
    const dir = mkdtempSync(path.join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "plinth-poller-"));
    const kubeconfig = path.join(dir, "kubeconfig");
    const output = path.join(dir, "attempts");
    writeFileSync(kubeconfig, await project.kubeconfig(), { mode: 0o600 });
    writeFileSync(output, "");
    const target = options.path ?? (options.write === undefined ? "/readyz" : "/api/v1/namespaces/default/configmaps");
    const probe = path.join(import.meta.dirname, "probe.ts");
    const args = [probe, kubeconfig, output, String(options.interval ?? 50), target];
    if (options.write !== undefined) args.push("--write", options.write);
    if (options.http2 === true) args.push("--http2");
    const child = spawn("ip", ["netns", "exec", instanceName(project.dir), process.execPath, ...args], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const poller = new Poller(child, dir, output);
    running.add(poller);
    const end = performance.now() + 20_000;
    while (!poller.read().some((attempt) => attempt.ok)) {
      if (performance.now() > end) throw new Error(`the poller of ${target} has no success within 20 s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return poller;
  }

  read(): Attempt[] {
    return readFileSync(this.output, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Attempt);
  }

  /** Ends all pollers that still run, without a report: what a test that failed has left behind. */
  static async stopAll(): Promise<void> {
    await Promise.all([...running].map((poller) => poller.stop()));
  }

  /** Stops asking, waits for open requests, and reports. */
  async stop(): Promise<Report> {
    running.delete(this);
    const closed = new Promise((resolve) => this.child.on("close", resolve));
    this.child.kill("SIGTERM");
    await closed;
    const attempts = this.read();
    rmSync(this.dir, { recursive: true, force: true });
    return summarise(attempts);
  }
}
