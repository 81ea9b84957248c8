import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Driver, Ground, RunKind, ToolRun } from "./driver.ts";
import { knownHostsOf, labUser, sshOptions, type ReachedHost } from "./hosts.ts";
import { failureOf, runTimed } from "./run.ts";
import { tasksFolder, type Task } from "./tasks.ts";

/** Hosts at the same time: more forks than this take more memory and no less time. */
const mostForks = 50;

/** What Ansible's recap says of a host. */
export interface Recap {
  changed: number;
  unreachable: number;
  failed: number;
}

/** Reads the recap at the end of what ansible-playbook says: host → counts. */
export function parseRecap(text: string): Map<string, Recap> {
  const recap = new Map<string, Recap>();
  const lines = text.slice(text.lastIndexOf("PLAY RECAP")).split("\n");
  for (const line of lines) {
    const [, host, counts] = /^(\S+)\s+: (ok=\d+ .*)$/.exec(line) ?? [];
    if (host === undefined || counts === undefined) continue;
    const count = (key: string): number => Number(new RegExp(`\\b${key}=(\\d+)`).exec(counts)?.[1] ?? 0);
    recap.set(host, { changed: count("changed"), unreachable: count("unreachable"), failed: count("failed") });
  }
  return recap;
}

/** Why a recap is no success on all hosts. */
export function recapFailure(recap: ReadonlyMap<string, Recap>, hosts: readonly string[]): string | undefined {
  const wrong = hosts.filter((host) => {
    const found = recap.get(host);
    return found === undefined || found.failed + found.unreachable > 0;
  });
  return wrong.length === 0 ? undefined : `Ansible failed on ${wrong.length} hosts, the first: ${wrong[0] ?? ""}`;
}

/** Inventory, as YAML. */
export function inventoryOf(hosts: readonly ReachedHost[], privateKeyFile: string): string {
  const entries = hosts.map(({ name, sshAddress, sshPort }): [string, object] => [
    name,
    { ansible_host: sshAddress, ansible_port: sshPort },
  ]);
  const vars = {
    ansible_user: labUser,
    ansible_ssh_private_key_file: privateKeyFile,
    // Named, so that no run looks for it.
    ansible_python_interpreter: "/usr/bin/python3",
  };
  return stringify({ all: { vars, hosts: Object.fromEntries(entries) } });
}

/** Text of ansible.cfg: the settings that make it fastest. */
export function configOf(hosts: number, knownHostsFile: string, controlFolder: string): string {
  const ssh = [...sshOptions(knownHostsFile), "-o", "ControlMaster=auto", "-o", "ControlPersist=60s"];
  const lines = {
    defaults: {
      forks: Math.min(hosts, mostForks),
      // No host waits for the slowest one before each task.
      strategy: "free",
      gathering: "explicit",
      host_key_checking: "True",
      nocolor: "True",
      retry_files_enabled: "False",
    },
    ssh_connection: { pipelining: "True", ssh_args: ssh.join(" "), control_path_dir: controlFolder },
  };
  return Object.entries(lines)
    .map(([section, settings]) =>
      [`[${section}]`, ...Object.entries(settings).map(([key, value]) => `${key} = ${value}`), ""].join("\n"),
    )
    .join("\n");
}

/** @param programs folder with ansible-playbook. */
export function ansible(programs: string, { lab, folder, env, log }: Ground): Driver {
  const at = (file: string): string => join(folder, file);
  let names: string[] = [];
  const options = { cwd: folder, env: { ...env, LC_ALL: "C.UTF-8", ANSIBLE_CONFIG: at("ansible.cfg") }, log };
  const playbook = [join(programs, "ansible-playbook"), "--inventory", at("inventory.yaml")];

  /** Ends the connections that Ansible keeps, so that each run opens its own. */
  const disconnect = async (controls: string): Promise<void> => {
    for (const socket of await readdir(controls))
      await runTimed(
        [...lab.enter, "ssh", "-F", "none", "-o", `ControlPath=${join(controls, socket)}`, "-O", "exit", "x"],
        {
          cwd: folder,
          env: options.env,
        },
      );
    await rm(controls, { recursive: true, force: true });
  };

  const run = async (_kind: RunKind, task: Task): Promise<ToolRun> => {
    // A path of a socket has at most 107 bytes, so that it is none below the home directory.
    const controls = await mkdtemp(join(tmpdir(), "plinth-cp-"));
    try {
      await writeFile(at("ansible.cfg"), configOf(names.length, at("known_hosts"), controls));
      const values = JSON.stringify({ bench_name: task.name, bench_text: task.text });
      const ended = await runTimed(
        [...lab.enter, ...playbook, join(tasksFolder, "playbook.yaml"), "--extra-vars", values],
        options,
      );
      const recap = parseRecap(ended.stdout);
      const told = names.map((name) => recap.get(name)?.changed);
      return {
        seconds: ended.seconds,
        failure: recapFailure(recap, names) ?? failureOf(ended),
        changed: told.reduce<number | undefined>((sum, one) => (one === undefined ? sum : (sum ?? 0) + one), undefined),
      };
    } finally {
      await disconnect(controls);
    }
  };

  return {
    tool: "ansible",
    prepare: async (hosts) => {
      names = hosts.map(({ name }) => name);
      await writeFile(at("inventory.yaml"), inventoryOf(hosts, lab.privateKeyFile));
      await writeFile(at("known_hosts"), knownHostsOf(hosts));
      await runTimed([...playbook.slice(0, 1), "--version"], options);
    },
    run,
    leave: () => Promise.resolve(),
  };
}
