import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { PublicKey } from "./hostkey.ts";
import type { TakenKeys } from "./offers.ts";

/** Remembers which of an agent's keys each host took. */
export interface KeyMemory {
  /** By host, as `address` or `address:port`. */
  taken(): TakenKeys;
  note(host: string, key: PublicKey): void;
}

const suffix = ".pub";

/** For this process. */
export class ProcessMemory implements KeyMemory {
  readonly #taken = new Map<string, string>();

  taken(): TakenKeys {
    return this.#taken;
  }

  note(host: string, key: PublicKey): void {
    this.#taken.set(host, key.blob.toString("base64"));
  }
}

/**
 * For all runs of a user: a file for each host, with the public key that it took, as OpenSSH's client reads it (`-i`).
 * A memory that cannot be written costs tries, and nothing else: nobody is told.
 */
export class FileMemory implements KeyMemory {
  readonly #folder: string;
  #taken: Map<string, string> | undefined;

  constructor(folder = FileMemory.folder()) {
    this.#folder = folder;
  }

  static folder(env: Readonly<NodeJS.ProcessEnv> = process.env, home = homedir()): string {
    return join(env["XDG_STATE_HOME"] ?? join(home, ".local", "state"), "plinth", "ssh-keys");
  }

  /** The file with the key that a host took; it need not be there. */
  file(host: string): string {
    return join(this.#folder, `${encodeURIComponent(host)}${suffix}`);
  }

  taken(): TakenKeys {
    this.#taken ??= this.#read();
    return this.#taken;
  }

  note(host: string, key: PublicKey): void {
    const encoded = key.blob.toString("base64");
    if (this.taken().get(host) === encoded) return;
    this.#taken?.set(host, encoded);
    const file = this.file(host);
    const aside = `${file}.${process.pid}`;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(aside, `${key.type} ${encoded}\n`, { mode: 0o600 });
      renameSync(aside, file);
    } catch {
      // See above.
    }
  }

  #read(): Map<string, string> {
    let names: string[];
    try {
      names = readdirSync(this.#folder).filter((name) => name.endsWith(suffix));
    } catch {
      return new Map(); // Nothing has been remembered yet.
    }
    return new Map(
      names.map((name) => {
        const [, encoded = ""] = readFileSync(join(this.#folder, name), "utf8").trim().split(" ");
        return [decodeURIComponent(name.slice(0, -suffix.length)), encoded];
      }),
    );
  }
}
