const KEY_BEGIN = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;
const KEY_END = /-----END [A-Z0-9 ]*PRIVATE KEY-----/;
const MASK = "[private key]";
const LONGEST_LINE = 2000;
const TAIL_LINES = 40;
const TAIL_CHARACTERS = 8000;

/** Takes private keys in PEM out of text that arrives line by line. */
export class KeyMask {
  #inside = false;

  /** The line as it may be shown; undefined for the lines of a key after its first. */
  line(text: string): string | undefined {
    if (this.#inside) {
      this.#inside = !KEY_END.test(text);
      return undefined;
    }
    const begin = KEY_BEGIN.exec(text);
    if (begin === null) {
      return text;
    }
    const rest = text.slice(begin.index + begin[0].length);
    const end = KEY_END.exec(rest); // A key on one line: in JSON, or with escaped newlines.
    this.#inside = end === null;
    const after = end === null ? "" : rest.slice(end.index + end[0].length);
    return text.slice(0, begin.index) + MASK + (after === "" ? "" : (new KeyMask().line(after) ?? ""));
  }
}

/** Cuts chunks of output into lines and hands each on, without private keys and shortened to 2000 characters. */
export class LineWriter {
  readonly #write: (line: string) => void;
  readonly #mask = new KeyMask();
  #rest = "";

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  add(chunk: string): void {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      this.#emit(line);
    }
  }

  /** Hands on a last line that has no newline. */
  end(): void {
    if (this.#rest !== "") {
      this.#emit(this.#rest);
      this.#rest = "";
    }
  }

  #emit(line: string): void {
    const shown = this.#mask.line(line.replace(/\r$/, ""));
    if (shown !== undefined) {
      this.#write(shown.length > LONGEST_LINE ? `${shown.slice(0, LONGEST_LINE)}…` : shown);
    }
  }
}

/** The last 40 lines of output for an error, private keys and the given secrets taken out. */
export function outputTail(output: string, secrets: string[]): string {
  const mask = new KeyMask();
  let text = output
    .split("\n")
    .flatMap((line) => mask.line(line) ?? [])
    .join("\n")
    .trimEnd();
  for (const value of secrets) {
    text = text.replaceAll(value, "[secret]");
  }
  const lines = text.split("\n");
  const tail = lines.slice(-TAIL_LINES).join("\n").slice(-TAIL_CHARACTERS);
  return tail.length < text.length ? `…\n${tail}` : tail;
}
