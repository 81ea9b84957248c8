import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import type { AddressInfo } from "node:net";
import ssh2, { type AuthContext, type Connection, type ServerChannel, type Session } from "ssh2";
import { generateKey } from "../../../plugins/tls/keys.ts";
import { openSshKey } from "../../../plugins/tls/openssh.ts";

/** An SSH server on 127.0.0.1 that runs commands by /bin/sh, and counts what it is asked for. */
export interface TestSshServer {
  port: number;
  /** authorized_keys line of its host key. */
  hostKey: string;
  /** TCP connections that began a handshake, logins that were refused, logins, commands. */
  counts: { connections: number; refusals: number; logins: number; commands: number; sessionRefusals: number };
  /** Commands in the order in which they came. */
  commands: string[];
  /** Signals that clients sent to commands. */
  signals: string[];
  /** Cuts all connections; the server goes on listening. */
  dropConnections(): void;
  close(): Promise<void>;
}

export interface TestSshServerOptions {
  /** Where it listens. Default: 127.0.0.1. */
  address?: string;
  /** Port to listen on. Defaults to a free one. */
  port?: number;
  /** The only key that may log in; otherwise any. */
  publicKey?: string;
  /** Refusals after which a connection is ended, as sshd does. */
  maxAuthTries?: number;
  /** It is ended without a word, as by other servers. */
  endsSilently?: boolean;
  password?: string;
  /** PEM private key of the host. Defaults to a new Ed25519 one. */
  hostKey?: string;
  /** Called when a command has been asked for and before the client is told that it runs. */
  onCommand?: () => void;
  /** Runs in place of every command, which it finds in SSH_ORIGINAL_COMMAND, as with `command="…"` in authorized_keys. */
  forcedCommand?: string;
  /** Environment of commands besides this process's own. */
  environment?: Record<string, string>;
  /** Sessions per connection; further ones are refused as sshd does. */
  maxSessions?: number;
}

/** A new Ed25519 key pair in the formats of SSH. */
export function newKey(): { privateKey: string; publicKey: string } {
  const key = openSshKey(generateKey("ED25519", { rsaBits: 0, curve: "" }));
  assert.ok(key !== undefined);
  return { privateKey: key.privateKey, publicKey: key.publicKey.trim() };
}

export async function startSshServer(options: TestSshServerOptions = {}): Promise<TestSshServer> {
  const hostKey = options.hostKey ?? newKey().privateKey;
  const clients = new Set<Connection>();
  const result: Omit<TestSshServer, "port" | "close" | "dropConnections"> = {
    hostKey: publicLine(hostKey),
    counts: { connections: 0, refusals: 0, logins: 0, commands: 0, sessionRefusals: 0 },
    commands: [],
    signals: [],
  };
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    clients.add(client);
    result.counts.connections++;
    let sessions = 0;
    client.on("error", () => undefined); // Clients break off on purpose in these tests.
    client.on("close", () => clients.delete(client));
    let tries = 0;
    client.on("authentication", (context) => {
      if (context.method === "publickey" && !keyAllowed(context.key.data, options)) {
        tries++;
        if (tries >= (options.maxAuthTries ?? Infinity)) {
          result.counts.refusals++;
          if (options.endsSilently !== true) disconnect(client);
          client.end();
          return;
        }
      }
      authenticate(context, options, result.counts);
    });
    client.on("ready", () => {
      result.counts.logins++;
    });
    client.on("session", (accept, reject) => {
      if (sessions >= (options.maxSessions ?? Infinity)) {
        result.counts.sessionRefusals++;
        reject();
        return;
      }
      sessions++;
      const session = accept();
      session.on("close", () => {
        sessions--;
      });
      serveSession(session, result, options);
    });
    client.on("tcpip", (accept, _reject, { destIP, destPort }) => {
      void import("node:net").then(({ connect }) => {
        const socket = connect(destPort, destIP);
        const channel = accept();
        socket.on("error", () => channel.end());
        socket.pipe(channel).pipe(socket);
      });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(options.port ?? 0, options.address ?? "127.0.0.1", resolve);
  });
  const drop = (): void => {
    for (const client of clients) client.end();
  };
  return {
    ...result,
    port: (server.address() as AddressInfo).port,
    dropConnections: drop,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        drop();
      }),
  };
}

/** SSH_DISCONNECT_PROTOCOL_ERROR, which ssh2 has no method for. */
function disconnect(client: Connection): void {
  (client as unknown as { _protocol: { disconnect(reason: number): void } })._protocol.disconnect(2);
}

function publicLine(privateKey: string): string {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) {
    throw key;
  }
  return `${key.type} ${key.getPublicSSH().toString("base64")}`;
}

function authenticate(context: AuthContext, options: TestSshServerOptions, counts: TestSshServer["counts"]): void {
  if (context.method === "none") {
    context.reject(["publickey", "password", "keyboard-interactive"]);
  } else if (context.method === "publickey" && keyAllowed(context.key.data, options)) {
    context.accept();
  } else if (context.method === "password" && options.password !== undefined && context.password === options.password) {
    context.accept();
  } else {
    counts.refusals++;
    context.reject(["publickey", "password", "keyboard-interactive"]);
  }
}

function keyAllowed(offered: Buffer, { publicKey, password }: TestSshServerOptions): boolean {
  if (publicKey === undefined) {
    return password === undefined;
  }
  return offered.toString("base64") === publicKey.split(" ")[1];
}

function serveSession(
  session: Session,
  result: Pick<TestSshServer, "counts" | "commands" | "signals">,
  options: TestSshServerOptions,
): void {
  const environment: Record<string, string> = { ...options.environment };
  session.on("eof", () => {
    // ssh2's server ignores requests after the client's EOF; sshd does not, and signals come after it.
    (session as unknown as { _ending: boolean })._ending = false;
  });
  session.on("env", (accept, _reject, { key, val }) => {
    environment[key] = val;
    (accept as (() => void) | undefined)?.();
  });
  session.on("exec", (accept, _reject, { command }) => {
    result.counts.commands++;
    result.commands.push(command);
    options.onCommand?.();
    const { forcedCommand } = options;
    if (forcedCommand !== undefined) environment["SSH_ORIGINAL_COMMAND"] = command;
    run(accept(), session, forcedCommand ?? command, environment, result.signals);
  });
}

function run(
  channel: ServerChannel,
  session: Session,
  command: string,
  environment: Record<string, string>,
  signals: string[],
): void {
  const child = spawn("/bin/sh", ["-c", command], { detached: true, env: { ...process.env, ...environment } });
  session.on("signal", (_accept, _reject, { name }) => {
    signals.push(name);
    if (child.pid !== undefined) process.kill(-child.pid, `SIG${name}` as NodeJS.Signals);
  });
  channel.on("close", () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      process.kill(-child.pid, "SIGKILL"); // The client has gone; nothing may outlive a test.
    }
  });
  channel.pipe(child.stdin);
  child.stdin.on("error", () => undefined); // The command may end before it has read everything.
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on("close", (code, signal) => {
    if (code === null) channel.exit(signal ?? "KILL");
    else channel.exit(code);
    channel.end();
  });
}

/** A new RSA host key in PEM. */
export function rsaHostKey(): string {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  }).privateKey;
}
