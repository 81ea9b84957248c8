import type { Finding } from "./findings.ts";

/** What is known of the SSH agent that something logs in by. */
export type AgentView =
  | { socket: string; /** Fingerprints of its keys, in the order in which it lists them. */ keys: readonly string[] }
  | { socket: string; /** Why it cannot be asked. */ failure: string }
  /** SSH_AUTH_SOCK is not set. */
  | "none";

/** A key that hosts are to be logged in to with. */
export interface WantedKey {
  /** `TYPE SHA256:…` */
  fingerprint: string;
  /** The file that `plinth:sshPrivateKeyFile` names; absent for a key that only the agent has. */
  file?: string;
  /** Whether the file has its private part, and nobody has given the passphrase. */
  encrypted?: true;
}

/** Refusals after which sshd ends a connection: its default MaxAuthTries, sshd_config(5). */
export const maxAuthTries = 6;

export const agentRule = "ssh-agent";

function finding(message: string, remedy: string): Finding {
  return { rule: agentRule, kind: "input", hosts: [], message, remedy };
}

/** The sentence's remedy where an agent, or the key in it, is missing. */
function adding(key: WantedKey | undefined, agent: AgentView): string {
  const add = `ssh-add ${key?.file ?? "KEY"}`;
  return agent === "none" ? `start one and add the key: eval "$(ssh-agent)" && ${add}` : `add it: ${add}`;
}

function missing(key: WantedKey | undefined, agent: AgentView): string | undefined {
  if (agent === "none") return "there is no agent";
  if ("failure" in agent) return `the agent at ${agent.socket} cannot be used: ${agent.failure}`;
  if (key !== undefined && !agent.keys.includes(key.fingerprint))
    return `the agent at ${agent.socket} does not have that key (${key.fingerprint})`;
  return undefined;
}

/** Whether a key can be used whose private part cannot be read: the file is encrypted, or a public key. */
export function signingFindings(key: WantedKey, agent: AgentView): Finding[] {
  const why = missing(key, agent);
  if (why === undefined) return [];
  const file = `plinth:sshPrivateKeyFile ${key.file ?? ""}`;
  if (key.encrypted === true) {
    const remedy = `set PLINTH_SSH_PASSPHRASE, or run on a terminal, which is asked; for an agent ${adding(key, agent)}`;
    return [finding(`${file} is encrypted, PLINTH_SSH_PASSPHRASE is not set, and ${why}`, remedy)];
  }
  return [
    finding(`${file} is a public key, and used by the SSH agent (SSH_AUTH_SOCK) alone: ${why}`, adding(key, agent)),
  ];
}

/**
 * Whether the official command plugin gets in, which reads no key file and offers all keys of the agent, in its order, over
 * one connection.
 *
 * @param keys those that hosts take; none when that is not known.
 */
export function pluginFindings(keys: readonly WantedKey[], agent: AgentView): Finding[] {
  const [first] = keys;
  const named = first?.file === undefined ? "" : `, not by plinth:sshPrivateKeyFile ${first.file}`;
  const way = `pulumi's command plugin logs in to hosts by the SSH agent (SSH_AUTH_SOCK)${named}`;
  for (const key of keys.length === 0 ? [undefined] : keys) {
    const why = missing(key, agent);
    if (why !== undefined) return [finding(`${way}, and ${why}`, adding(key, agent))];
    if (key === undefined || agent === "none" || "failure" in agent) continue;
    const before = agent.keys.indexOf(key.fingerprint);
    if (before >= maxAuthTries) {
      return [
        finding(
          `${way}, and the agent offers ${before} keys before ${key.fingerprint}: hosts end a connection after ${maxAuthTries} (MaxAuthTries)`,
          `run pulumi with an agent that has this key only: ssh-agent sh -c 'ssh-add ${key.file ?? "KEY"} && pulumi up'`,
        ),
      ];
    }
  }
  return [];
}
