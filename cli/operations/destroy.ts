import { resolveAccess } from "../../components/host/targets.ts";
import type { ReachedHost } from "../../plan/destination.ts";
import { PlinthError } from "../../plan/findings.ts";
import type { PreviousHost } from "../../plan/outputs.ts";
import { parsePreviousRun } from "../../plan/previousrun.ts";
import { controlPlaneOf, isPool } from "../../plan/pool.ts";
import type { PoolMaterial } from "../../plan/poolmaterial.ts";
import { QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { Terminal } from "../render/terminal.ts";
import { confirm } from "../render/prompt.ts";
import { formatDuration } from "../render/duration.ts";
import { lockUnlessTooFew } from "../cluster/lock.ts";
import { administratorOf, readPoolMaterial } from "../cluster/administrator.ts";
import type { EngineContext } from "../pulumi/context.ts";
import type { Account } from "./account.ts";
import { claimSearch, freeClaimed, stillClaimed, type ClaimSearch } from "./abandoned.ts";
import { keptData } from "./kept-data.ts";
import type { LoadedStack } from "../project/inventory.ts";
import { deleteNodesOf } from "../cluster/node.ts";
import { operateAloud } from "./operation.ts";
import { readOutputs, readRawOutputs } from "../pulumi/outputs.ts";
import { withoutSecrets } from "../pulumi/masked.ts";
import type { Phases } from "../process/phases.ts";
import type { PluginMode } from "../pulumi/plugins.ts";
import type { Project } from "../project/project.ts";
import { runPulumi } from "../pulumi/cli.ts";
import { inSession } from "../session/session.ts";

export interface DestroyRun {
  stack: string;
  yes?: boolean;
  events?: string;
  plugins: PluginMode;
  parallel?: number;
  project: Project;
  input: LoadedStack;
  terminal: Terminal;
  phases: Phases;
  account: Account;
}

interface ExportedResources {
  deployment?: { resources?: { type: string; custom?: boolean }[] | null } | null;
}

/** The cluster of a pool. */
interface PoolCluster {
  material: PoolMaterial;
  /** Kubeconfig of its administrator. */
  administrator: string | undefined;
}

/** What a pool's cluster hands over. That it does not any more is no reason to refuse: the cluster may be gone. */
async function clusterOf(context: EngineContext, { terminal }: DestroyRun): Promise<PoolCluster | undefined> {
  try {
    const outputs = await readOutputs(context, { secrets: true });
    const material = await readPoolMaterial(context, outputs);
    return material && { material, administrator: await administratorOf(context, outputs) };
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error;
    for (const { message } of error.findings) terminal.warn(`${message}; its Nodes stay where they are`);
    return undefined;
  }
}

/** Last, for a kubelet that runs would register again. */
async function deleteNodes({ administrator }: PoolCluster, { stack, terminal }: DestroyRun): Promise<void> {
  const deletion =
    administrator === undefined
      ? { unreachable: "the cluster's stack has no kubeconfig" }
      : await deleteNodesOf(administrator, stack);
  if ("unreachable" in deletion) {
    terminal.warn(`the Nodes of stack "${stack}" stay in the cluster, delete them there: ${deletion.unreachable}`);
  } else if (deletion.deleted.length > 0)
    terminal.print(`  deleted from the cluster: Node ${deletion.deleted.join(", ")}`);
}

/** Hosts of the last run that the inventory has no more. */
function formerHosts(previous: Readonly<Record<string, PreviousHost>>, present: readonly string[]): ReachedHost[] {
  return Object.entries(previous).flatMap(([name, host]) => (present.includes(name) ? [] : [{ name, ...host }]));
}

/** Deletes everything the stack has made, after asking; of a worker pool also its Nodes. */
export async function runDestroy(run: DestroyRun): Promise<void> {
  const { terminal, phases, input, stack } = run;
  const hosts = input.hosts.map(({ name }) => name);
  run.account.ofHosts(hosts);
  const session = { ...run, command: "destroy", parallel: run.parallel, writes: true, serves: false };
  await inSession(session, async (engine, stop, { progress }) => {
    const state = JSON.parse(await runPulumi(engine.context, ["stack", "export"])) as ExportedResources;
    const resources = (state.deployment?.resources ?? []).filter(({ type }) => type !== "pulumi:pulumi:Stack");
    if (resources.length === 0) {
      terminal.print(`Stack "${stack}" has nothing to destroy.`);
      return;
    }
    const pool = isPool(engine.context.settings.config);
    const { machinesOnly } = input.planned;
    const what = machinesOnly ? `stack "${stack}"` : `the ${pool ? "worker pool" : "cluster"} of stack "${stack}"`;
    if (run.yes !== true) {
      const besides = machinesOnly ? "" : pool ? " without a drain" : " and forget its certificate authorities";
      const question = `Destroy ${what} on ${hosts.join(", ") || "no host"}${besides}?`;
      if (!(await confirm(question, stop))) {
        terminal.print("Nothing was changed.");
        run.account.declined();
        throw new QuietExit(Exit.failed);
      }
    }
    const { previous } = parsePreviousRun(stack, withoutSecrets(await readRawOutputs(engine.context)));
    const cluster = pool ? await clusterOf(engine.context, run) : undefined;
    const members = pool ? cluster && controlPlaneOf(cluster.material) : input.hosts;
    // Hosts are released with the key and by the ways that this reads, also where there is no cluster to lock.
    const { access } = await resolveAccess([...(members ?? []), ...(pool ? input.hosts : [])], input.config);
    await resolveAccess(formerHosts(previous?.hosts ?? {}, hosts), input.config);
    if (members !== undefined && !machinesOnly)
      await lockUnlessTooFew(access, members, stack, terminal, pool ? { poolStack: stack } : {});
    // The authorities are protected against a slip of the inventory; who destroys the cluster means them, too.
    await runPulumi(engine.context, ["state", "unprotect", "--all", "--yes"]);
    const { events } = await phases.measure("destroy", () =>
      operateAloud(engine, terminal, hosts, (events) => engine.destroy({ events }), {
        progress,
        onBegin: run.account.follow,
      }),
    );
    // What a killed run has claimed is not in the state.
    const gone: ClaimSearch["deleteNode"] = () => Promise.resolve("none");
    const search = { ...claimSearch(engine.context, input, terminal, previous), deleteNode: gone };
    await freeClaimed(search, await stillClaimed(search, Object.keys(previous?.hosts ?? {})));
    if (cluster !== undefined) await deleteNodes(cluster, run);
    const total = phases.list.reduce((sum, { duration }) => sum + duration, 0);
    terminal.print(`Destroyed ${what} (${formatDuration(total)}).`);
    for (const { host, path } of keptData(events.diagnostics, hosts)) terminal.print(`  kept on ${host}: ${path}`);
  });
}
