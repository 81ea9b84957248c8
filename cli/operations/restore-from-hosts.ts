import { Adoptions } from "../../plugins/bridged/adoptions.ts";
import { adoptionOf, parseHeldFiles, wantedFiles, type Adoption, type HeldFiles } from "../../plan/adoption.ts";
import { holdsKeysOnly, parseExport } from "../../plan/backup/statehalf.ts";
import { PlinthError } from "../../plan/findings.ts";
import { keysScript } from "../../plan/scripts.ts";
import { requireNoPool } from "../backup/pools.ts";
import { askHosts, readAnswer, type Answer } from "../cluster/ask.ts";
import { CliError, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { confirm } from "../render/prompt.ts";
import { warnOnce, type Terminal } from "../render/terminal.ts";
import type { LoadedStack, StackInput } from "../project/inventory.ts";
import type { Phases } from "../process/phases.ts";
import type { Project } from "../project/project.ts";
import { isNoSuchStack, runPulumi } from "../pulumi/cli.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { inSession } from "../session/session.ts";
import { saveAdopted } from "./converge.ts";

/** Seconds for a host to tell what it holds. */
const READ_SECONDS = 30;

export interface FromHostsRun {
  project: Project;
  stack: string;
  input: LoadedStack;
  /** Of the same stack. */
  context: EngineContext;
  yes?: boolean;
  terminal: Terminal;
  phases: Phases;
  /** Asks hosts as root. Tests pass their own. */
  ask?: (input: StackInput, script: (host: string) => string, seconds: number) => Promise<Map<string, Answer>>;
}

/**
 * Writes the state of a stack whose state is gone, and of which there is no backup, from what its hosts hold: they are read, and nothing
 * on them is changed. The program declares the keys and ids as ever, and the plugins take over those that exist. Of all else the
 * next `up` finds that it is there.
 */
export async function restoreFromHosts(run: FromHostsRun): Promise<void> {
  const { stack, input, terminal, context } = run;
  requireNoPool(stack, input.settings.config, "state");
  await requireNothingToLose(context);
  const { adoption, silent } = await readHeld(run);
  if (adoption.findings.length > 0) throw new PlinthError(adoption.findings);
  for (const [name, error] of silent) terminal.warn(`${name} could not be read: ${error}`);
  terminal.print(
    `The hosts hold the authorities, keys and ids of the cluster ${input.config.clusterName} (id ${adoption.clusterId ?? ""}).`,
  );
  await agree(run, `Make a state of stack "${stack}" with them? No host is changed.`);

  const adoptions = new Adoptions(adoption.texts);
  const session = {
    ...{ project: run.project, stack, input, terminal, phases: run.phases, parallel: undefined },
    ...{ command: "restore state", plugins: "bundled" as const, adoptions, writes: true, serves: true },
  };
  await inSession(session, async (engine, _stop, { progress }) => {
    await requireNothingToLose(engine.context);
    await emptyStack(engine.context);
    const hosts = input.hosts.map(({ name }) => name);
    await saveAdopted(engine, terminal, { hosts, onWarning: warnOnce(terminal), progress });
  });
  tell(adoption, adoptions, terminal);
  terminal.print(`Stack "${stack}" has a state again. Next: ./plinth up --stack ${stack}`);
}

/** @throws CliError (refused) where the stack's state has more than keys, which a run that was cut off has saved. */
async function requireNothingToLose(context: EngineContext): Promise<void> {
  let exported: string;
  try {
    exported = await runPulumi(context, ["stack", "export"]);
  } catch (error) {
    if (isNoSuchStack(error)) return;
    throw error;
  }
  const present = parseExport(exported);
  if (holdsKeysOnly(present)) return;
  throw new CliError(
    `Stack "${context.stack}" has a state with ${present.deployment.resources?.length ?? 0} resources: it is not replaced. ` +
      `Where it is good for nothing, keep a copy (pulumi stack export) and remove it (pulumi stack rm --force --preserve-config ${context.stack}), then run this again.`,
    Exit.refused,
  );
}

/** Takes out what an `up` that was refused, or a run of this that was cut off, has left: other keys and another id. */
async function emptyStack(context: EngineContext): Promise<void> {
  const present = parseExport(await runPulumi(context, ["stack", "export"]));
  if ((present.deployment.resources ?? []).length === 0) return;
  const empty = { ...present, deployment: { ...present.deployment, resources: [] } };
  await runPulumi(context, ["stack", "import"], JSON.stringify(empty));
}

async function readHeld(run: FromHostsRun): Promise<{ adoption: Adoption; silent: [string, string][] }> {
  const { stack, input } = run;
  const { hosts, config, planned } = input;
  const asked = new Map(hosts.map((host) => [host.name, wantedFiles(planned.secretsOf(host)).paths]));
  const ask = run.ask ?? askHosts;
  const answers = await ask(input, (host) => keysScript(asked.get(host) ?? []), READ_SECONDS);
  const held = new Map<string, HeldFiles>();
  const silent: [string, string][] = [];
  for (const [name, answer] of answers) {
    const files = readAnswer(answer, (text) => ({ files: parseHeldFiles(text, asked.get(name) ?? []) }));
    if ("error" in files) silent.push([name, files.error]);
    else held.set(name, files.files);
  }
  const { secretsOf } = planned;
  return { adoption: adoptionOf({ hosts, cluster: config.clusterName, stack, secretsOf, held }), silent };
}

function tell({ anew }: Adoption, { unfit }: Adoptions, terminal: Terminal): void {
  const others = [...unfit].map((key) => key.split("::")[1] ?? "");
  for (const what of new Set([...anew, ...others]))
    terminal.warn(`made anew, for no host has it as it is to be: ${what}`);
  terminal.print(
    "No host holds these, so they are made anew: the administrator's and the tenants' certificates, and metrics-server's.",
  );
  terminal.print(
    "  Kubeconfigs that were handed out stay good until they expire; ./plinth outputs kubeconfig --show-secrets prints the new one.",
  );
  terminal.print("  Hosts that were declared lost are not known any more; one that comes back is not refused.");
}

async function agree({ yes, terminal }: FromHostsRun, question: string): Promise<void> {
  if (yes === true) return;
  if (await confirm(question, new AbortController().signal)) return;
  terminal.print("Nothing was changed.");
  throw new QuietExit(Exit.failed);
}
