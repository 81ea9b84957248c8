import ipaddr from "ipaddr.js";
import type { Lab } from "./lab.ts";
import { LabError, type LabHostStatus } from "./types.ts";

/** The host part from which a host without a given address is counted. */
const firstAddedHost = 21;

/** A table for people: one line per host, under a heading. */
export function renderStatus(hosts: readonly LabHostStatus[]): string {
  // All hosts of a lab are alike, and ordinary ones are like nothing else.
  const isLike = hosts.some(({ like }) => like !== undefined);
  const rows = [
    ["HOST", "ADDRESS", "STATE", "SSH", "PID", "UPTIME", ...(isLike ? ["LIKE"] : [])],
    ...hosts.map((host) => [
      host.name,
      host.address,
      host.state,
      host.ssh ? "yes" : "no",
      host.pid === null ? "-" : String(host.pid),
      host.uptime === null ? "-" : `${host.uptime} s`,
      ...(isLike ? [host.like?.join(",") ?? "-"] : []),
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** The lowest free address from the 21st of the hosts' network on (a /24, as the existing hosts show). */
export function nextAddress(hosts: readonly { address: string }[]): string {
  const sample = hosts[0]?.address;
  if (sample === undefined) throw new LabError("the lab has no hosts yet: give the address, `lab add HOST ADDRESS`");
  const network = ipaddr.IPv4.parse(sample).octets.slice(0, 3).join(".");
  const taken = new Set(hosts.map((host) => host.address));
  for (let last = firstAddedHost; last < 255; last++) {
    if (!taken.has(`${network}.${last}`)) return `${network}.${last}`;
  }
  throw new LabError(`no free address is left in ${network}.0/24`);
}

async function add(lab: Lab, name: string, address: string | undefined): Promise<void> {
  const hosts = await lab.status();
  const known = hosts.find((host) => host.name === name);
  await lab.add({ name, address: address ?? known?.address ?? nextAddress(hosts) });
}

/**
 * Carries out one `lab` command: `up`, `down`, `status`, `add HOST [ADDRESS]`, `kill|start|wipe|remove|pause|resume|partition HOST`,
 * `heal [HOST]`. Results go to standard output, what went wrong to standard error.
 * @param json whether to print the hosts' status as JSON after the command
 * @param like what `up` makes the hosts like: names of variants
 * @returns exit code: 0 done, 1 failed, 2 a wish that cannot be fulfilled as asked
 */
export async function labCommand(
  args: string[],
  lab: Lab,
  json: boolean,
  like: readonly string[] = [],
): Promise<number> {
  const [verb = "", name, address] = args;
  const withHost = (): string => {
    if (name === undefined) throw new LabError(`\`lab ${verb}\` needs the name of a host`);
    return name;
  };
  const verbs = new Map<string, () => Promise<void>>(
    Object.entries({
      up: () => lab.up(like),
      down: () => lab.down(),
      status: () => Promise.resolve(),
      add: () => add(lab, withHost(), address),
      kill: () => lab.kill(withHost()),
      start: () => lab.start(withHost()),
      wipe: () => lab.wipe(withHost()),
      remove: () => lab.remove(withHost()),
      pause: () => lab.pause(withHost()),
      resume: () => lab.resume(withHost()),
      partition: () => lab.partition(withHost()),
      heal: () => lab.heal(name),
    }),
  );
  try {
    const action = verbs.get(verb);
    if (action === undefined)
      throw new LabError(`unknown lab command "${verb}": known are ${[...verbs.keys()].join(", ")}`);
    await action();
    if (json) console.log(JSON.stringify(await lab.status()));
    else if (verb === "status" || verb === "up") console.log(renderStatus(await lab.status()));
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(error.message);
    return error instanceof LabError ? 2 : 1;
  }
}
