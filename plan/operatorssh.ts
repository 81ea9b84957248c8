import SSHConfig from "ssh-config";
import { printable } from "./printable.ts";
import { type Jump, parseJump } from "./reach.ts";

/** What the operator's own configuration of OpenSSH says of one host. */
export interface Said {
  host?: string;
  port?: number;
  user?: string;
  /** `~` is the home directory. */
  identityFiles: string[];
  identitiesOnly: boolean;
  /** Undefined: nothing is said; none: no jump host. */
  jumps?: Jump[];
}

export const nothingSaid: Said = { identityFiles: [], identitiesOnly: false };

/**
 * Finds hosts in the text of `~/.ssh/config`, ssh_config(5): HostName, User, Port, IdentityFile, IdentitiesOnly and ProxyJump. Nothing
 * of it is run: `Match exec` never matches. What it includes is in the text already (sshincludes.ts).
 *
 * @throws Error when the text cannot be read.
 */
export class OperatorSsh {
  readonly #config: SSHConfig;

  constructor(text: string) {
    this.#config = SSHConfig.parse(text);
    // Each is read now, so that what is wrong is told before a host is looked up.
    for (const line of /^[ \t]*ProxyJump[ \t=]+"?([^"\n]+)"?$/gim[Symbol.matchAll](text)) jumpsOf(line[1] ?? "");
  }

  /**
   * What is said of a host by its name, where a section names it by more than `*`; else by its address.
   *
   * @param names the host's name in the inventory, and what is dialled.
   */
  of(name: string, address = name): Said {
    return this.#said(this.#names(name) ? name : address);
  }

  /** Whether a section is about this name, and not about all. */
  #names(name: string): boolean {
    const others = this.#compute("\u0000");
    const found = this.#compute(name);
    return JSON.stringify({ ...found, host: "" }) !== JSON.stringify({ ...others, host: "" });
  }

  #compute(host: string): Record<string, string | string[]> {
    return this.#config.compute(host, { ignoreCase: true, matchExec: false });
  }

  #said(host: string): Said {
    const found = this.#compute(host);
    const one = (key: string): string | undefined => {
      const value = found[key];
      return Array.isArray(value) ? value[0] : value;
    };
    const port = Number(one("port"));
    const hostName = one("hostname")?.replaceAll("%h", host).replaceAll("%%", "%");
    const user = one("user");
    const files = found["identityfile"] ?? [];
    const jump = one("proxyjump");
    const jumps = jump === undefined ? undefined : jumpsOf(jump);
    return {
      ...(hostName === undefined ? {} : { host: hostName }),
      ...(Number.isInteger(port) && port > 0 ? { port } : {}),
      ...(user === undefined ? {} : { user }),
      identityFiles: (Array.isArray(files) ? files : [files]).map((file) => file.replaceAll("%d", "~")),
      identitiesOnly: /^yes$/i.test(one("identitiesonly") ?? ""),
      ...(jumps === undefined ? {} : { jumps }),
    };
  }
}

function jumpsOf(text: string): Jump[] {
  if (/^none$/i.test(text.trim())) return [];
  return text.split(",").map((one) => {
    const plain = one.trim().replace(/^ssh:\/\//, "");
    const jump = parseJump(plain);
    if (jump === undefined) throw new Error(`its ProxyJump ${printable(plain, 80)} is not [user@]host[:port]`);
    return jump;
  });
}
