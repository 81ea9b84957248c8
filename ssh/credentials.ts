import ssh2, { type ParsedKey } from "ssh2";
import { AgentKey, agentKeys, environmentAgent, requireSocket } from "./agent.ts";
import { errorText, hostLabel, SshError } from "./errors.ts";
import { fingerprint, receivedKey } from "./hostkey.ts";
import type { Identities, LoginKey } from "./keyfile.ts";
import { inOrderOfUse, type Offer, type TakenKeys } from "./offers.ts";
import type { SshTarget } from "./types.ts";

/** What targets log in with that name nothing of their own. */
export interface Login {
  /** The only key to offer. Without it: all of the agent's. */
  key?: LoginKey | undefined;
  /** Which of the agent's keys hosts took; asked only where there is a choice. */
  taken: () => TakenKeys;
}

/** Whether a target says itself what to log in with. */
export function namesCredentials({ privateKey, password, agentSocketPath, identities }: SshTarget): boolean {
  return (privateKey ?? password ?? agentSocketPath ?? identities) !== undefined;
}

/**
 * What a host is offered, in order. A target that names a key or a password: these (the password also as
 * keyboard-interactive), then the agent. Others: the one key of the run, by itself or by the agent; where there is none, all
 * keys of the agent.
 * Rejects with an `auth` error for a key that cannot be read, an agent that is not there or has not got the key, or nothing
 * to offer at all.
 */
export async function offersTo(target: SshTarget, { key, taken }: Login): Promise<Offer[]> {
  const named = ownOffers(target);
  if (named.length > 0) return [...named, ...wholeAgent(target)];
  if (target.identities !== undefined) return identityOffers(target, target.identities, taken);
  const only = target.agentSocketPath === undefined ? key : undefined;
  if (only?.own !== undefined) return [keyOffer(target, only.own)];
  const ofAgent = await agentOffers(target, taken);
  const name = only?.key.blob.toString("base64");
  const offers = ofAgent.filter(({ agentKey }) => name === undefined || agentKey === name);
  if (offers.length > 0) return offers;
  const nothing =
    only === undefined
      ? "Give a privateKey, a password or an SSH agent that has keys."
      : `The SSH agent does not have the key ${fingerprint(only.key)}: ssh-add it.`;
  throw new SshError(
    "auth",
    hostLabel(target),
    `there is nothing to log in with as user "${userOf(target)}". ${nothing}`,
  );
}

async function identityOffers(target: SshTarget, { keys, only }: Identities, taken: () => TakenKeys): Promise<Offer[]> {
  // An agent that is not there is missed only where nothing else is left.
  const ofAgent = await agentOffers(target, taken).catch((error: unknown) => {
    if (keys.some(({ own }) => own !== undefined)) return [];
    throw error;
  });
  const first = keys.flatMap(({ key, own }) => {
    const name = key.blob.toString("base64");
    return own === undefined ? ofAgent.filter(({ agentKey }) => agentKey === name) : [keyOffer(target, own)];
  });
  const names = new Set(keys.map(({ key }) => key.blob.toString("base64")));
  const others = only ? [] : ofAgent.filter(({ agentKey = "" }) => !names.has(agentKey));
  if (first.length + others.length > 0) return [...first, ...others];
  const missing = keys.map(({ key }) => fingerprint(key)).join(", ");
  throw new SshError(
    "auth",
    hostLabel(target),
    `there is nothing to log in with as user "${userOf(target)}". The SSH agent does not have ${missing}: ssh-add it.`,
  );
}

function userOf(target: SshTarget): string {
  return target.user ?? "root";
}

function keyOffer(target: SshTarget, key: ParsedKey): Offer {
  return {
    description: `private key ${fingerprint(receivedKey(key.getPublicSSH()))}`,
    method: { type: "publickey", username: userOf(target), key },
  };
}

function ownOffers(target: SshTarget): Offer[] {
  const username = userOf(target);
  const { privateKey, password } = target;
  const offers = privateKey === undefined ? [] : [keyOffer(target, parsedKey(target, privateKey))];
  if (password !== undefined) {
    offers.push({ description: "password", method: { type: "password", username, password } });
    offers.push({
      description: "password",
      method: {
        type: "keyboard-interactive",
        username,
        prompt: (_name, _instructions, _lang, prompts, finish) => {
          finish(prompts.map(() => password));
        },
      },
    });
  }
  return offers;
}

function parsedKey(target: SshTarget, privateKey: string): ParsedKey {
  const key = ssh2.utils.parseKey(privateKey, target.privateKeyPassword);
  if (!(key instanceof Error)) return key;
  const reason = /encrypted|passphrase|bad decrypt|integrity/i.test(key.message)
    ? "it is encrypted, and the connection's privateKeyPassword is missing or wrong"
    : "it is neither an OpenSSH nor a PEM private key";
  throw new SshError("auth", hostLabel(target), `the private key cannot be used: ${reason}.`);
}

/** The agent after credentials that a target names: it is asked only when those were refused. */
function wholeAgent(target: SshTarget): Offer[] {
  const socket = target.agentSocketPath ?? environmentAgent();
  if (socket === undefined) return [];
  try {
    requireSocket(socket);
  } catch (error) {
    if (target.agentSocketPath === undefined) return []; // It must not stop a login that has a key of its own.
    throw unusable(target, socket, error);
  }
  return [{ description: "SSH agent", method: { type: "agent", username: userOf(target), agent: socket } }];
}

async function agentOffers(target: SshTarget, taken: () => TakenKeys): Promise<Offer[]> {
  const socket = target.agentSocketPath ?? environmentAgent();
  if (socket === undefined) return [];
  const keys = await agentKeys(socket).catch((error: unknown) => {
    throw unusable(target, socket, error);
  });
  const named = keys.map((key) => ({ key, name: key.getPublicSSH().toString("base64") }));
  return inOrderOfUse(named, ({ name }) => name, hostLabel(target), keys.length > 1 ? taken() : new Map()).map(
    ({ key, name }) => ({
      description: `${fingerprint(receivedKey(key.getPublicSSH()))} of the SSH agent`,
      method: { type: "agent", username: userOf(target), agent: new AgentKey(socket, key) },
      agentKey: name,
    }),
  );
}

function unusable(target: SshTarget, socket: string, error: unknown): SshError {
  return new SshError("auth", hostLabel(target), `the SSH agent at ${socket} cannot be used (${errorText(error)}).`);
}
