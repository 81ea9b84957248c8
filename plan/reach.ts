import { z } from "zod";
import type { Finding } from "./findings.ts";
import { isHostAddress, loginName } from "./texts.ts";

/** Environment variable with the password for sudo, which goes before `plinth:sudoPassword`. */
export const sudoVariable = "PLINTH_SUDO_PASSWORD";

/** One host on the way to others. */
export interface Jump {
  /** Default: config `sshUser`. */
  user?: string;
  host: string;
  /** Default: 22. */
  port?: number;
}

/** Reads `[user@]host[:port]`; undefined when it is something else. */
export function parseJump(text: string): Jump | undefined {
  const [, user, host = "", digits] = /^(?:(.*)@)?([^@:]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (!isHostAddress(host) || (user !== undefined && !loginName.safeParse(user).success)) return undefined;
  if (port !== undefined && (port < 1 || port > 65535)) return undefined;
  return { ...(user === undefined ? {} : { user }), host, ...(port === undefined ? {} : { port }) };
}

/** More of them in a row are a slip. */
const longestChain = 8;

/** A chain of jump hosts, the first one from here first. */
export const bastionChain = z
  .array(
    z
      .string()
      .refine(
        (text) => parseJump(text) !== undefined,
        "must be a jump host as [user@]host[:port], e.g. jump@gate.example.net:2222",
      ),
  )
  .max(longestChain, `must have at most ${longestChain} jump hosts`);

/** The jump hosts on the way to a host: its own, none if it says so by an empty list, or else those of all. */
export function jumpsTo(host: { bastion?: readonly string[] | undefined }, all: readonly string[] = []): Jump[] {
  return (host.bastion ?? all).flatMap((text) => parseJump(text) ?? []);
}

/** What the way to a host takes. */
export interface Demand {
  host: string;
  /** How many bastions there are on it. */
  bastions: number;
  /** Whether sudo there is given a password. */
  sudo: boolean;
  /** Whether the operator's `~/.ssh/config` leads to another place, or by jump hosts. */
  redirected: boolean;
}

/** Whether Pulumi's own command plugin can go the ways to the hosts: by one bastion, and without a password for sudo. */
export function pluginReachFindings(demands: readonly Demand[]): Finding[] {
  const finding = (hosts: readonly Demand[], message: string): Finding[] =>
    hosts.length === 0
      ? []
      : [
          {
            rule: "ssh-reach",
            kind: "input",
            hosts: hosts.map(({ host }) => host),
            message: `pulumi's command plugin ${message}`,
            remedy: "run ./plinth, with its own plugins",
          },
        ];
  return [
    ...finding(
      demands.filter(({ bastions }) => bastions > 1),
      "goes by one bastion, and there are several on the way",
    ),
    ...finding(
      demands.filter(({ sudo }) => sudo),
      "has no password for sudo",
    ),
    ...finding(
      demands.filter(({ redirected }) => redirected),
      "does not read ~/.ssh/config, which leads there in another way than the inventory",
    ),
  ];
}
