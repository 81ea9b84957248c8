import { hostScript } from "../../components/host/script.ts";
import { apiserverWords } from "../../plan/bundles/defragmentation.ts";
import { withRole, type Host } from "../../plan/inventory.ts";
import { askHosts, type Answer } from "../cluster/ask.ts";
import { CliError } from "../errors.ts";
import type { StackInput } from "../project/inventory.ts";

/** A verb of `plinth-host etcd`, and the seconds that it may take. */
const verbs = {
  /** Half an hour for the database, the rest for the API server to end what it does and to come back. */
  defrag: 3000,
  compact: 660,
  disarm: 120,
  hashes: 180,
  "set-aside": 900,
  /** A member that joins receives all data first. */
  rejoin: 900,
} as const;
export type EtcdVerb = keyof typeof verbs;

/** Does one thing on a host, and returns what it printed. */
export type EtcdDo = (verb: EtcdVerb, host: Host) => Promise<string>;

/**
 * Does it by this program's own host script, whatever is installed there. Hosts of earlier releases can be cared for, too.
 *
 * @param ask tests pass their own.
 * @throws CliError with the host's sentence.
 */
export function onHost(input: Pick<StackInput, "hosts" | "config">, ask: typeof askHosts = askHosts): EtcdDo {
  return async (verb, host) => {
    const words = ["etcd", verb, ...(verb === "defrag" ? apiserverWords({ host, hosts: input.hosts }) : [])];
    const answers = await ask({ ...input, hosts: [host] }, `set -- ${words.join(" ")}\n${hostScript()}`, verbs[verb]);
    const answer: Answer = answers.get(host.name) ?? { error: "unreachable" };
    if ("error" in answer)
      throw new CliError(`${answer.error.startsWith(`${host.name}: `) ? "" : `${host.name}: `}${answer.error}`);
    return answer.text;
  };
}

/** Hosts of the stack that are to have a member. */
export function memberHosts({ hosts }: Pick<StackInput, "hosts">): Host[] {
  return withRole(hosts, "etcd");
}
