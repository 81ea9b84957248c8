import ssh2, { type ParsedKey } from "ssh2";
import { serveAgent } from "../../../ssh/agentserver.ts";
import { newKey } from "./sshServer.ts";

/** An SSH agent with ten keys, more than sshd hears over one connection. */
export interface TestAgent {
  /** `TYPE BASE64` of its keys, in the order in which it lists them. */
  publicKeys: string[];
  /** The keys that were signed with, base64. */
  signed: string[];
  close(): Promise<void>;
}

function parsed(text: string): ParsedKey {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
}

/** Serves one at a path. */
export async function startAgent(socket: string): Promise<TestAgent> {
  const pairs = Array.from({ length: 10 }, newKey);
  const keys = pairs.map(({ privateKey }) => parsed(privateKey));
  const signed: string[] = [];
  const close = await serveAgent(socket, {
    list: () => Promise.resolve(keys),
    sign: (key, data) => {
      const own = keys.find((candidate) => candidate.getPublicSSH().equals(key.getPublicSSH()));
      signed.push(key.getPublicSSH().toString("base64"));
      return own === undefined ? Promise.reject(new Error("no such key")) : Promise.resolve(own.sign(data));
    },
  });
  return { publicKeys: pairs.map(({ publicKey }) => publicKey), signed, close };
}
