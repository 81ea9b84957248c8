import type { Finding } from "../../plan/findings.ts";
import { type AgentView, pluginFindings, type WantedKey } from "../../plan/sshagent.ts";
import {
  agentKeys,
  environmentAgent,
  errorText,
  fingerprint,
  type LoginKey,
  receivedKey,
  sharedPool,
  type SshTarget,
} from "../../ssh/index.ts";

/** How each host is reached, by host name. */
export type HostAccess = ReadonlyMap<string, SshTarget>;

/** Looks at the SSH agent of the environment. */
export async function lookAtAgent(socket: string | undefined = environmentAgent()): Promise<AgentView> {
  if (socket === undefined) return "none";
  try {
    const keys = await agentKeys(socket);
    return { socket, keys: keys.map((key) => fingerprint(receivedKey(key.getPublicSSH()))) };
  } catch (error) {
    return { socket, failure: errorText(error) };
  }
}

/** A key file of the configuration as findings name it. */
export function wantedKey({ key, encrypted }: LoginKey, file: string | undefined): WantedKey {
  return {
    fingerprint: fingerprint(key),
    ...(file === undefined ? {} : { file }),
    ...(encrypted === undefined ? {} : { encrypted }),
  };
}

/**
 * Whether a command plugin that is another process, and has but the agent, gets in to the hosts. Ask when they have been read:
 * then it is known which of the agent's keys they take.
 */
export function pluginAgentFindings(agent: AgentView, chosen: WantedKey | undefined, access: HostAccess): Finding[] {
  const taken = [...access.values()].flatMap((target) => sharedPool.keyTakenBy(target) ?? []);
  const keys =
    chosen === undefined ? [...new Set(taken.map(fingerprint))].map((name) => ({ fingerprint: name })) : [chosen];
  return pluginFindings(keys, agent);
}
