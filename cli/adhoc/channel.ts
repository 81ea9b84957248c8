import { Readable } from "node:stream";
import { throughRoot } from "../../components/host/ask.ts";
import { resolveAccess, type HostAccess } from "../../components/host/targets.ts";
import { PlinthError } from "../../plan/findings.ts";
import { selectHosts } from "../../plan/adhoc/selector.ts";
import type { Host } from "../../plan/inventory.ts";
import { shellQuote } from "../../plan/shell.ts";
import type { StackInput } from "../project/inventory.ts";

/** What a command of an operator needs to know of its hosts. */
export interface ChosenHosts {
  /** In the order of the inventory. */
  hosts: Host[];
  access: HostAccess;
}

/**
 * The hosts of a selector, and the ways to them.
 *
 * @param selector see plan/adhoc/selector.ts; undefined: all hosts.
 * @throws PlinthError with all findings, before a host is asked anything.
 */
export async function chooseHosts(
  { hosts: all, config }: Pick<StackInput, "hosts" | "config">,
  selector: string | undefined,
): Promise<ChosenHosts> {
  const { hosts, findings } = selector === undefined ? { hosts: all, findings: [] } : selectHosts(selector, all);
  if (findings.length > 0) throw new PlinthError(findings);
  const reach = await resolveAccess(hosts, config);
  if (reach.findings.length > 0) throw new PlinthError(reach.findings);
  return { hosts, access: reach.access };
}

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
