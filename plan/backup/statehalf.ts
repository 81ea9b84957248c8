import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { keyNames } from "../pki.ts";
import { parsePreviousRun } from "../previousrun.ts";
import { keyDigests } from "./keys.ts";
import { parseSet, setId, type StateSet } from "./set.ts";

/**
 * The half `state` of a backup: one JSON document with the stack's deployment, secrets in clear, so that a lost passphrase loses
 * nothing, and with the files without which that is worth little. It exists in memory and sealed, never in clear on a disk.
 */

/** How the engine marks a secret in an export with its plain text, which is JSON: sdk/go/common/resource/sig of pulumi/pulumi. */
const secretKey = "4dabf18193072939515e22adb298388d";
const secretMark = "1b47061264138c4ac30d75fd1eb44270";

const values = z.record(z.string(), z.unknown());
const resource = z.looseObject({
  urn: z.string().min(1),
  type: z.string().min(1),
  inputs: values.optional(),
  outputs: values.optional(),
});

/** What `pulumi stack export` prints. What is not named here stays as it is. */
const exportSchema = z.looseObject({
  version: z.int().min(3),
  deployment: z.looseObject({
    secrets_providers: z.unknown().optional(),
    resources: z.array(resource).nullish(),
    pending_operations: z.array(z.unknown()).nullish(),
  }),
});
export type ExportedStack = z.output<typeof exportSchema>;

const halfSchema = z.object({
  format: z.literal(1),
  set: z.unknown(),
  stack: exportSchema,
  /** Path below the project's folder → text: configuration, inventory and roles with what they import there, and digests. */
  files: z.record(z.string(), z.string()),
  /** What inventory and roles import from elsewhere. */
  imports: z.array(z.string()).default([]),
  /** Path on the operator's machine, as the configuration names it → text. Without those that were not readable. */
  operatorFiles: z.record(z.string(), z.string()),
  /** The stack's configuration as the engine hands it on, secrets in clear: `NAMESPACE:KEY` → text, of structures JSON. */
  config: z.record(z.string(), z.string()),
  /** Plinth's own version. */
  release: z.string(),
});

export interface StateHalf extends Omit<z.output<typeof halfSchema>, "set"> {
  set: StateSet;
}

/** @throws Error that names what is wrong, and quotes nothing. */
export function parseExport(text: string): ExportedStack {
  const parsed = exportSchema.safeParse(json(text, "the stack's deployment"));
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new Error(`the stack's deployment is not as expected: ${path}`);
}

export interface HalfParts {
  project: string;
  stack: string;
  /** Why it is made: `up`, `now`, or a change, `before …`. */
  reason: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** As the engine exports it, with secrets in clear. */
  open: string;
  /** The same with secrets encrypted: what the digest is of. */
  closed: string;
  files: Readonly<Record<string, string>>;
  imports: readonly string[];
  operatorFiles: Readonly<Record<string, string>>;
  config: Readonly<Record<string, string>>;
  release: string;
}

/**
 * Makes the half of a stack.
 *
 * @returns undefined for a stack that has no cluster's keys: it was never brought up, or is a pool's.
 * @throws Error when the stack's deployment is not as expected.
 */
export function buildStateHalf(parts: HalfParts): StateHalf | undefined {
  const stack = parseExport(parts.open);
  const keys = keysOf(stack);
  const outputs = outputsOf(parts.stack, stack);
  const { clusterId, clusterName, versions, incarnation = 0 } = outputs ?? {};
  if (keys === undefined || clusterId === undefined || clusterName === undefined) return undefined;
  return {
    format: 1,
    set: {
      format: 1,
      kind: "state",
      id: setId(parts.at, `state-${parts.stack}`),
      time: new Date(parts.at).toISOString().replace(/\.\d+Z$/, "Z"),
      cluster: clusterName,
      clusterId,
      incarnation,
      reason: parts.reason,
      kubernetes: versions?.kubernetes ?? "unknown",
      etcd: versions?.etcd ?? "unknown",
      keys,
      project: parts.project,
      stack: parts.stack,
      sha256: sha256(parts.closed),
    },
    stack,
    files: { ...parts.files },
    imports: [...parts.imports],
    operatorFiles: { ...parts.operatorFiles },
    config: { ...parts.config },
    release: parts.release,
  };
}

/** The digest of a description, of a deployment as the engine exports it. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * Reads a half.
 *
 * @throws Error with a sentence that quotes nothing of it.
 */
export function parseStateHalf(text: string): StateHalf {
  const value = json(text, "it");
  const parsed = halfSchema.safeParse(value);
  if (!parsed.success) {
    const format = z.object({ format: z.int() }).safeParse(value);
    if (format.success && format.data.format > 1)
      throw new Error(`it has the format ${format.data.format}, and this release knows 1: use a newer Plinth`);
    throw new Error(`it is not as expected at ${parsed.error.issues[0]?.path.join(".") ?? "its beginning"}`);
  }
  const set = parseSet(JSON.stringify(parsed.data.set));
  if (set.kind !== "state") throw new Error("it holds data of etcd, and no state");
  const reason = distrusted(parsed.data.stack);
  if (reason !== undefined) throw new Error(`${reason}: whoever made it was not Plinth`);
  const stray = Object.keys(parsed.data.files).find((path) => !isStackFile(path, set.stack));
  if (stray !== undefined) throw new Error(`it brings the file ${stray}, which is none of a stack's`);
  return { ...parsed.data, set };
}

/** Kinds of resources that Plinth's programs declare, and the engine by itself. */
const ownTypes =
  /^(pulumi:pulumi:Stack$|pulumi:providers:|plinth:|command:remote:Command$|tls:index\/|random:index\/|kubernetes:)/;

/**
 * What of a deployment could make this machine run something. A set can be made by whoever knows its recipients' public keys and may
 * write to a store, such as a host of the cluster; hosts are never trusted with the operator's machine.
 *
 * @returns one sentence, undefined when there is no such thing.
 */
export function distrusted({ deployment }: ExportedStack): string | undefined {
  for (const { type, urn, inputs } of deployment.resources ?? []) {
    if (!ownTypes.test(type)) return `${nameOf(urn)} is of the type ${type}, which Plinth never makes`;
    if (!type.startsWith("pulumi:providers:")) continue;
    if (inputs?.["pluginDownloadURL"] !== undefined) return `the provider ${nameOf(urn)} says where to fetch a plugin`;
    // What a kubeconfig names under `exec` is run by clients.
    if (/\b(exec|auth-provider)\b/.test(JSON.stringify(inputs ?? {})))
      return `the provider ${nameOf(urn)} has a kubeconfig that names a command to run`;
  }
  return undefined;
}

/** The project's folders of which modules belong to a stack: inventories, and roles. */
export const stackFolders: readonly string[] = ["hosts", "roles"];

/**
 * Whether a path is one of those that a set may bring: configuration, digests, and modules of inventory and roles.
 *
 * @param path below the project's folder.
 */
export function isStackFile(path: string, stack: string): boolean {
  if (["Pulumi.yaml", `Pulumi.${stack}.yaml`, "plinth.lock.json"].includes(path)) return true;
  const parts = path.split("/");
  return (
    parts.length > 1 &&
    stackFolders.includes(parts[0] ?? "") &&
    /\.(ts|json)$/.test(path) &&
    !parts.some((part) => /^\.*$/.test(part))
  );
}

/** The same deployment, its secrets to be encrypted by the provider that another one of the stack has. */
export function encryptedAs(stack: ExportedStack, present: ExportedStack): ExportedStack {
  const deployment = { ...stack.deployment, secrets_providers: present.deployment.secrets_providers };
  // What was under way when a run was killed is done again: every step on a host may safely run twice.
  delete deployment.pending_operations;
  return { ...stack, deployment };
}

/** Whether two deployments, secrets in clear, hold the same resources. */
export function holdTheSame(one: ExportedStack, other: ExportedStack): boolean {
  const bare = ({ deployment }: ExportedStack): unknown => JSON.parse(JSON.stringify(deployment.resources ?? []));
  return isDeepStrictEqual(bare(one), bare(other));
}

/**
 * The resources that would be lost if a deployment was replaced. An `up` that was refused leaves the stack itself, and an id by which
 * no host was ever claimed: hosts are claimed once keys are saved.
 */
export function resourcesToLose({ deployment }: ExportedStack): string[] {
  return (deployment.resources ?? [])
    .filter(({ type, urn }) => {
      if (type === "pulumi:pulumi:Stack" || type.startsWith("pulumi:providers:")) return false;
      return !(type === "random:index/randomId:RandomId" && nameOf(urn) === "cluster-id");
    })
    .map(({ urn }) => urn);
}

/** Whether a deployment holds keys and ids at the most: a run that saved them, or took them over from hosts, was cut off after it. */
export function holdsKeysOnly({ deployment }: ExportedStack): boolean {
  const kinds =
    /^(pulumi:pulumi:Stack$|pulumi:providers:(tls|random|pulumi)$|plinth:index:Cluster$|plinth:pki:|tls:index\/|random:index\/)/;
  return (deployment.resources ?? []).every(({ type }) => kinds.test(type));
}

/** Which files of a set are not the same in the working copy, and how. */
export function filesThatDiffer(
  files: Readonly<Record<string, string>>,
  present: Readonly<Record<string, string | undefined>>,
): { path: string; how: "missing" | "different" }[] {
  return Object.entries(files).flatMap(([path, text]) => {
    const now = present[path];
    if (now === text) return [];
    return [{ path, how: now === undefined ? ("missing" as const) : ("different" as const) }];
  });
}

/** The paths that a module imports, relative ones only, as it has them. */
export function relativeImports(source: string): string[] {
  return [...source.matchAll(/(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g)].map(([, path = ""]) => path);
}

function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** The digests of keys as set.ts describes them; undefined where the stack has none. @param stack with its secrets in clear. */
export function keysOf(stack: ExportedStack): StateSet["keys"] | undefined {
  const { publicKey, encryptionKey } = servingKeys(stack);
  if (publicKey === undefined || encryptionKey === undefined) return undefined;
  // On hosts every file ends with one line's end.
  return keyDigests(publicKey, encryptionKey);
}

/** What an API server needs of a stack to serve its data; undefined what the stack does not have. */
export interface ServingKeys {
  /** Of service accounts, PEM. */
  publicKey: string | undefined;
  privateKey: string | undefined;
  /** 32 characters. */
  encryptionKey: string | undefined;
  /** Of the cluster's authority, PEM. */
  certificate: string | undefined;
}

export function servingKeys(stack: ExportedStack): ServingKeys {
  const output = (type: string, name: string, property: string): string | undefined => {
    const found = stack.deployment.resources?.find((one) => one.type === type && nameOf(one.urn) === name);
    return clearText(found?.outputs?.[property]);
  };
  const account = "tls:index/privateKey:PrivateKey";
  return {
    publicKey: output(account, keyNames.serviceAccount, "publicKeyPem"),
    privateKey: output(account, keyNames.serviceAccount, "privateKeyPem"),
    encryptionKey: output("random:index/randomPassword:RandomPassword", keyNames.encryption, "result"),
    certificate: output("tls:index/selfSignedCert:SelfSignedCert", keyNames.authority("kubernetes"), "certPem"),
  };
}

function outputsOf(name: string, stack: ExportedStack) {
  const outputs = stack.deployment.resources?.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  // Those that are secrets are not looked at.
  const open = Object.entries(outputs).filter(([, value]) => !isSecret(value));
  const { previous, findings } = parsePreviousRun(name, Object.fromEntries(open));
  if (findings[0] !== undefined) throw new Error(findings[0].message);
  return previous;
}

function isSecret(value: unknown): value is { plaintext?: unknown } {
  return typeof value === "object" && value !== null && (value as Record<string, unknown>)[secretKey] === secretMark;
}

/** A text, be it marked as a secret or not. */
function clearText(value: unknown): string | undefined {
  if (!isSecret(value)) return typeof value === "string" ? value : undefined;
  if (typeof value.plaintext !== "string") return undefined;
  const clear = json(value.plaintext, "a secret");
  return typeof clear === "string" ? clear : undefined;
}

function json(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not with the error: it quotes the text.
    throw new Error(`${what} is not JSON`);
  }
}
