import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Driver, Ground, RunKind, ToolRun } from "./driver.ts";
import { knownHostsOf, labUser, type ReachedHost } from "./hosts.ts";
import { documentOf, failureOf, runTimed } from "./run.ts";
import { tasksFolder, type Task } from "./tasks.ts";

/** Hosts at the same time, as Ansible's forks. */
const mostAtOnce = 50;

const names = z.array(z.string());
const report = z.object({
  results: z.object({
    operations: z.array(z.object({ success: names, error: names })),
    failed_hosts: names,
  }),
});

/** What pyinfra tells of a run as JSON: changes on all hosts together, and who has failed. */
export function parseResults(text: string): { changed: number; failed: string[] } | undefined {
  const told = documentOf(text, report);
  if (told === undefined) return undefined;
  const { operations, failed_hosts } = told.results;
  return {
    // What it calls a success is an operation that has changed something.
    changed: operations.reduce((sum, operation) => sum + operation.success.length, 0),
    failed: [...new Set([...failed_hosts, ...operations.flatMap(({ error }) => error)])].sort(),
  };
}

/** Inventory: a module of Python, whose literals are those of JSON. */
export function inventoryModule(hosts: readonly ReachedHost[], privateKeyFile: string, knownHostsFile: string): string {
  const common = {
    ssh_user: labUser,
    ssh_key: privateKeyFile,
    ssh_known_hosts_file: knownHostsFile,
    ssh_strict_host_key_checking: "yes",
  };
  const entries = hosts.map(
    ({ name, sshAddress, sshPort }) =>
      `    (${JSON.stringify(name)}, ${JSON.stringify({ ssh_hostname: sshAddress, ssh_port: sshPort, ...common })}),\n`,
  );
  return `machines = [\n${entries.join("")}]\n`;
}

/** @param programs folder with pyinfra. */
export function pyinfra(programs: string, { lab, folder, env, log }: Ground): Driver {
  const at = (file: string): string => join(folder, file);
  const program = join(programs, "pyinfra");
  let count = 0;
  const options = { cwd: folder, env: { ...env, LC_ALL: "C.UTF-8" }, log };
  const run = async (_kind: RunKind, { name, text }: Task): Promise<ToolRun> => {
    // Its fastest settings: no look ahead at what would change, and no host waits for the others.
    const flags = ["--yes", "--no-wait", "--sudo", "--json", "--parallel", String(Math.min(count, mostAtOnce))];
    const data = ["--data", `bench_name=${name}`, "--data", `bench_text=${text}`];
    const ended = await runTimed(
      [...lab.enter, program, ...flags, ...data, at("inventory.py"), join(tasksFolder, "deploy.py")],
      options,
    );
    const results = parseResults(ended.stdout);
    const [first] = results?.failed ?? [];
    const failed =
      first === undefined ? undefined : `pyinfra failed on ${results?.failed.length ?? 0} hosts, the first: ${first}`;
    return { seconds: ended.seconds, failure: failed ?? failureOf(ended), changed: results?.changed };
  };
  return {
    tool: "pyinfra",
    prepare: async (hosts) => {
      count = hosts.length;
      await writeFile(at("inventory.py"), inventoryModule(hosts, lab.privateKeyFile, at("pyinfra_known_hosts")));
      await writeFile(at("pyinfra_known_hosts"), knownHostsOf(hosts));
      await runTimed([program, "--version"], options);
    },
    run,
    leave: () => Promise.resolve(),
  };
}
