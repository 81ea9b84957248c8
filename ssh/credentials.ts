import { statSync } from "node:fs";
import ssh2, { type ConnectConfig } from "ssh2";
import { errorText, hostLabel, SshError } from "./errors.ts";
import { fingerprint, receivedHostKey } from "./hostkey.ts";
import type { SshTarget } from "./types.ts";

/** The part of ssh2's configuration that logs in, and a description of it without secrets, for errors. */
export interface Credentials {
  config: Pick<ConnectConfig, "privateKey" | "passphrase" | "password" | "tryKeyboard" | "agent" | "authHandler">;
  description: string;
}

/**
 * Methods in the order they are offered: private key, password (also as keyboard-interactive), agent.
 * Throws an `auth` error for a key that cannot be read, an agent that is not there, or no credentials at all.
 */
export function credentials(target: SshTarget): Credentials {
  const config: Credentials["config"] = {};
  const methods: ("publickey" | "password" | "keyboard-interactive" | "agent")[] = [];
  const tried: string[] = [];

  if (target.privateKey !== undefined) {
    tried.push(`private key ${keyFingerprint(target, target.privateKey)}`);
    config.privateKey = target.privateKey;
    if (target.privateKeyPassword !== undefined) {
      config.passphrase = target.privateKeyPassword;
    }
    methods.push("publickey");
  }
  if (target.password !== undefined) {
    config.password = target.password;
    config.tryKeyboard = true;
    methods.push("password", "keyboard-interactive");
    tried.push("password");
  }
  const agent = agentSocket(target);
  if (agent !== undefined) {
    config.agent = agent;
    methods.push("agent");
    tried.push("SSH agent");
  }
  if (methods.length === 0) {
    throw new SshError(
      "auth",
      hostLabel(target),
      `there is nothing to log in with as user "${target.user ?? "root"}". Give a privateKey, a password or an SSH agent.`,
    );
  }
  config.authHandler = methods;
  return { config, description: tried.join(", ") };
}

function keyFingerprint(target: SshTarget, privateKey: string): string {
  const key = ssh2.utils.parseKey(privateKey, target.privateKeyPassword);
  if (key instanceof Error) {
    const reason = /encrypted|passphrase|bad decrypt|integrity/i.test(key.message)
      ? "it is encrypted and privateKeyPassword is missing or wrong"
      : "it is neither an OpenSSH nor a PEM private key";
    throw new SshError("auth", hostLabel(target), `the private key cannot be used: ${reason}.`);
  }
  return fingerprint(receivedHostKey(key.getPublicSSH()));
}

function agentSocket(target: SshTarget): string | undefined {
  const explicit = target.agentSocketPath;
  const path = explicit ?? process.env["SSH_AUTH_SOCK"];
  if (path === undefined || path === "") {
    return undefined;
  }
  try {
    if (statSync(path).isSocket()) {
      return path;
    }
    throw new Error("it is no socket");
  } catch (error) {
    if (explicit === undefined) {
      return undefined; // An agent that is gone must not stop a login that has a key of its own.
    }
    throw new SshError("auth", hostLabel(target), `the SSH agent at ${path} cannot be used (${errorText(error)}).`);
  }
}
