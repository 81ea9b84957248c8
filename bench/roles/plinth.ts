import { cp, mkdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { changesIn } from "../operations.ts";
import { benchStack, copyWorkTree } from "../project.ts";
import type { Driver, Ground, PlinthCost, RunKind, ToolRun } from "./driver.ts";
import { labUser, operatorAddress, type ReachedHost } from "./hosts.ts";
import { documentOf, failureOf, runTimed, type Ended } from "./run.ts";
import { readTaskFiles, tasksFolder, type Task } from "./tasks.ts";

/** Every host has an sshd of its own, so that none of them sees many that log in. */
const dials = 50;

const summary = z.object({
  phases: z.array(z.object({ name: z.string(), duration: z.number() })),
  programStart: z.number(),
  ssh: z.array(z.object({ connections: z.number(), roundTrips: z.number() })),
});

/** What `up --json` tells of its cost; undefined where it has told nothing. */
export function costIn(text: string): PlinthCost | undefined {
  const told = documentOf(text, summary);
  if (told === undefined) return undefined;
  const opened = told.phases.find(({ name }) => name === "engine start")?.duration ?? 0;
  return {
    engineSeconds: (opened + told.programStart) / 1000,
    connections: told.ssh.reduce((sum, { connections }) => sum + connections, 0),
    commands: told.ssh.reduce((sum, { roundTrips }) => sum + roundTrips, 0),
  };
}

/** Inventory of the stack, as a module. */
export function hostsModule(hosts: readonly ReachedHost[]): string {
  const entries = hosts.map(({ name, address, sshAddress, sshPort, hostKey }) => ({
    ...{ name, address, sshAddress, port: sshPort, hostKey },
    roles: ["bench-tasks"],
  }));
  return `export default ${JSON.stringify(entries, null, 2)};\n`;
}

/** Configuration of the stack, as YAML. */
export function stackFile(task: Task, privateKeyFile: string): string {
  const config = {
    artifactsUrl: `http://${operatorAddress}:8410`,
    sshUser: labUser,
    sshPrivateKeyFile: privateKeyFile,
    sshDials: dials,
    maxUnavailable: "100%",
    parameters: { "bench-tasks": { ...task, ...readTaskFiles() } },
  };
  return stringify({
    config: Object.fromEntries(Object.entries(config).map(([key, value]) => [`plinth:${key}`, value])),
  });
}

/**
 * Makes a copy of the project whose roles are the ten tasks.
 *
 * @param source the project's own folder, a clone.
 */
export async function copyProject(source: string, folder: string): Promise<void> {
  const copy = join(folder, "project");
  await rm(copy, { recursive: true, force: true });
  await mkdir(copy, { recursive: true });
  await copyWorkTree(source, copy);
  await symlink(await realpath(join(source, "node_modules")), join(copy, "node_modules"));
  await cp(join(tasksFolder, "role.ts"), join(copy, "roles", "index.ts"));
}

/** Plinth, by the copy that `copyProject` has made in the folder. */
export function plinth({ lab, folder, env, log }: Ground): Driver {
  const copy = join(folder, "project");
  const command = async (words: readonly string[]): Promise<Ended> =>
    runTimed([...lab.enter, process.execPath, join(copy, "cli", "main.ts"), ...words, "--stack", benchStack], {
      cwd: copy,
      env,
      log,
    });
  const write = (task: Task): Promise<void> =>
    writeFile(join(copy, `Pulumi.${benchStack}.yaml`), stackFile(task, lab.privateKeyFile));
  const up = async (...words: string[]): Promise<ToolRun> => {
    const ended = await command(["up", "--yes", "--json", ...words]);
    const cost = costIn(ended.stdout);
    return {
      seconds: ended.seconds,
      failure: failureOf({ ...ended, stdout: "" }) ?? unseen(ended.stderr),
      changed: changesIn(ended.stdout),
      ...(cost === undefined ? {} : { cost }),
    };
  };
  return {
    tool: "plinth",
    prepare: async (hosts) => {
      await writeFile(join(copy, "hosts", `${benchStack}.ts`), hostsModule(hosts));
      // As a name that no run has. It changes nothing on hosts.
      await write({ name: "bench-warm-up", text: "none" });
      must("preview", await command(["preview"]));
    },
    run: async (kind: RunKind, task: Task) => {
      await write(task);
      const run = await up();
      if (kind !== "nothing" || run.failure !== undefined) return run;
      const proof = failureOf({ ...(await command(["up", "--yes", "--expect-no-changes"])), stdout: "" });
      return proof === undefined ? run : { ...run, failure: `up --expect-no-changes: ${proof}` };
    },
    look: () => up("--heal"),
    leave: async () => {
      must("destroy", await command(["destroy", "--yes"]));
    },
  };
}

/** A host that cannot be looked at for drift is told of and is no failure of `up`. */
function unseen(said: string): string | undefined {
  const [, host] = /^Could not be looked at:\n *- (.*)$/m.exec(said) ?? [];
  return host === undefined ? undefined : `not every host was looked at for drift, the first: ${host}`;
}

function must(what: string, ended: Ended): void {
  const failure = failureOf({ ...ended, stdout: "" });
  if (failure !== undefined) throw new Error(`plinth ${what}, which is not measured, failed: ${failure}`);
}
