import { resolveAccess, type HostAccess } from "../../components/host/targets.ts";
import { selectHosts } from "../../plan/adhoc/selector.ts";
import { PlinthError } from "../../plan/findings.ts";
import type { Host } from "../../plan/inventory.ts";
import { Slots, type SshError, type SshTarget } from "../../ssh/index.ts";
import type { StackInput } from "../project/inventory.ts";

/** What a command of an operator needs to know of its hosts. */
export interface ChosenHosts {
  /** In the order of the inventory. */
  hosts: Host[];
  access: HostAccess;
}

/**
 * The hosts of a selector, and the ways to them.
 *
 * @param selector see plan/adhoc/selector.ts; undefined: all hosts.
 * @throws PlinthError with all findings, before a host is asked anything.
 */
export async function chooseHosts(
  { hosts: all, config }: Pick<StackInput, "hosts" | "config">,
  selector: string | undefined,
): Promise<ChosenHosts> {
  const { hosts, findings } = selector === undefined ? { hosts: all, findings: [] } : selectHosts(selector, all);
  if (findings.length > 0) throw new PlinthError(findings);
  const reach = await resolveAccess(hosts, config);
  if (reach.findings.length > 0) throw new PlinthError(reach.findings);
  return { hosts, access: reach.access };
}

/** How many hosts are worked on at the same time, 1 or more, and what ends it. */
export interface Pace {
  parallel: number;
  signal: AbortSignal;
}

/**
 * Does something for each host, so many at the same time.
 *
 * @param interrupted what becomes of a host whose turn comes after the end.
 * @returns results in the order of `access`.
 */
export async function onEachHost<Result>(
  access: HostAccess,
  { parallel, signal }: Pace,
  work: (host: string, target: SshTarget) => Promise<Result>,
  interrupted: (host: string) => Result,
): Promise<Result[]> {
  const slots = new Slots(parallel);
  const never = new AbortController().signal; // What waits is told that it is over when it is its turn.
  return Promise.all(
    [...access].map(([host, target]) =>
      slots.within(never, async () => (signal.aborted ? interrupted(host) : work(host, target))),
    ),
  );
}

/** What became of a host whose connection failed. `lost`: it broke while something was done there; `unreachable`: nothing was. */
export function failureOf({ kind, message }: SshError): {
  outcome: "interrupted" | "lost" | "unreachable";
  reason?: string;
} {
  if (kind === "interrupted") return { outcome: "interrupted" };
  return { outcome: kind === "lost" ? "lost" : "unreachable", reason: message };
}
