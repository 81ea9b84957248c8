/** Reads TOML as far as Plinth writes it, and refuses everything else: one reader that shares nothing with the writer. */
export function parseToml(text: string): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  let table = root;
  for (const line of text.split("\n")) {
    const reader = new Reader(line);
    if (reader.isAtEnd()) continue;
    if (reader.take("[")) {
      const path = reader.keys();
      reader.demand("]");
      table = path.reduce((inner, key) => child(inner, key), root);
    } else {
      const key = reader.key();
      if (Object.hasOwn(table, key)) throw new Error(`${key} stands twice`);
      reader.demand("=");
      table[key] = reader.value();
    }
    if (!reader.isAtEnd()) throw new Error(`more than one thing in ${line}`);
  }
  return root;
}

function child(table: Record<string, unknown>, key: string): Record<string, unknown> {
  if (!Object.hasOwn(table, key)) table[key] = {};
  const inner = table[key];
  if (typeof inner !== "object" || inner === null || Array.isArray(inner)) throw new Error(`${key} is no table`);
  return inner as Record<string, unknown>;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** @param sticky with the flags `u` and `y`. */
  #match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #blanks(): void {
    this.#match(/[ \t]*/uy);
  }

  isAtEnd(): boolean {
    this.#blanks();
    return this.#match(/(#.*)?$/uy) !== undefined;
  }

  take(mark: string): boolean {
    this.#blanks();
    if (!this.#text.startsWith(mark, this.#at)) return false;
    this.#at += mark.length;
    return true;
  }

  demand(mark: string): void {
    if (!this.take(mark)) throw new Error(`no ${mark} at ${this.#at} of ${this.#text}`);
  }

  key(): string {
    this.#blanks();
    return this.#match(/[A-Za-z0-9_-]+/uy) ?? this.#string();
  }

  keys(): string[] {
    const keys = [this.key()];
    while (this.take(".")) keys.push(this.key());
    return keys;
  }

  /** A basic string: no control characters, no half of a pair, and the escapes of TOML. */
  #string(): string {
    const found = this.#match(/"(?:[^"\\\p{Cc}\p{Cs}]|\\(?:["\\bfnrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}))*"/uy);
    if (found === undefined) throw new Error(`no string at ${this.#at} of ${this.#text}`);
    return JSON.parse(found) as string;
  }

  value(): unknown {
    this.#blanks();
    const word = this.#match(/true|false|[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/uy);
    if (word !== undefined) return JSON.parse(word) as unknown;
    if (this.take("[")) return this.#list("]", () => this.value());
    if (!this.take("{")) return this.#string();
    const entries = this.#list("}", (): [string, unknown] => {
      const key = this.key();
      this.demand("=");
      return [key, this.value()];
    });
    return Object.fromEntries(entries);
  }

  #list<T>(end: string, read: () => T): T[] {
    const list: T[] = [];
    if (this.take(end)) return list;
    do list.push(read());
    while (this.take(","));
    this.demand(end);
    return list;
  }
}
