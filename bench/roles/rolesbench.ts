import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../../local/lock.ts";
import { cacheHome, environmentAt } from "../project.ts";
import { ansible } from "./ansible.ts";
import type { Driver, Ground } from "./driver.ts";
import { labHosts, lookAt, operatorAddress, reached, type LabHost, type RolesLab } from "./hosts.ts";
import { measureRound, type RoleRow } from "./measure.ts";
import { copyProject, plinth } from "./plinth.ts";
import { startProxyIn } from "./proxyprocess.ts";
import { pyinfra } from "./pyinfra.ts";
import { ensurePython } from "./python.ts";

/** What lab hosts are like: with the Python that Ansible needs. */
const like = ["python"];

export interface RolesBenchOptions {
  /** The project's own folder, a clone. */
  source: string;
  /** Numbers of hosts; one lab for each. */
  sizes: readonly number[];
  /** Milliseconds of round trip that are added; 0 without the proxy. */
  delays: readonly number[];
  /** How often all of it is done on the hosts of one lab. */
  times: number;
  /** The lab of a folder with these hosts. */
  lab: (folder: string, hosts: readonly LabHost[]) => RolesLab;
  /** Gets each run as soon as it is over, so that those before an error are not lost. */
  add: (row: RoleRow) => void;
  /** Gets a line for each thing that begins or ends. */
  say: (line: string) => void;
  /** Ends the bench after what is under way. */
  stop: AbortSignal;
}

/**
 * Measures the ten tasks by all tools.
 *
 * @throws Error when Python, the lab or what is not measured fails.
 */
export async function benchRoles(options: RolesBenchOptions): Promise<void> {
  const cache = join(cacheHome(), "plinth", "bench");
  const id = createHash("sha256").update(options.source).digest("hex").slice(0, 8);
  const folder = join(cache, `roles-${id}`);
  const wait = (holder: string): void => {
    options.say(`waiting for another bench of this clone (${holder})`);
  };
  await withLock(`${folder}.lock`, wait, async () => {
    const programs = await ensurePython(cache, options.say);
    for (const size of options.sizes) if (!options.stop.aborted) await benchSize(size, folder, programs, options);
  });
}

/** All delays and rounds on one lab. The folder stays where something has failed: `log` in it has what the tools said. */
async function benchSize(size: number, folder: string, programs: string, options: RolesBenchOptions): Promise<void> {
  const { say, stop } = options;
  const hosts = labHosts(size);
  const lab = options.lab(folder, hosts);
  // What a bench that was killed has left.
  await lab.down();
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "home"), { recursive: true, mode: 0o700 });
  const ground = { lab, folder, env: environmentAt(join(folder, "home")), log: join(folder, "log") };
  let keep = true;
  let failed = false;
  const add = (row: RoleRow): void => {
    failed ||= row.failure !== undefined;
    options.add(row);
  };
  try {
    await copyProject(options.source, folder);
    await lab.up(like);
    const drivers = [ansible(programs, ground), pyinfra(programs, ground), plinth(ground)];
    for (const delay of options.delays)
      if (!stop.aborted) await benchDelay(delay, hosts, ground, drivers, { ...options, add });
    keep = failed;
  } finally {
    await lab.down();
    if (keep) say(`what the tools said is kept: ${ground.log}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

async function benchDelay(
  delay: number,
  hosts: readonly LabHost[],
  { lab }: Ground,
  drivers: readonly Driver[],
  { times, add, say, stop }: RolesBenchOptions,
): Promise<void> {
  const ways = reached(hosts, await readFile(lab.knownHostsFile, "utf8"), delay > 0);
  const proxied = ways.map(({ address, sshPort }) => ({ port: sshPort, address, sshPort: 22 }));
  const close =
    delay > 0
      ? await startProxyIn(lab.enter, { bind: operatorAddress, roundTrip: delay, hosts: proxied })
      : () => Promise.resolve();
  try {
    for (const driver of drivers) await driver.prepare(ways);
    const names = hosts.map(({ name }) => name);
    for (let round = 1; round <= times && !stop.aborted; round++) {
      const look = (name: string): ReturnType<typeof lookAt> => lookAt(lab, hosts, name);
      await measureRound({ hosts: names, delay, round, drivers, lookAt: look, add, say, stop });
    }
  } finally {
    await close();
  }
}
