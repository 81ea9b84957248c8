import type { OpMap, Stack } from "@pulumi/pulumi/automation/index.js";
import type { Adoptions } from "../../plugins/bridged/adoptions.ts";
import type { Ordered } from "../../plan/runs/order.ts";
import { refuseOtherUsers } from "../../local/peers.ts";
import { automationCommand, type Running } from "./automation-command.ts";
import type { EngineContext } from "./context.ts";
import { withoutStackTraces } from "./debugging.ts";
import type { RunEvents } from "./events.ts";
import { engineVersion } from "./version.ts";
import { isKnownStack } from "./statefile.ts";
import { openPlugins, type PluginMode, type PluginSession } from "./plugins.ts";
import { observed, type Declared, type Program } from "./program.ts";
import { ProgramStarts } from "./program-starts.ts";

export interface EngineOptions {
  context: EngineContext;
  program: Program;
  /** Told that the engine's program has been started, which takes most of a second until it asks for anything. Default: nobody is. */
  onStart?: () => void;
  plugins: PluginMode;
  /** What the bundled plugins take over where they would create it. Default: nothing. */
  adoptions?: Adoptions;
  /** Environment of the engine and of the plugins that it starts, besides this process's own and the context's. */
  env?: Readonly<Record<string, string>>;
  /** Resource operations at the same time. */
  parallel: number;
  /** Told of each run of the engine that begins; what it returns is called when that is over. Default: nobody is. */
  onOperation?: OnOperation;
}

export type OnOperation = (kind: "preview" | "up" | "refresh" | "destroy", events: RunEvents) => () => void;

/** What one run of the engine may be told. */
export interface RunOptions {
  events: RunEvents;
  /** URN patterns; empty or absent means everything. */
  target?: readonly string[];
  /** Path of the engine's own plan: a preview writes it, `up` does nothing that it does not hold. */
  plan?: string;
}

export interface UpOptions extends RunOptions {
  /** Saves the state after every step. Default: once, at the end. */
  saveSteps?: boolean;
}

/** With it the engine saves a stack's state at the end of a run only: https://github.com/pulumi/pulumi/issues/10668. */
const skipCheckpoints = "PULUMI_SKIP_CHECKPOINTS";

/**
 * The engine on one stack: the real Pulumi CLI, driven by the Automation API with the program in this process.
 * Every run throws what the program threw (findings keep their class), or else the engine's own failure.
 */
export class Engine {
  readonly context: EngineContext;
  readonly #stack: Stack;
  readonly #running: Running;
  readonly #plugins: PluginSession;
  readonly #parallel: number;
  readonly #program: ReturnType<typeof observed>;
  readonly #starts: ProgramStarts;
  readonly #onOperation: OnOperation;

  private constructor(
    context: EngineContext,
    stack: Stack,
    running: Running,
    plugins: PluginSession,
    parallel: number,
    program: ReturnType<typeof observed>,
    starts: ProgramStarts,
    onOperation: OnOperation,
  ) {
    this.context = context;
    this.#stack = stack;
    this.#running = running;
    this.#plugins = plugins;
    this.#parallel = parallel;
    this.#program = program;
    this.#starts = starts;
    this.#onOperation = onOperation;
  }

  static async open(options: EngineOptions): Promise<Engine> {
    const { context, parallel } = options;
    // Whoever talks to the SDK's server for the program runs that with a configuration of his own, and is told all its secrets.
    await refuseOtherUsers();
    const automation = await import("@pulumi/pulumi/automation/index.js");
    const { SemVer } = await import("semver");
    const NotFound = automation.StackNotFoundError as unknown as new (result: unknown) => Error;
    const { command, running } = automationCommand(
      context.pulumi,
      new SemVer(await engineVersion(context)),
      () => isKnownStack(context),
      options.onStart ?? (() => undefined),
      (result) => new NotFound(result),
    );
    const plugins = await openPlugins(options.plugins, options.adoptions);
    try {
      const starts = new ProgramStarts();
      const program = observed(starts.marked(options.program));
      const stack = await automation.LocalWorkspace.createOrSelectStack(
        { stackName: context.stack, projectName: context.settings.projectName, program: program.run },
        {
          workDir: context.workDir,
          pulumiCommand: command,
          envVars: { ...context.env, ...options.env, ...plugins.env, [skipCheckpoints]: "true" },
        },
      );
      const onOperation: OnOperation = options.onOperation ?? (() => () => undefined);
      return new Engine(context, stack, running, plugins, parallel, program, starts, onOperation);
    } catch (error) {
      await plugins.close();
      throw error;
    }
  }

  /** Runs the program without changing anything. Returns operation → number of resources. */
  async preview({ events, target, plan }: RunOptions): Promise<OpMap> {
    const result = await this.#call("preview", events, () =>
      this.#stack.preview({
        onEvent: events.handle,
        parallel: this.#parallel,
        ...targets(target),
        ...(plan === undefined ? {} : { plan }),
      }),
    );
    return result.changeSummary;
  }

  /**
   * Changes what the program wants changed.
   *
   * The state is saved once, at the end, also when the run fails or is interrupted: a run that is killed leaves the state
   * that it found.
   */
  async up({ events, target, plan, saveSteps }: UpOptions): Promise<void> {
    const options = { onEvent: events.handle, parallel: this.#parallel, suppressProgress: true, ...targets(target) };
    const { envVars } = this.#stack.workspace;
    const own = {
      ...(saveSteps === true ? { [skipCheckpoints]: "false" } : {}),
      // The engine takes plans with this only; nothing else of a run with a plan needs it.
      ...(plan === undefined ? {} : { PULUMI_EXPERIMENTAL: "true" }),
    };
    const before = { ...envVars };
    Object.assign(envVars, own);
    try {
      await this.#call("up", events, () => this.#stack.up({ ...options, ...(plan === undefined ? {} : { plan }) }));
    } finally {
      for (const name of Object.keys(own)) {
        const value = before[name];
        if (value === undefined) Reflect.deleteProperty(envVars, name);
        else envVars[name] = value;
      }
    }
  }

  /** Reads the resources anew into the state. */
  async refresh({ events, target }: RunOptions): Promise<void> {
    await this.#call("refresh", events, () =>
      this.#stack.refresh({ onEvent: events.handle, parallel: this.#parallel, ...targets(target) }),
    );
  }

  /** Deletes every resource of the stack. Works from the state alone: the program does not run. */
  async destroy({ events }: RunOptions): Promise<void> {
    await this.#call("destroy", events, () =>
      this.#stack.destroy({ onEvent: events.handle, parallel: this.#parallel, runProgram: false }),
    );
  }

  /** What the program declared in its last run. */
  declared(): readonly Declared[] {
    return this.#program.declared();
  }

  /** In which order the program declared things in its last run. */
  order(): readonly Ordered[] {
    return this.#program.order();
  }

  /** Milliseconds that the engine took until it had started the program, over all of its runs so far. */
  get programStart(): number {
    return this.#starts.milliseconds;
  }

  /** Asks the running engine to stop after the steps under way. */
  interrupt(): void {
    this.#running.current?.kill("SIGINT");
  }

  /** Ends the running engine at once; the next run cleans up behind it. */
  kill(): void {
    this.#running.current?.kill("SIGKILL");
  }

  async close(): Promise<void> {
    await this.#plugins.close();
  }

  async #call<T>(kind: Parameters<OnOperation>[0], events: RunEvents, run: () => Promise<T>): Promise<T> {
    this.#starts.begin();
    const over = this.#onOperation(kind, events);
    try {
      return await withoutStackTraces(run);
    } catch (error) {
      throw this.#program.thrown() ?? error;
    } finally {
      over();
    }
  }
}

function targets(target: readonly string[] | undefined): { target?: string[] } {
  return target === undefined || target.length === 0 ? {} : { target: [...target] };
}
