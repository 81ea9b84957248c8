import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { costLine, costOf, type Cost } from "./cost.ts";
import { Poller, type Attempt } from "./poller.ts";
import type { Project } from "./project.ts";
import { makeSets } from "./sets.ts";

/** Writes of the set, and after it, that make a case worth something. */
const enough = 20;

/** A client that keeps writing through a disaster and knows what it was told: ConfigMaps of the namespace `default`, five a second. */
export class Recorder {
  readonly #project: Project;
  readonly #title: string;
  readonly #poller: Poller;
  #set = 0;
  #loss = 0;

  private constructor(project: Project, title: string, poller: Poller) {
    this.#project = project;
    this.#title = title;
    this.#poller = poller;
  }

  /** @param title of the case, for people. */
  static async start(project: Project, title: string): Promise<Recorder> {
    const poller = await Poller.start(project, { interval: 200, write: `recorded-${Date.now()}` });
    return new Recorder(project, title, poller);
  }

  #acknowledged(): Attempt[] {
    return this.#poller.read().filter(({ ok }) => ok);
  }

  /** Waits until some more writes were acknowledged. */
  async goesOn(seconds = 60): Promise<void> {
    const before = this.#acknowledged().length;
    await eventually("more writes are acknowledged", seconds, () =>
      Promise.resolve(this.#acknowledged().length >= before + enough ? true : undefined),
    );
  }

  /** Has a set of each half made, with some writes before it that it must have, and some after it. @returns the id of that of data. */
  async backup(): Promise<string> {
    await this.goesOn();
    this.#set = Date.now();
    const { data, text } = await makeSets(this.#project);
    assert.ok(data.id !== undefined, text);
    await this.goesOn();
    return data.id;
  }

  /** From here on something is lost. */
  loses(): void {
    this.#loss = Date.now();
  }

  /** Waits until the cluster takes writes again, and ends. */
  async stop(): Promise<Attempt[]> {
    await this.goesOn();
    return (await this.#poller.stop()).attempts;
  }

  /** What it has cost, which is printed. @param attempts of `stop`. */
  async judge(attempts: readonly Attempt[]): Promise<Cost> {
    const cost = await this.#cost(attempts);
    console.log(`      ${costLine(this.#title, cost)}`);
    return cost;
  }

  /** A write that was promised is deleted by hand, and the check has to tell: it would tell of a real loss, too. */
  async negativeControl(attempts: readonly Attempt[]): Promise<void> {
    const victim = attempts.find(({ ok, ended }) => ok && ended <= this.#set)?.name ?? "";
    await this.#project.expect(0, "kubectl", "delete", "configmap", victim);
    assert.deepEqual((await this.#cost(attempts)).broken, [victim], "the check notices a loss");
  }

  async #cost(attempts: readonly Attempt[]): Promise<Cost> {
    const { stdout } = await this.#project.expect(0, "kubectl", "get", "configmaps", "-o", "name");
    const stored = new Set(stdout.split("\n").map((line) => line.replace("configmap/", "")));
    return costOf(attempts, stored, { set: this.#set, loss: this.#loss });
  }
}
