import { z } from "zod";
import { ipv4 } from "../inventory.ts";
import { loginName, oneLine, serverName, webUrl } from "../texts.ts";

const name = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/, "must be a DNS-1123 label of at most 32 characters");
const secret = oneLine
  .min(1, "must not be empty")
  .regex(/^(\S(.*\S)?)?$/, "must not begin or end with a space, which restic leaves out");
const path = z
  .string()
  .regex(/^(\/[\w.@+-]+)+$/, "must be an absolute path of letters, digits and ._@+-")
  .refine((text) => !text.split("/").some((part) => part === "." || part === ".."), "must have no . and no .. in it");

/** What the service of backups sees nothing of, must not write to or would lose, and what Plinth cleans up. */
const notForSets = /^\/(boot|dev|etc|home|proc|root|run|sys|tmp|usr|var\/run|var\/tmp|var\/lib\/(etcd|plinth))(\/|$)/;

/** A directory of each member, on a disk of its own or a mount. Root of a member can delete what its own directory has. */
const directory = z.strictObject({
  path: path.refine(
    (text) => !notForSets.test(text),
    "must be in a place where sets stay, such as /srv/backup or /mnt/backup, and not below /home, /root, /run, /tmp or what the system or Plinth owns",
  ),
});

/** An account on another host, whose `authorized_keys` lets members add and nothing else (docs/backup.md). */
const ssh = z.strictObject({
  host: z.union([ipv4, serverName]),
  port: z.coerce.number().int().min(1).max(65535).default(22),
  /** Who members are there. */
  user: loginName,
  /** The private key of members, in OpenSSH's format, without a passphrase. A secret. */
  privateKey: z.string().includes("PRIVATE KEY", { error: "must be a private key in OpenSSH's format" }),
  /** The host's public key as `known_hosts` has it, `ssh-ed25519 AAAA…`. */
  hostKey: z
    .string()
    .regex(/^(ssh|ecdsa)-[\w@.-]+ [A-Za-z0-9+/=]+$/, "must be a public key such as `ssh-ed25519 AAAA…`"),
  /** Directory of the repository there. */
  path,
  /** Who operators are there, by their own SSH; they read and prune by SFTP. Default: `user`. */
  operatorUser: loginName.optional(),
});

const accessKey = z.strictObject({ accessKey: secret, secretKey: secret });

/** A bucket of an S3-compatible store. */
const s3 = z.strictObject({
  /** `https://s3.example.com`, with a port where it needs one. */
  endpoint: webUrl,
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "must be the name of a bucket"),
  /** Folder in the bucket. Default: none. */
  prefix: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)*$/, "must be a path such as clusters/lab")
    .refine((text) => !text.split("/").some((part) => part === "." || part === ".."), "must have no . and no .. in it")
    .optional(),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, "must be the name of a region such as us-east-1")
    .default("us-east-1"),
  /** PEM of the authority of its certificate. Default: those that the hosts' distribution trusts. */
  authority: z.string().includes("BEGIN CERTIFICATE", { error: "must be a certificate as PEM" }).optional(),
  /** Of members: the store's policy lets them add and read, delete only below `locks/` (docs/backup.md). Secrets. */
  members: accessKey,
  /** Of operators, who also prune. Secrets. Default: those of members. */
  operators: accessKey.optional(),
});

const target = z
  .strictObject({ name, directory: directory.optional(), ssh: ssh.optional(), s3: s3.optional() })
  .refine(
    ({ directory, ssh, s3 }) => [directory, ssh, s3].filter((one) => one !== undefined).length === 1,
    "must have exactly one of directory, ssh and s3",
  );

/** `plinth:backup`: where sets go, who can open them, how often they are made and how long they stay. */
export const backupSchema = z.strictObject({
  /** Public keys of age (`age1…`) of those who can open sets; `age-keygen` makes a pair. */
  recipients: z
    .array(z.string().regex(/^age1[02-9ac-hj-np-z]{58}$/, "must be a public key of age such as age1…"))
    .nonempty("must have at least one key of an operator, or nobody could open a set"),
  /** Password of the repositories of restic. Members have it, too: it keeps the store from forging sets. A secret. */
  password: secret.min(16, "must have at least 16 characters"),
  /** Minutes between two sets of data. */
  everyMinutes: z.coerce.number().int().min(5).max(10_080).default(360),
  /** How many sets of each half are kept, and for how many days; a set stays as long as one of both says so. */
  keep: z
    .strictObject({
      last: z.coerce.number().int().min(1).max(10_000).default(28),
      days: z.coerce.number().int().min(0).max(3650).default(30),
    })
    .prefault({}),
  /** How often `drill restore` must have shown that sets can be restored. */
  drill: z
    .strictObject({
      /** Days after which `status` is red without a new one. Default: it never is for that. */
      maxAgeDays: z.coerce.number().int().min(1).max(3650).optional(),
    })
    .optional(),
  targets: z
    .array(target)
    .nonempty("must have at least one target")
    .refine(
      (targets) => new Set(targets.map((one) => one.name)).size === targets.length,
      "must give each target a name of its own",
    ),
});

export type BackupSettings = z.output<typeof backupSchema>;
export type BackupTarget = BackupSettings["targets"][number];
