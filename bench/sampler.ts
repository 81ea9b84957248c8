import { childrenOf, readProcess, type ProcessUse } from "./proc.ts";

/** What one part of a run has cost. */
export interface Cost {
  cpuSeconds: number;
  /** The most memory that one process of it had. */
  peakMiB: number;
  /** Bytes given to write(2): files, pipes and sockets. */
  writtenMiB: number;
}

/** What a run of the command line has cost, by part. */
export interface RunCost {
  /** The Node.js process: command line, program and bundled plugins. */
  program: Cost;
  /** The Pulumi CLI in all of its runs. */
  engine: Cost;
  /** The most memory that all processes together had at one time. */
  togetherMiB: number;
}

const intervalMilliseconds = 100;

/**
 * Looks at a command line and its engine every 100 ms, so that what happens in the last tenth of a second before a process
 * ends is missed.
 */
export class Sampler {
  readonly #root: number;
  readonly #timer: NodeJS.Timeout;
  readonly #engines = new Map<number, ProcessUse>();
  #program: ProcessUse | undefined;
  #reapedCpu = 0;
  #together = 0;

  /** @param root pid of the command line. */
  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => {
      this.#look();
    }, intervalMilliseconds);
    this.#look();
  }

  stop(): RunCost {
    clearInterval(this.#timer);
    const engines = [...this.#engines.values()];
    const sum = (value: (use: ProcessUse) => number): number => engines.reduce((total, use) => total + value(use), 0);
    const written = sum((use) => use.written);
    const bytes = (value: number): number => value / 2 ** 20;
    return {
      program: {
        cpuSeconds: this.#program?.ownCpu ?? 0,
        peakMiB: this.#program?.peakMiB ?? 0,
        writtenMiB: bytes(Math.max(0, (this.#program?.written ?? 0) - written)),
      },
      engine: {
        // What the command line has waited for is exact; what still ran at the last look is not in it yet.
        cpuSeconds: Math.max(
          this.#reapedCpu,
          sum((use) => use.ownCpu + use.childrenCpu),
        ),
        peakMiB: Math.max(0, ...engines.map((use) => use.peakMiB)),
        writtenMiB: bytes(written),
      },
      togetherMiB: this.#together,
    };
  }

  #look(): void {
    const program = readProcess(this.#root);
    if (program === undefined) return;
    const peakMiB = Math.max(program.peakMiB, this.#program?.peakMiB ?? 0); // One that has just ended has no memory.
    this.#program = { ...program, peakMiB };
    this.#reapedCpu = Math.max(this.#reapedCpu, program.childrenCpu);
    let together = program.residentMiB;
    const below = childrenOf(this.#root);
    for (let pid = below.pop(); pid !== undefined; pid = below.pop()) {
      const use = readProcess(pid);
      if (use === undefined) continue;
      const peakMiB = Math.max(use.peakMiB, this.#engines.get(pid)?.peakMiB ?? 0);
      this.#engines.set(pid, { ...use, peakMiB });
      together += use.residentMiB;
      below.push(...childrenOf(pid));
    }
    this.#together = Math.max(this.#together, together);
  }
}
