import type { Readable } from "node:stream";
import type { Identities } from "./keyfile.ts";

/** How to reach and enter one host by SSH. Every field but `host` is optional. */
export interface SshTarget {
  /** Address or name of the host. */
  host: string;
  /** TCP port, 1–65535. Defaults to 22. */
  port?: number;
  /** Login user. Defaults to root. */
  user?: string;
  /** Private key as text (OpenSSH or PEM). Offered before the password. */
  privateKey?: string;
  /** Passphrase of an encrypted `privateKey`. */
  privateKeyPassword?: string;
  /** Password; also answers keyboard-interactive questions. */
  password?: string;
  /** Socket of an SSH agent. Defaults to $SSH_AUTH_SOCK; an explicit one that cannot be used is an error. */
  agentSocketPath?: string;
  /** Expected host key as one authorized_keys line, e.g. `ssh-ed25519 AAAA…`. Without it any host key is accepted. */
  hostKey?: string;
  /** Failed dials to forgive before giving up; -1 means no limit. Defaults to 10. */
  dialErrorLimit?: number;
  /** Seconds for one dial, handshake and login included; 0 means no limit. Defaults to 15. */
  perDialTimeout?: number;
  /** What to log in with where the target names no key and no password, in place of the keys of the run. */
  identities?: Identities;
  /** Bastion through which the host is reached; it may be behind another one. */
  proxy?: SshTarget;
}

/** What a remote command left behind. */
export interface ExecResult {
  /** Exit status, or null when a signal ended the command. */
  code: number | null;
  /** Name of the signal without SIG (`TERM`, `KILL`), or null. */
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Options of one remote command. */
export interface ExecOptions {
  /** Text for the command's standard input; it always ends with EOF. */
  stdin?: string;
  /** Bytes for its standard input after `stdin`; opened when the command is sent, and destroyed when it ends before they are read. */
  body?: () => Readable;
  /**
   * Environment sent as SSH `env` requests: best effort, sshd drops names that its AcceptEnv does not list and says nothing.
   */
  env?: Record<string, string>;
  /** Aborting sends TERM to the remote command and closes its channel. */
  signal?: AbortSignal;
  /** Called right before the command is sent, after everything that it had to wait for; again when it is sent again. */
  onSend?: () => void;
  /** Over a connection of its own, which is dialled for it and closed after it: that the host can be reached now is what is asked. */
  anew?: boolean;
  /** Runs as the user who logs in, also where the way of the target has a password for sudo. */
  asLoginUser?: boolean;
  /** Bytes of each stream that the result has at most, from its beginning; `onStdout` and `onStderr` hear all of it. Default: all. */
  kept?: number;
  /** Called with the bytes of standard output as they arrive: they are no text, and neither the result nor `onStdout` has them. */
  onBytes?: (chunk: Buffer) => void;
  /** Called with decoded text as it arrives. */
  onStdout?: (chunk: string) => void;
  onStderr?: (chunk: string) => void;
}

/** A remote command that runs on until its standard input ends. */
export interface AttendedCommand {
  /** Sends text to its standard input; text for a command that has ended is dropped. */
  write(text: string): void;
  /** Ends its standard input. */
  end(): void;
  /** How it ended. Rejects with an `SshError` when the connection broke. */
  ended: Promise<ExecResult>;
}

/** Cost of one host since the pool was made or `resetStats()`. */
export interface SshStats {
  /** Address as the target gives it; with `:port` when that is not 22. */
  host: string;
  /** SSH connections that were established. */
  connections: number;
  /** Commands and file transfers, each one channel. */
  roundTrips: number;
}
