import { statSync } from "node:fs";
import ssh2, {
  type IdentityCallback,
  type OpenSSHAgent,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from "ssh2";
import { errorText } from "./errors.ts";

/** How long an agent may take to list its keys. */
const LIST_MS = 10_000;

/** The agent that the environment names, as every program finds it; undefined when there is none. */
export function environmentAgent(env: Readonly<NodeJS.ProcessEnv> = process.env): string | undefined {
  const path = env["SSH_AUTH_SOCK"];
  return path === "" ? undefined : path;
}

/** @throws Error with the reason when there is no socket at the path. */
export function requireSocket(path: string): void {
  if (!statSync(path).isSocket()) throw new Error("it is no socket");
}

/**
 * The keys of the agent at a socket, in its own order; types that ssh2 does not know (FIDO, certificates) are left out.
 * Rejects with the reason when the agent cannot be asked.
 */
export async function agentKeys(socket: string): Promise<ParsedKey[]> {
  requireSocket(socket);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`it does not answer within ${LIST_MS / 1000} s`));
    }, LIST_MS);
    new ssh2.OpenSSHAgent(socket).getIdentities((error, keys) => {
      clearTimeout(timer);
      if (keys === undefined)
        reject(new Error(error === undefined || error === null ? "it lists no keys" : errorText(error)));
      else resolve(keys.filter((key) => "getPublicSSH" in key));
    });
  });
}

/** One of an agent's keys, for ssh2: it asks the agent for signatures with this key only. */
export class AgentKey extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: OpenSSHAgent;
  readonly #key: ParsedKey;

  constructor(socket: string, key: ParsedKey) {
    super();
    this.#agent = new ssh2.OpenSSHAgent(socket);
    this.#key = key;
  }

  getIdentities(done: IdentityCallback<ParsedKey>): void {
    done(undefined, [this.#key]);
  }

  sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, done?: SignCallback): void {
    if (typeof options === "function") this.#agent.sign(key, data, options);
    else this.#agent.sign(key, data, options, done);
  }
}
