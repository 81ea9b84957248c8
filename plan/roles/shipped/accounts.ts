import { z } from "zod";
import { authorizedKeys, group, sudoRule, user } from "../blocks/accounts.ts";
import type { Block } from "../block.ts";
import { defineRole } from "../define.ts";

const account = z.strictObject({
  /** Lines of authorized_keys(5). */
  keys: z.array(z.string()).default([]),
  /** Whether keys that others have put there go. */
  onlyKeys: z.boolean().default(true),
  /** What it may do by sudo: nothing, everything, or everything without a password. A user of keys has no password. */
  sudo: z.enum(["no", "password", "yes"]).default("no"),
  groups: z.array(z.string()).default([]),
  uid: z.int().optional(),
  shell: z.string().optional(),
  comment: z.string().optional(),
});

/**
 * People who log in, with their keys and what they may do. Who is taken from the list is locked, and the files stay.
 */
export const accounts = defineRole({
  name: "accounts",
  parameters: z.object({
    /** Groups that are made, and their numbers; null: what the host gives. */
    groups: z.record(z.string(), z.int().nullable()).default({}),
    /** Users by their names; null takes one of a wider layer away. */
    users: z.record(z.string(), account).default({}),
  }),
  plan: ({ host, config, parameters: { groups, users } }): Block[] => {
    const operator = host.user ?? config.sshUser ?? "root";
    return [
      ...Object.entries(groups).map(([name, gid]) => group(name, gid === null ? {} : { gid })),
      ...Object.entries(users).flatMap(
        ([name, { keys, onlyKeys, sudo, uid, shell, comment, groups: also }]): Block[] => {
          if (name === operator)
            throw new Error(
              `${name} is the user by whom Plinth reaches this host: how that user is depends on nobody's list`,
            );
          const own = {
            ...(uid === undefined ? {} : { uid }),
            ...(shell === undefined ? {} : { shell }),
            ...(comment === undefined ? {} : { comment }),
          };
          return [
            user(name, { groups: also, ...own }),
            ...(keys.length === 0 ? [] : [authorizedKeys(name, keys, { only: onlyKeys })]),
            ...(sudo === "no"
              ? []
              : [sudoRule(`plinth-${name}`, `${name} ALL=(ALL:ALL) ${sudo === "yes" ? "NOPASSWD: " : ""}ALL`)]),
          ];
        },
      ),
    ];
  },
});
