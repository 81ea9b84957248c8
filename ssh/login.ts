import { type AnyAuthMethod, Client, type ConnectConfig } from "ssh2";
import { type Login, offersTo } from "./credentials.ts";
import { DroppedConnection, isDrop, MoreToOffer } from "./dial.ts";
import { errorText, hostLabel, SshError } from "./errors.ts";
import { fingerprint, hostKeyAlgorithms, parseHostKey, type PublicKey, receivedKey } from "./hostkey.ts";
import { Offers } from "./offers.ts";
import type { Transport } from "./transport.ts";
import type { SshTarget } from "./types.ts";

const HANDSHAKE_SECONDS = 15;

/** What a login needs of a target, checked before anything is dialled. */
export interface LoginPlan {
  target: SshTarget;
  expected: PublicKey | undefined;
  offers: Offers;
}

/** Reads keys and settings of a target. Rejects with an `SshError` for what cannot be used. */
export async function planLogin(target: SshTarget, way: Login): Promise<LoginPlan> {
  return { target, expected: expectedHostKey(target), offers: new Offers(await offersTo(target, way)) };
}

/**
 * Handshake and login over an open transport. Resolves with a ready client.
 * Rejects with an `SshError` where trying again cannot help (auth, host key), with a `DroppedConnection` when the server
 * went before the login began, with `MoreToOffer` when it went after some refusals, and with a plain error where trying again
 * may help otherwise.
 */
export function login(plan: LoginPlan, transport: Transport, signal: AbortSignal): Promise<Client> {
  const { target, expected, offers } = plan;
  const host = hostLabel(target);
  return new Promise((resolve, reject) => {
    const client = new Client();
    let received: PublicKey | undefined;
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

    /** @param told the host said so, in the words of `reason`. */
    const endOfLogin = (told: boolean, reason: string): Error => {
      const end = offers.end(told);
      if (end === "refused") return authError(target, offers);
      return end === "more" ? new MoreToOffer(reason) : new Error(reason);
    };
    offers.begin();

    client.on("handshake", () => {
      isGreeted = true;
    });
    client.on("ready", () => {
      settled = true;
      signal.removeEventListener("abort", abort);
      resolve(client);
    });
    client.on("close", () => {
      if (settled) return; // The offers may be another connection's by now.
      fail(
        isGreeted
          ? endOfLogin(false, "the connection was closed before the login ended")
          : new DroppedConnection("the connection was closed before the login began"),
      );
    });
    client.on("error", (error) => {
      if (settled) return;
      if (expected !== undefined && received !== undefined && !received.blob.equals(expected.blob)) {
        fail(hostKeyError(host, expected, received));
      } else if (error.level === "client-authentication") {
        fail(authError(target, offers));
      } else if (error.level === "agent") {
        return; // It does not sign with this key; the next one is offered.
      } else if (isGreeted && isDisconnect(error)) {
        fail(endOfLogin(true, errorText(error)));
      } else if (!isGreeted && (isDrop(error) || transport.stream.destroyed || transport.stream.readableEnded)) {
        fail(new DroppedConnection(errorText(error)));
      } else {
        fail(new Error(errorText(error)));
      }
    });

    const full: ConnectConfig = {
      authHandler: (_methods, _partial, next) => {
        // Without a further method the type asks for `false`, which its declaration does not have.
        (next as (method: AnyAuthMethod | false) => void)(offers.next()?.method ?? false);
      },
      sock: transport.stream,
      username: target.user ?? "root",
      readyTimeout: (target.perDialTimeout ?? HANDSHAKE_SECONDS) * 1000,
      hostVerifier: (blob: Buffer): boolean => {
        received = receivedKey(blob);
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

function expectedHostKey(target: SshTarget): PublicKey | undefined {
  if (target.hostKey === undefined) {
    return undefined;
  }
  try {
    return parseHostKey(target.hostKey);
  } catch (error) {
    throw new SshError("host-key", hostLabel(target), `the pinned hostKey cannot be read: ${errorText(error)}.`);
  }
}

function hostKeyError(host: string, expected: PublicKey, received: PublicKey): SshError {
  return new SshError(
    "host-key",
    host,
    `its SSH host key is not the pinned one: expected ${fingerprint(expected)}, got ${fingerprint(received)}. ` +
      "If the host was reinstalled, compare with `ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub` on its console and pin " +
      "the new key; otherwise another machine may be answering at this address.",
  );
}

/** Whether the host itself said that it ends the connection; errors of the socket have names for codes. */
function isDisconnect(error: Error): boolean {
  return "code" in error && typeof error.code === "number";
}

/** So many keys of an agent are named in an error. */
const NAMED_KEYS = 3;

function authError(target: SshTarget, { all }: Offers): SshError {
  const user = target.user ?? "root";
  const ofAgent = all.filter(({ agentKey }) => agentKey !== undefined);
  const named = ofAgent.length > NAMED_KEYS ? all.filter((offer) => !ofAgent.includes(offer)) : all;
  const offered = [...new Set(named.map(({ description }) => description))];
  if (ofAgent.length > NAMED_KEYS) offered.push(`${ofAgent.length} keys of the SSH agent`);
  return new SshError(
    "auth",
    hostLabel(target),
    `SSH login as user "${user}" was refused (offered: ${offered.join(", ")}). ` +
      `Check the user, and that the key is in ~${user}/.ssh/authorized_keys on the host.`,
  );
}
