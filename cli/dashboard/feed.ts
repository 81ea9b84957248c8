import { parseStatus, type StatusDocument } from "../../plan/dashboard/document.ts";
import { pageOf } from "../../plan/dashboard/page.ts";
import type { Project } from "../project/project.ts";
import { RunFollower, type RunsSeen } from "../runs/follow.ts";
import { Looker } from "./looker.ts";
import { sectionsOf } from "./view/page.ts";
import type { Element } from "./view/tree.ts";

export interface FeedOptions {
  project: Pick<Project, "dir" | "workDir">;
  stack: string;
  /** Seconds between two looks at the stack. */
  every: number;
  /** Minutes between two looks for drift; none: only those are told that somebody makes. */
  driftEvery?: number | undefined;
  /** The module that is run to look. Default: Plinth's own command line. */
  program?: string;
}

/** How often it is looked what runs have told. Milliseconds. */
const interval = 1000;

/** Everything that the page shows, as `status --json --watch` and the streams of runs tell it. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #runs: RunFollower;
  readonly #lookers: Looker[];
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #document: StatusDocument | undefined;
  #error: string | undefined;
  #seen: RunsSeen;

  constructor(options: FeedOptions) {
    const { project, stack, every, driftEvery, program } = options;
    this.#options = options;
    this.#runs = new RunFollower(project, stack);
    this.#seen = this.#runs.look();
    const own = program === undefined ? {} : { program };
    const status = new Looker({
      ...{ args: ["status", "--stack", stack, "--json", "--watch", "--every", String(every)], pause: every, ...own },
      onLine: (line) => {
        this.#take(parseStatus(line));
      },
      onComplaint: (text) => {
        this.#error = text;
        this.#tell();
      },
    });
    const quiet = { onLine: () => undefined, onComplaint: () => undefined };
    const drift =
      driftEvery === undefined
        ? []
        : [
            new Looker({
              args: ["drift", "--stack", stack, "--json", "--no-notices"],
              pause: driftEvery * 60,
              ...quiet,
              ...own,
            }),
          ];
    this.#lookers = [status, ...drift];
  }

  start(): void {
    for (const looker of this.#lookers) looker.start();
    this.#timer = setInterval(() => {
      this.#tick();
    }, interval);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#lookers.map((looker) => looker.stop()));
  }

  /** Tells when there is something new. Returns how that ends. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  sections(): Map<string, Element> {
    const { stack } = this.#options;
    return sectionsOf(
      pageOf({ ...this.#seen, stack, now: Date.now(), document: this.#document, statusError: this.#error }),
    );
  }

  #take(document: StatusDocument | undefined): void {
    this.#error = document === undefined ? "What status has printed makes no sense." : undefined;
    if (document !== undefined) this.#document = document;
    this.#tell();
  }

  #tick(): void {
    const before = this.#seen.run;
    this.#seen = this.#runs.look();
    // A run may have changed what the inventory and the configuration say: those are read once by what looks.
    if (before?.goesOn === true && this.#seen.run?.goesOn !== true) this.#lookers[0]?.restart();
    if (this.#runs.isNew) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
