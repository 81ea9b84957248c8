import { z } from "zod";
import { oneLine } from "../../texts.ts";
import { BlockError, type Block } from "../block.ts";
import { file } from "./files.ts";
import { accountOf, checked, pathOf } from "./words.ts";

const number = z.int("must be a whole number").min(1, "must be at least 1").max(60_000_000, "must be at most 60000000");

/**
 * A group of users.
 *
 * Drift: there is none, or it has another number. Removal: it stays, because files may be its own.
 */
export function group(name: string, { gid }: { gid?: number } = {}): Block {
  const key = accountOf(name, "the group");
  return {
    resources: [
      { kind: "group", key, ...(gid === undefined ? {} : { gid: checked(number, gid, `the gid of ${name}`) }) },
    ],
  };
}

export interface UserOptions {
  /** Its number. Default: what the host gives. */
  uid?: number;
  /** Its own group, which must exist or be made by the role. Default: one of its name, which is made. */
  group?: string;
  /** Groups that it is in besides; others that it is in stay. Default: none. */
  groups?: readonly string[];
  /** Default: `/home/NAME`, of a system user `/nonexistent`. It is made for users who log in. */
  home?: string;
  /** Default: `/bin/bash`, of a system user `/usr/sbin/nologin`. */
  shell?: string;
  /** Whether it is one for services: with a number below 1000, and nobody logs in as it. Default: false. */
  system?: boolean;
  /** Who it is. Default: nothing. */
  comment?: string;
}

/**
 * A user, without a password.
 *
 * Drift: there is none, it is locked, or a number, group, home, shell or comment is another one. Removal: one that we have made is locked, its
 * files stay; one that was there before is as it was.
 */
export function user(name: string, options: UserOptions = {}): Block {
  const { uid, system = false, comment } = options;
  const key = accountOf(name, "the user");
  if (key === "root") throw new BlockError("the user root is nobody's but the host's");
  const home = pathOf(options.home ?? (system ? "/nonexistent" : `/home/${key}`), `the home of ${name}`);
  const shell = pathOf(options.shell ?? (system ? "/usr/sbin/nologin" : "/bin/bash"), `the shell of ${name}`);
  const words = oneLine.regex(/^[^:]*$/, "must have no colon");
  return {
    resources: [
      {
        kind: "account",
        key,
        system,
        home,
        shell,
        ...(uid === undefined ? {} : { uid: checked(number, uid, `the uid of ${name}`) }),
        ...(options.group === undefined ? {} : { group: accountOf(options.group, `the group of ${name}`) }),
        groups: [...(options.groups ?? [])].map((one) => accountOf(one, `a group of ${name}`)).sort(),
        ...(comment === undefined ? {} : { comment: checked(words, comment, `the comment of ${name}`) }),
      },
    ],
  };
}

const publicKey = oneLine.regex(
  /^(?!-)([^ ]+ )*((sk-)?(ssh|ecdsa)-[a-z0-9@.-]+) AAAA[A-Za-z0-9+/]+={0,2}( .*)?$/,
  "must be a line of an authorized_keys file, such as ssh-ed25519 AAAA… name",
);

/**
 * Keys by which a user may log in, in the file of the user's home. All of it is done as that user.
 *
 * @param keys lines of authorized_keys(5), with options and a comment.
 * @param options `only`: whether keys that others have put there are taken away. Default: they stay.
 *
 * Drift: a key is missing, or where they are the only ones, there is another. Removal: they go; where they were the only ones, what was there
 * before comes back.
 */
export function authorizedKeys(
  name: string,
  keys: readonly string[],
  { only = false }: { only?: boolean } = {},
): Block {
  const key = accountOf(name, "the user");
  const lines = keys.map((line) => checked(publicKey, line, `a key of ${name}`));
  if (lines.length === 0)
    throw new BlockError(`the user ${name} must have a key: leave the block out where there is none`);
  return { resources: [{ kind: "authorized", key, only, keys: lines.join("\n") }] };
}

/**
 * What users may do as others, in the words of sudoers(5), as a file of its own below /etc/sudoers.d that visudo has judged before it counts.
 *
 * @param name of the file; without a dot, because sudo leaves out files with one.
 *
 * Drift: another content or mode, or no such file. Removal: what was there before comes back.
 */
export function sudoRule(name: string, rules: string | readonly string[]): Block {
  const lines = [rules].flat();
  const key = checked(
    z.string().regex(/^[A-Za-z0-9_-]+$/, "must be of A-Z a-z 0-9 _ -"),
    name,
    "the name of the sudo rule",
  );
  return file(`/etc/sudoers.d/${key}`, {
    content: lines.map((line) => `${line}\n`).join(""),
    mode: "0440",
    validate: "visudo -cf %",
  });
}
