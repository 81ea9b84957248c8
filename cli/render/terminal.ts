import { styleText } from "node:util";
import { printable } from "../../plan/printable.ts";
import { withoutSecrets } from "../../plan/secrets.ts";
import { above, LiveLines } from "./live.ts";

type Style = "green" | "red" | "yellow" | "cyan" | "dim" | "bold";

/**
 * Where a command writes. Results go to `print`, progress and remarks to `note`; with `--json` the notes move to stderr,
 * so that stdout holds one JSON document and nothing else. Colours appear on a terminal only and honour NO_COLOR.
 */
export interface Terminal {
  print(line?: string): void;
  note(line?: string): void;
  warn(line: string): void;
  /** Colours `text` as the stream of `note` allows. */
  paint(style: Style, text: string): string;
  readonly interactive: boolean;
  /** Lines that are drawn anew, where the stream of `note` is a terminal. Undefined elsewhere. */
  readonly live?: LiveLines;
}

/** Ends of lines, tabs, and the colours of {@link Style}. */
// eslint-disable-next-line no-control-regex -- terminal sequences begin with the escape character
const ours = /([\n\t]|\u001b\[(?:1|2|22|31|32|33|36|39)m)/;

let hidden: readonly string[] = [];

/** From now on these texts are shown as `[secret]`. */
export function hide(secrets: readonly string[]): void {
  hidden = [...new Set([...hidden, ...secrets])];
}

/** Text as it may be written to a terminal: hosts and the cluster may have a say in it. */
export function shown(text: string): string {
  return withoutSecrets(text, hidden)
    .split(ours)
    .map((part, index) => (index % 2 === 1 ? part : printable(part)))
    .join("");
}

let written = 0;

/** When a terminal was last written to. Milliseconds since the epoch, 0: never. */
export function lastWritten(): number {
  return written;
}

function write(stream: NodeJS.WriteStream, text: string): void {
  written = Date.now();
  above(() => void stream.write(text));
}

export function terminal(options: { json?: boolean } = {}): Terminal {
  const notes = options.json === true ? process.stderr : process.stdout;
  // What cannot move its cursor gets plain lines.
  const live = notes.isTTY && process.env["TERM"] !== "dumb" ? { live: new LiveLines(notes) } : {};
  return {
    ...live,
    print: (line = "") => {
      write(process.stdout, `${shown(line)}\n`);
    },
    note: (line = "") => {
      write(notes, `${shown(line)}\n`);
    },
    warn: (line) => {
      write(process.stderr, `${styleText("yellow", "warning:", { stream: process.stderr })} ${shown(line)}\n`);
    },
    paint: (style, text) => styleText(style, text, { stream: notes }),
    interactive: process.stdin.isTTY && process.stdout.isTTY && options.json !== true,
  };
}

/** A way to warn that says the same thing once: a preview and the run after it find the same. */
export function warnOnce(terminal: Pick<Terminal, "warn">): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (said.has(message)) return;
    said.add(message);
    terminal.warn(message);
  };
}
