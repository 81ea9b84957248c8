import { availableParallelism } from "node:os";
import type { Adoptions } from "../../plugins/bridged/adoptions.ts";
import { refuseOtherUsers } from "../../local/peers.ts";
import { commandVariable, pluginVariable } from "../../components/host/lock.ts";
import { chosenKey } from "../../components/host/loginkey.ts";
import { resolveAccess } from "../../components/host/targets.ts";
import { sharedPool } from "../../ssh/index.ts";
import { CliError, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { Terminal } from "../render/terminal.ts";
import { engineContext } from "../pulumi/context.ts";
import { Engine } from "../pulumi/engine.ts";
import { dropOldCopies } from "../pulumi/retention.ts";
import { interruptible } from "../process/interrupt.ts";
import type { LoadedStack } from "../project/inventory.ts";
import { isLocalUrl } from "../../components/ownaddress.ts";
import { ensureForHosts, findPulumi } from "../supply/needs.ts";
import type { Phases } from "../process/phases.ts";
import type { PluginMode } from "../pulumi/plugins.ts";
import { pastOf, Progress } from "../progress/progress.ts";
import { laterProgram } from "../pulumi/program.ts";
import { ensureWorkDir, type Project } from "../project/project.ts";
import type { Journal, JournalOptions } from "../runs/journal.ts";
import { journaled } from "../runs/journaled.ts";
import { followOperation } from "../runs/operations.ts";
import { recover } from "./recovery.ts";
import { openRunAgent } from "./run-agent.ts";
import { takeCloneLock } from "./clone-lock.ts";
import { serveIfLocal } from "../supply/serving.ts";
import { closeSsh } from "../cluster/ssh-use.ts";

export interface SessionOptions {
  project: Project;
  stack: string;
  /** Name of the command, for the lock that others see. */
  command: string;
  input: LoadedStack;
  plugins: PluginMode;
  /** What the bundled plugins take over where they would create it. Default: nothing. */
  adoptions?: Adoptions;
  /** Operations at the same time; default: PULUMI_PARALLEL, or else four per host, at least 16. */
  parallel: number | undefined;
  /** True for commands that change the stack: they take its lock and clean up after killed runs. */
  writes: boolean;
  /** True for commands that make hosts fetch artifacts or look at what is served. */
  serves: boolean;
  terminal: Terminal;
  phases: Phases;
  /** File that is told what the run does, besides `.plinth/runs/`; see plan/runs/event.ts. */
  events?: string;
  /** Knows how the command ends by its exit code. Default: what exit codes mean. */
  account?: JournalOptions["account"];
}

/** What is told of a run while it goes on, besides what the engine does. */
export interface Telling {
  /** Tells people how far it is. */
  progress: Progress;
  /** Writes down what is done, for the page and for whoever reads `--events`. */
  journal: Journal;
}

type Work<T> = (engine: Engine, stop: AbortSignal, telling: Telling) => Promise<T>;

export function defaultParallel(hosts: number, processors = availableParallelism()): number {
  return Math.max(16, 4 * hosts, 4 * processors);
}

/** PULUMI_PARALLEL, as plain `pulumi` honours it. */
export function parallelFrom(env: NodeJS.ProcessEnv): number | undefined {
  const text = env["PULUMI_PARALLEL"];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new CliError(`PULUMI_PARALLEL must be a whole number of 1 or more, not "${text}".`, Exit.badInput);
}

const openToOthers =
  "This system does not tell which user opens a connection: other users of this machine can reach the plugins and the program of this run.";

/** Connects to the hosts while the engine starts. What is wrong with the way to one of them, the program says. */
async function connectAhead({ hosts, config }: LoadedStack): Promise<void> {
  const { access } = await resolveAccess(hosts, config);
  sharedPool.connectAhead(access.values());
}

/**
 * Opens the engine for one command, runs `work`, and closes everything it has opened, also after an error or Ctrl-C.
 * Ends with QuietExit(130) when a signal came; `work` gets an AbortSignal for what it does besides running the engine, and what is
 * told of the run.
 */
export async function inSession<T>(options: SessionOptions, work: Work<T>): Promise<T> {
  const { project, stack, command, events, account, phases, terminal, input } = options;
  await ensureWorkDir(project);
  const hosts = input.hosts.map(({ name }) => name);
  const warn = (message: string): void => {
    terminal.warn(message);
  };
  return journaled({ project, stack, command, hosts, events, account, phases, warn }, async (journal) => {
    using progress = new Progress(terminal, { command, past: pastOf(project.dir, stack, warn) });
    phases.watch(progress.phase);
    return await openSession(options, { progress, journal }, work);
  });
}

async function openSession<T>(options: SessionOptions, telling: Telling, work: Work<T>): Promise<T> {
  const { project, stack, terminal, phases, input } = options;
  const say = (line: string): void => {
    terminal.note(line);
  };
  const cleanups: (() => void | Promise<void>)[] = [];
  const state: { engine: Engine | undefined } = { engine: undefined };
  const stopping = new AbortController();
  const proceed = (): void => {
    if (stopping.signal.aborted) throw new QuietExit(Exit.interrupted);
  };

  const open = async (): Promise<Engine> => {
    const pulumi = await phases.measure("artifacts", async () => {
      if (options.serves && isLocalUrl(input.config.artifactsUrl))
        await ensureForHosts(input, terminal, stopping.signal);
      return findPulumi(terminal, stopping.signal);
    });
    proceed();
    return phases.measure("engine start", async () => {
      const context = await engineContext(project, stack, pulumi, say, input.settings);
      if (options.writes) {
        const release = await takeCloneLock(project, stack, options.command, (lock) => {
          say(
            `The run "plinth ${lock.command}" of ${lock.since} (process ${lock.pid}) has died; going on where it stopped.`,
          );
        });
        cleanups.push(release);
        cleanups.push(() => {
          dropOldCopies(project, context.backend, { projectName: context.settings.projectName, stack });
        });
        await recover(
          context,
          input.hosts.map(({ name }) => name),
          say,
        );
        proceed();
      }
      if (options.serves) cleanups.push(await serveIfLocal(input.config.artifactsUrl, { own: options.writes, say }));
      process.env[commandVariable] = `plinth ${options.command}`;
      process.env[pluginVariable] = options.plugins;
      cleanups.push(closeSsh);
      // Whoever is asked for a passphrase is asked before there is progress to draw over.
      await chosenKey(input.config.sshPrivateKeyFile);
      if (options.serves && options.plugins === "bundled") await connectAhead(input);
      const program = laterProgram(project);
      const parallel = options.parallel ?? parallelFrom(process.env) ?? defaultParallel(input.hosts.length);
      if (!(await refuseOtherUsers())) say(openToOthers);
      const agent = await openRunAgent(options.plugins, input.config.sshPrivateKeyFile);
      cleanups.push(() => agent.close());
      const engine = await Engine.open({
        ...{ context, program: program.run, onStart: program.load },
        ...{ plugins: options.plugins, env: agent.env, parallel },
        onOperation: (kind, events) =>
          followOperation(telling.journal, kind, events, () => state.engine?.order() ?? []),
        ...(options.adoptions === undefined ? {} : { adoptions: options.adoptions }),
      });
      cleanups.push(() => engine.close());
      return engine;
    });
  };

  const { interrupted, outcome } = await interruptible(
    async () => {
      try {
        state.engine = await open();
        proceed();
        return await work(state.engine, stopping.signal, telling);
      } finally {
        for (const cleanup of cleanups.reverse()) await cleanup();
      }
    },
    {
      stop: () => {
        terminal.warn("interrupted: waiting for the steps under way. Press Ctrl-C again to end at once.");
        state.engine?.interrupt();
        stopping.abort();
      },
      kill: () => {
        terminal.warn("ended at once. The next run cleans up behind this one.");
        state.engine?.kill();
        process.exit(Exit.interrupted);
      },
    },
  );
  if (outcome.status === "fulfilled") return outcome.value;
  if (interrupted) {
    if (outcome.reason instanceof CliError) terminal.warn(outcome.reason.message);
    throw new QuietExit(Exit.interrupted);
  }
  throw outcome.reason;
}
