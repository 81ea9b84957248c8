import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { stringify } from "yaml";
import type { FleetAccess } from "./fleet/fleet.ts";
import { mirroredVersions, type MirroredScript } from "./fleet/mirror.ts";

const run = promisify(execFile);

/** Name of the stack, of its inventory and of its configuration. */
export const benchStack = "bench";

/** A host of the bench's inventory. */
export interface BenchHost {
  name: string;
  address: string;
  roles: string[];
}

/** Hosts of a fleet: three of the control plane, and workers. */
export function benchHosts(subnet: string, count: number): BenchHost[] {
  const [first = "127", second = "0"] = subnet.split(".");
  return Array.from({ length: count }, (_, index): BenchHost => {
    if (index < 3) {
      const roles = ["etcd", "control-plane", "load-balancer"];
      return { name: `cp${index + 1}`, address: `${first}.${second}.1.${index + 1}`, roles };
    }
    const worker = index - 3;
    const address = `${first}.${second}.${2 + Math.floor(worker / 250)}.${1 + (worker % 250)}`;
    return { name: `w${worker + 1}`, address, roles: ["worker"] };
  });
}

/** A copy of the project with a stack for a fleet, and homes of its own, so that nothing of the user's is touched. */
export class BenchProject {
  /** Everything is below it. */
  readonly folder: string;
  readonly #access: FleetAccess;

  private constructor(folder: string, access: FleetAccess) {
    this.folder = folder;
    this.#access = access;
  }

  get directory(): string {
    return join(this.folder, "project");
  }

  /** Where the engine keeps the stack's state. */
  get stateDirectory(): string {
    return join(this.directory, ".plinth", "state", ".pulumi", "stacks", "plinth");
  }

  /**
   * @param source the project's own folder, a clone.
   * @param commit what is copied; undefined for the files as they are.
   */
  static async make(source: string, commit: string | undefined, access: FleetAccess): Promise<BenchProject> {
    const folder = await mkdtemp(join(tmpdir(), "plinth-bench-"));
    const project = new BenchProject(folder, access);
    try {
      await mkdir(project.directory);
      if (commit === undefined) await copyWorkTree(source, project.directory);
      else await copyCommit(source, commit, folder, project.directory);
      await symlink(await realpath(join(source, "node_modules")), join(project.directory, "node_modules"));
      await mkdir(join(folder, "home"), { mode: 0o700 });
      await writeFile(join(folder, "key"), access.privateKey, { mode: 0o600 });
      // There from the start, so that it can be watched.
      await mkdir(project.stateDirectory, { recursive: true, mode: 0o700 });
      await mkdir(join(project.directory, ".plinth"), { recursive: true, mode: 0o700 });
      return project;
    } catch (error) {
      await project.remove();
      throw error;
    }
  }

  /** The scripts that hosts fetch by digest, as the copy itself names them; none in releases that carried them as text. */
  async scripts(): Promise<MirroredScript[]> {
    const path = join(this.directory, "plan", "scripts.ts");
    if (!existsSync(path)) return [];
    const { allScripts } = (await import(pathToFileURL(path).href)) as { allScripts?: () => MirroredScript[] };
    return (allScripts?.() ?? []).map(({ name, sha256 }) => ({ name, sha256 }));
  }

  /** Writes inventory, known host keys and configuration of the stack. */
  async configure(
    hosts: readonly BenchHost[],
    hostKeys: Readonly<Record<string, string>>,
    settings: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const { subnet, vip, artifactsUrl, sshPort } = this.#access;
    const config = {
      clusterName: benchStack,
      nodeSubnet: subnet,
      vip,
      artifactsUrl,
      sshUser: "root",
      sshPort,
      sshPrivateKeyFile: join(this.folder, "key"),
      sshKnownHostsFile: join(this.folder, "known_hosts"),
      // Room for more than 256 Nodes.
      podCidr: "10.240.0.0/12",
      servicePorts: [
        { name: "http", port: 80, nodePort: 30080 },
        { name: "https", port: 443, nodePort: 30443 },
      ],
      ...mirroredVersions,
      ...settings,
    };
    const named = Object.fromEntries(Object.entries(config).map(([key, value]) => [`plinth:${key}`, value]));
    const known = hosts.map(({ name, address }) => `[${address}]:${sshPort} ${hostKeys[name] ?? ""}\n`);
    await writeFile(join(this.directory, "hosts", `${benchStack}.ts`), `export default ${JSON.stringify(hosts)};\n`);
    await writeFile(join(this.directory, `Pulumi.${benchStack}.yaml`), stringify({ config: named }));
    await writeFile(join(this.folder, "known_hosts"), known.join(""));
  }

  /** The environment of a command line that works on the copy. The cache of artifacts is the user's. */
  environment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { ...environmentAt(join(this.folder, "home")), ...extra };
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The environment of this process with another home, and without what it says to Pulumi, Plinth, SSH and Ansible. */
export function environmentAt(home: string): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(PULUMI|PLINTH|XDG|SSH|ANSIBLE|PYINFRA)_/.test(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    HOME: home,
    PULUMI_HOME: join(home, ".pulumi"),
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_STATE_HOME: join(home, ".local", "state"),
    XDG_DATA_HOME: join(home, ".local", "share"),
    XDG_CACHE_HOME: cacheHome(),
    NO_COLOR: "1",
  };
}

/** The user's folder of caches. */
export function cacheHome(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? "";
  return cache === "" ? join(homedir(), ".cache") : cache;
}

/** Copies what git tracks or would track. */
export async function copyWorkTree(source: string, target: string): Promise<void> {
  const { stdout } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: source,
    maxBuffer: 2 ** 26,
  });
  for (const file of stdout.split("\0").filter((name) => name !== "" && name !== "node_modules")) {
    await mkdir(dirname(join(target, file)), { recursive: true });
    await cp(join(source, file), join(target, file)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error; // Deleted, and git does not know it yet.
    });
  }
}

async function copyCommit(source: string, commit: string, folder: string, target: string): Promise<void> {
  const archive = join(folder, "project.tar");
  try {
    await run("git", ["archive", "--format=tar", `--output=${archive}`, commit], { cwd: source });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`the commit ${commit} cannot be read from ${source} (${said})`, { cause: error });
  }
  await run("tar", ["-xf", archive, "-C", target]);
  await rm(archive);
}

/** Whether a copy asks for other packages than the installed ones. */
export async function asksForOtherPackages(source: string, copy: string): Promise<boolean> {
  const [own, other] = await Promise.all(
    [source, copy].map((folder) => readFile(join(folder, "package-lock.json"), "utf8")),
  );
  return own !== other;
}
