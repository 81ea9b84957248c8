import { Client, type ConnectConfig } from "ssh2";
import { type Credentials, credentials } from "./credentials.ts";
import { DroppedConnection, isDrop } from "./dial.ts";
import { errorText, hostLabel, SshError } from "./errors.ts";
import { fingerprint, type HostKey, hostKeyAlgorithms, parseHostKey, receivedHostKey } from "./hostkey.ts";
import type { Transport } from "./transport.ts";
import type { SshTarget } from "./types.ts";

const HANDSHAKE_SECONDS = 15;

/** What a login needs of a target, checked before anything is dialled. */
export interface LoginPlan {
  target: SshTarget;
  expected: HostKey | undefined;
  credentials: Credentials;
}

/** Reads keys and settings of a target. Throws an `SshError` for what cannot be used. */
export function planLogin(target: SshTarget): LoginPlan {
  return { target, expected: expectedHostKey(target), credentials: credentials(target) };
}

/**
 * Handshake and login over an open transport. Resolves with a ready client.
 * Rejects with an `SshError` where trying again cannot help (auth, host key), with a `DroppedConnection` when the server
 * went before the login began, and with a plain error where trying again may help otherwise.
 */
export function login(plan: LoginPlan, transport: Transport, signal: AbortSignal): Promise<Client> {
  const { target, expected } = plan;
  const { config, description } = plan.credentials;
  const host = hostLabel(target);
  return new Promise((resolve, reject) => {
    const client = new Client();
    let received: HostKey | undefined;
    let isGreeted = false;
    let settled = false;
    const fail = (error: Error): void => {
      if (settled) {
        return;
      }
      settled = true;
      signal.removeEventListener("abort", abort);
      client.destroy();
      transport.stream.destroy();
      reject(error);
    };
    const abort = (): void => {
      fail(new Error(errorText(signal.reason)));
    };
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener("abort", abort, { once: true });

    client.on("keyboard-interactive", (_name, _instructions, _lang, prompts, finish) => {
      finish(prompts.map(() => target.password ?? ""));
    });
    client.on("handshake", () => {
      isGreeted = true;
    });
    client.on("ready", () => {
      settled = true;
      signal.removeEventListener("abort", abort);
      resolve(client);
    });
    client.on("close", () => {
      fail(
        isGreeted
          ? new Error("the connection was closed before the login ended")
          : new DroppedConnection("the connection was closed before the login began"),
      );
    });
    client.on("error", (error) => {
      if (expected !== undefined && received !== undefined && !received.blob.equals(expected.blob)) {
        fail(hostKeyError(host, expected, received));
      } else if (error.level === "client-authentication") {
        fail(authError(target, description));
      } else if (!isGreeted && (isDrop(error) || transport.stream.destroyed || transport.stream.readableEnded)) {
        fail(new DroppedConnection(errorText(error)));
      } else {
        fail(new Error(errorText(error)));
      }
    });

    const full: ConnectConfig = {
      ...config,
      sock: transport.stream,
      username: target.user ?? "root",
      readyTimeout: (target.perDialTimeout ?? HANDSHAKE_SECONDS) * 1000,
      hostVerifier: (blob: Buffer): boolean => {
        received = receivedHostKey(blob);
        return expected === undefined || received.blob.equals(expected.blob);
      },
    };
    if (expected !== undefined) {
      full.algorithms = { serverHostKey: hostKeyAlgorithms(expected) };
    }
    try {
      client.connect(full);
    } catch (error) {
      fail(new SshError("auth", host, `the SSH settings cannot be used: ${errorText(error)}.`));
    }
  });
}

function expectedHostKey(target: SshTarget): HostKey | undefined {
  if (target.hostKey === undefined) {
    return undefined;
  }
  try {
    return parseHostKey(target.hostKey);
  } catch (error) {
    throw new SshError("host-key", hostLabel(target), `the pinned hostKey cannot be read: ${errorText(error)}.`);
  }
}

function hostKeyError(host: string, expected: HostKey, received: HostKey): SshError {
  return new SshError(
    "host-key",
    host,
    `its SSH host key is not the pinned one: expected ${fingerprint(expected)}, got ${fingerprint(received)}. ` +
      "If the host was reinstalled, compare with `ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub` on its console and pin " +
      "the new key; otherwise another machine may be answering at this address.",
  );
}

function authError(target: SshTarget, description: string): SshError {
  const user = target.user ?? "root";
  return new SshError(
    "auth",
    hostLabel(target),
    `SSH login as user "${user}" was refused (offered: ${description}). ` +
      `Check the user, and that the key is in ~${user}/.ssh/authorized_keys on the host.`,
  );
}
