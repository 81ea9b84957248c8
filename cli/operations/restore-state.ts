import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chooseSet } from "../../plan/backup/choice.ts";
import type { StateSet } from "../../plan/backup/set.ts";
import {
  encryptedAs,
  filesThatDiffer,
  holdTheSame,
  parseExport,
  resourcesToLose,
  type ExportedStack,
  type StateHalf,
} from "../../plan/backup/statehalf.ts";
import { useCopy } from "../backup/copies.ts";
import { openState } from "../backup/openstate.ts";
import { requireNoPool } from "../backup/pools.ts";
import type { SetStore } from "../backup/store.ts";
import { CliError, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { confirm } from "../render/prompt.ts";
import type { Terminal } from "../render/terminal.ts";
import { isNoSuchStack, passphraseProblem, PulumiFailure, runPulumi } from "../pulumi/cli.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { forgetSalt } from "../pulumi/workspace.ts";
import { takeCloneLock } from "../session/clone-lock.ts";
import { secretsOpen, writeStackFiles } from "./restore-files.ts";

/** What brings a stack's state back is asked for. */
export interface RestoreStateRun {
  context: EngineContext;
  /** Id of the set. Default: the newest. */
  backup?: string;
  /** Also writes configuration and inventory as the set has them. */
  files?: boolean;
  yes?: boolean;
  store: Omit<SetStore, "write">;
  /** The operator's private keys. */
  identities: readonly string[];
  terminal: Terminal;
  /** Aborted once the operator has had enough. Default: never. */
  signal?: AbortSignal;
}

/**
 * Brings the state of a stack back from a set. No host is touched: what serves goes on serving, and the next `up` finds the keys and
 * ids by which the hosts know their cluster.
 */
export async function restoreState(run: RestoreStateRun): Promise<void> {
  const { context, terminal } = run;
  const { project, stack } = context;
  requireNoPool(stack, context.settings.config, "state");
  const half = await chosenHalf(run);

  const release = await takeCloneLock(project, stack, "restore state", () => undefined);
  try {
    const present = await presentStack(context);
    const same = present !== undefined && holdTheSame(half.stack, present);
    if (!same) refuseToReplace(stack, present, half);
    const differing = filesThatDiffer(half.files, presentFiles(project.dir, half));
    for (const line of describeHalf(half)) terminal.print(line);
    if (same) terminal.print(`Stack "${stack}" has this state already.`);
    // Its text may be the same, and its secrets closed for good.
    const closed = run.files === true && !(await secretsOpen(context)) ? [`Pulumi.${stack}.yaml`] : [];
    const paths = run.files === true ? [...new Set([...differing.map(({ path }) => path), ...closed])] : [];
    const writes = paths.length > 0;
    if (!same || writes) {
      await agree(run, same ? "Write these files?" : `Make this the state of stack "${stack}"? No host is touched.`);
    }
    const renewSecrets = await writeStackFiles(context, half, paths);
    if (!same) {
      await importStack(context, half.stack, present);
      terminal.print(`Stack "${stack}" has its state again, as of ${half.set.time}.`);
    }
    await renewSecrets();
    tellFiles(differing, run.files === true, terminal);
    terminal.print(`Next: ./plinth up --stack ${stack} --expect-no-changes tells what has changed since.`);
  } finally {
    release();
  }
}

/** Opens the set that was asked for, or the newest. */
async function chosenHalf(run: RestoreStateRun): Promise<StateHalf> {
  const set = await findSet(run);
  requireOwn(set, run.context);
  const { result } = await useCopy(
    set.id,
    await run.store.copies(set),
    (sealed) => openState(sealed, run.identities, set),
    (sentence) => {
      run.terminal.warn(sentence);
    },
    signalOf(run),
  );
  return result;
}

/** The set that was asked for, which may be of another stack, or the newest of the stack's own. */
async function findSet({ store, backup, terminal, context }: RestoreStateRun): Promise<StateSet> {
  const sets: StateSet[] = [];
  const others = new Set<string>();
  for (const one of await store.list()) {
    if ("problem" in one) {
      if (backup === undefined || one.id === backup)
        terminal.warn(`the set ${one.id} of ${one.place} is left out: ${one.problem}`);
    } else if (one.set.kind === "state") {
      if (isOwn(one.set, context) || one.id === backup) sets.push(one.set);
      else others.add(one.set.stack);
    }
  }
  const choice = chooseSet(sets, backup === undefined ? {} : { backup }, Date.now(), "state");
  if ("set" in choice) return choice.set;
  if ("problem" in choice) throw new CliError(choice.problem, Exit.badInput);
  const elsewhere = others.size === 0 ? "" : ` (there are some of ${[...others].join(", ")})`;
  const hosts =
    sets.length === 0 ? " What control-plane hosts hold may be enough: ./plinth restore state --from-hosts." : "";
  throw new CliError(`Of stack "${context.stack}" there is no ${choice.missing}${elsewhere}.${hosts}`, Exit.badInput);
}

const isOwn = (set: StateSet, { stack, settings }: EngineContext): boolean =>
  set.stack === stack && set.project === settings.projectName;

function requireOwn(set: StateSet, context: EngineContext): void {
  if (isOwn(set, context)) return;
  const { stack, settings } = context;
  throw new CliError(
    `The set ${set.id} is of stack "${set.stack}" of the project ${set.project}, and not of "${stack}" of ${settings.projectName}.`,
    Exit.refused,
  );
}

/** What the stack has now, secrets in clear. Undefined when it does not exist. */
async function presentStack(context: EngineContext): Promise<ExportedStack | undefined> {
  try {
    return parseExport(await runPulumi(context, ["stack", "export", "--show-secrets"]));
  } catch (error) {
    if (isNoSuchStack(error)) return undefined;
    if (!isPassphrase(error)) throw error;
    throw new CliError(
      `Stack "${context.stack}" has a state that the present passphrase does not open: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to its own. ` +
        `Where that is lost, set the state aside (docs/disaster.md), then run this again.`,
      Exit.refused,
    );
  }
}

function isPassphrase(error: unknown): boolean {
  return error instanceof PulumiFailure && passphraseProblem(error.result.stderr) !== undefined;
}

function refuseToReplace(stack: string, present: ExportedStack | undefined, half: StateHalf): void {
  const lost = present === undefined ? [] : resourcesToLose(present);
  if (lost.length === 0) return;
  throw new CliError(
    `Stack "${stack}" has a state with ${lost.length} resources, other ones than the set ${half.set.id} of ${half.set.time}: it is not replaced. ` +
      `Where it is good for nothing, keep a copy (pulumi stack export) and remove it (pulumi stack rm --force --preserve-config ${stack}), then run this again.`,
    Exit.refused,
  );
}

/** Makes the stack where it is missing, and gives it the deployment, encrypted as the stack is now. */
async function importStack(
  context: EngineContext,
  stack: ExportedStack,
  present: ExportedStack | undefined,
): Promise<void> {
  if (present === undefined) await makeStack(context);
  const empty = parseExport(await runPulumi(context, ["stack", "export"]));
  await runPulumi(context, ["stack", "import"], JSON.stringify(encryptedAs(stack, empty)));
}

/** Makes an empty stack that encrypts by the passphrase at hand, whatever one it had before. */
async function makeStack(context: EngineContext): Promise<void> {
  const init = (): Promise<string> => runPulumi(context, ["stack", "init"]);
  try {
    await init();
  } catch (error) {
    if (!isPassphrase(error)) throw error;
    if (!forgetSalt(context.project, context.stack)) {
      throw new CliError(
        `The secrets in Pulumi.${context.stack}.yaml were encrypted with another passphrase. ` +
          "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to that one, or say --files: the file is then written anew, with its secrets encrypted by the present one.",
        Exit.badInput,
      );
    }
    await init();
  }
}

/** The texts that the working copy has at the paths of a set's files. */
function presentFiles(dir: string, half: StateHalf): Record<string, string | undefined> {
  const read = (path: string): string | undefined =>
    existsSync(join(dir, path)) ? readFileSync(join(dir, path), "utf8") : undefined;
  return Object.fromEntries(Object.keys(half.files).map((path) => [path, read(path)]));
}

function describeHalf({ set, stack, release }: StateHalf): string[] {
  return [
    `Set ${set.id}`,
    `  made        ${set.time}, for ${set.reason}, by Plinth ${release}`,
    `  cluster     ${set.cluster} (id ${set.clusterId}), Kubernetes ${set.kubernetes}, etcd ${set.etcd}`,
    `  resources   ${stack.deployment.resources?.length ?? 0}`,
  ];
}

function tellFiles(
  differing: readonly { path: string; how: "missing" | "different" }[],
  written: boolean,
  terminal: Terminal,
): void {
  for (const { path, how } of differing) {
    if (written) terminal.print(`  written: ${path}`);
    else
      terminal.warn(
        how === "missing"
          ? `${path} is in the set, and missing here: --files writes it`
          : `${path} is not what it was when the set was made: \`up\` goes by the one here; --files writes that of the set`,
      );
  }
}

const signalOf = ({ signal }: RestoreStateRun): AbortSignal => signal ?? new AbortController().signal;

async function agree(run: RestoreStateRun, question: string): Promise<void> {
  const { yes, terminal } = run;
  const signal = signalOf(run);
  if (yes !== true && !(await confirm(question, signal))) {
    terminal.print("Nothing was changed.");
    throw new QuietExit(Exit.failed);
  }
  // Whoever pressed Ctrl-C before there was a question does not want it done either.
  if (signal.aborted) throw new QuietExit(Exit.interrupted);
}
