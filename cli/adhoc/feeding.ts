import { Readable } from "node:stream";
import { throughRoot } from "../../components/host/ask.ts";
import { shellQuote } from "../../plan/shell.ts";

/** A script as it is sent to a host: a command, and what its standard input begins with. */
export interface FedScript {
  command: string;
  stdin: string;
}

/**
 * A script that reads its own standard input behind its text: neither process lists nor the log of sudo have its text, and the
 * login shell may be any. What the script itself starts is in the host's process list with all of its words.
 *
 * @param root whether it runs as root, by the same way as all that Plinth does; else it is whoever logs in.
 */
export function feedScript(script: string, root: boolean): FedScript {
  const read = `eval "$(head -c ${Buffer.byteLength(script)})"`;
  const command = `/bin/sh -c ${shellQuote(read)}`;
  return { command: root ? throughRoot(command) : `exec ${command}`, stdin: script };
}

/** Standard input that does not end by itself. */
export interface OpenInput {
  /** For {@link ExecOptions.body}. */
  body: () => Readable;
  /** Ends it, at once or as soon as somebody reads it. */
  end: () => void;
}

/** @param first bytes that come before it is waited for the end. */
export function openInput(first: Buffer): OpenInput {
  let isOver = false;
  let source: Readable | undefined;
  return {
    body: () => {
      source = new Readable({ read: () => undefined });
      if (first.length > 0) source.push(first);
      if (isOver) source.push(null);
      return source;
    },
    end: () => {
      if (isOver) return;
      isOver = true;
      source?.push(null);
    },
  };
}
