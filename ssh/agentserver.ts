import { createServer, type Socket } from "node:net";
import { Transform } from "node:stream";
import ssh2, { type ParsedKey, type SigningRequestOptions } from "ssh2";
import { agentKeys } from "./agent.ts";

/** Keys that an agent of ours lends. */
export interface LentKeys {
  list(): Promise<ParsedKey[]>;
  /** A signature as the key's type has it on the wire. */
  sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions): Promise<Buffer>;
}

/** SSH_AGENTC_REQUEST_IDENTITIES and SSH_AGENTC_SIGN_REQUEST: what `AgentProtocol` of ssh2 answers. */
const known = new Set([11, 13]);
/** As in OpenSSH. */
const longest = 256 * 1024;

/**
 * Serves an SSH agent at a path, for programs that log in by `$SSH_AUTH_SOCK`: it lists keys and signs, and refuses
 * everything else. Returns what ends it and removes the socket. Rejects when there can be no socket at the path.
 */
export async function serveAgent(path: string, keys: LentKeys): Promise<() => Promise<void>> {
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    clients.add(socket);
    socket.on("error", () => undefined); // Who asked has gone.
    socket.on("close", () => clients.delete(socket));
    answer(socket, keys);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  server.unref();
  return () =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      for (const client of clients) client.destroy();
    });
}

function answer(socket: Socket, keys: LentKeys): void {
  const protocol = new ssh2.AgentProtocol(false);
  protocol.on("identities", (request) => {
    keys.list().then(
      (list) => {
        protocol.getIdentitiesReply(request, list);
      },
      () => {
        protocol.failureReply(request);
      },
    );
  });
  protocol.on("sign", (request, key, data, options) => {
    keys.sign(key, data, options).then(
      (signature) => {
        protocol.signReply(request, signature);
      },
      () => {
        protocol.failureReply(request);
      },
    );
  });
  const messages = knownMessages();
  messages.on("error", () => socket.destroy());
  socket.pipe(messages).pipe(protocol).pipe(socket);
}

/** Cuts requests of other kinds to their type: ssh2 takes the rest of those for further requests. */
function knownMessages(): Transform {
  let pending = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length > 4) {
        const length = pending.readUInt32BE(0);
        if (length === 0 || length > longest) {
          done(new Error("this is no request to an SSH agent"));
          return;
        }
        if (pending.length < 4 + length) break;
        const message = pending.subarray(0, 4 + length);
        pending = pending.subarray(4 + length);
        this.push(known.has(message.readUInt8(4)) ? message : Buffer.from([0, 0, 0, 1, message.readUInt8(4)]));
      }
      done();
    },
  });
}

/** Lends a key whose private part this process has. */
export function lendKey(own: ParsedKey): LentKeys {
  return {
    list: () => Promise.resolve([own]),
    sign: async (key, data, { hash }) => {
      if (!key.getPublicSSH().equals(own.getPublicSSH())) throw new Error("this agent does not have that key");
      return Promise.resolve(wireSignature(own, own.sign(data, hash)));
    },
  };
}

/** Lends keys of another agent, those that `choose` leaves of them, in its order. */
export function lendKeysOf(socket: string, choose: (keys: ParsedKey[]) => ParsedKey[]): LentKeys {
  const list = async (): Promise<ParsedKey[]> => choose(await agentKeys(socket));
  return {
    list,
    sign: async (key, data, options) => {
      const wanted = key.getPublicSSH();
      if (!(await list()).some((lent) => lent.getPublicSSH().equals(wanted)))
        throw new Error("this agent does not have that key");
      return new Promise((resolve, reject) => {
        new ssh2.OpenSSHAgent(socket).sign(key, data, options, (error, signature) => {
          if (signature === undefined) reject(new Error("the agent did not sign", { cause: error }));
          else resolve(signature);
        });
      });
    },
  };
}

/** ECDSA signs in DER, a sequence of two integers, and SSH wants the two as they are, each behind its length (RFC 5656). */
function wireSignature(key: ParsedKey, signature: Buffer): Buffer {
  if (!key.type.startsWith("ecdsa-")) return signature;
  // Behind the sequence's tag and length, of which there is a byte more from 128 bytes on.
  let at = signature.readUInt8(1) < 0x80 ? 2 : 3;
  const integers: Buffer[] = [];
  while (at < signature.length) {
    const length = signature.readUInt8(at + 1);
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(length);
    integers.push(prefix, signature.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return Buffer.concat(integers);
}
