import { createPrivateKey, X509Certificate } from "node:crypto";
import { parse } from "yaml";
import { z } from "zod";
import type { Authority, BundleSecret, SecretSource } from "./bundle.ts";
import { renderEncryptionConfig } from "./bundles/apiserver.ts";
import type { Finding } from "./findings.ts";
import { isNode, type Host } from "./inventory.ts";
import { paths } from "./names.ts";
import { keyNames } from "./pki.ts";
import * as told from "./told.ts";

/**
 * What the hosts of a cluster hold of the state of its stack, where that is gone: authorities, keys and the id by which they are
 * claimed. The program declares the resources as ever; those that hold such a thing take it over, where they would make it.
 */

const claimFile = `${paths.state}/claim`;
const authorities: readonly Authority[] = ["kubernetes", "etcd", "front-proxy"];
/** Types of resources that hold keys and ids. */
const types = {
  key: "tls:index/privateKey:PrivateKey",
  authority: "tls:index/selfSignedCert:SelfSignedCert",
  leaf: "tls:index/locallySignedCert:LocallySignedCert",
  text: "random:index/randomPassword:RandomPassword",
  id: "random:index/randomId:RandomId",
} as const;

/** Path → text. */
export type HeldFiles = ReadonlyMap<string, string>;

/** Where a host has what. */
interface Wanted {
  path: string;
  source: SecretSource;
}

/** The files of a host that are read for it. */
export function wantedFiles(secrets: readonly BundleSecret[]): { paths: string[]; wanted: Wanted[] } {
  const kinds: readonly SecretSource["kind"][] = [
    "authority",
    "leaf",
    "service-account",
    "encryption-config",
    "bootstrap-kubeconfig",
  ];
  const wanted = secrets
    .filter(({ source }) => kinds.includes(source.kind))
    .map(({ path, source }) => ({ path, source }));
  return { paths: [claimFile, ...wanted.map(({ path }) => path)], wanted };
}

/**
 * Reads what scripts/look/keys.sh prints.
 *
 * @param asked the files that were asked for.
 * @throws Error with a sentence that quotes nothing.
 */
export function parseHeldFiles(text: string, asked: readonly string[]): HeldFiles {
  const lines = text.split("\n");
  const begin = lines.indexOf("plinth-keys 1");
  const end = lines.indexOf("end", begin);
  if (begin === -1 || end === -1) throw new Error("the host's answer is not complete");
  const known = new Set(asked);
  const files = new Map<string, string>();
  for (const line of lines.slice(begin + 1, end)) {
    const [word, path = "", content = "", ...rest] = line.split(" ");
    const isRight = word === "file" && rest.length === 0 && known.has(path) && /^[A-Za-z0-9+/]*={0,2}$/.test(content);
    if (!isRight) throw new Error("the host's answer is not as expected");
    files.set(path, Buffer.from(content, "base64").toString("utf8"));
  }
  return files;
}

export interface HeldByHosts {
  hosts: readonly Host[];
  cluster: string;
  stack: string;
  secretsOf: (host: Host) => readonly BundleSecret[];
  /** Host → what it holds. Hosts that could not be read are not in it. */
  held: ReadonlyMap<string, HeldFiles>;
}

/** What can be taken over. */
export interface Adoption {
  /** `TYPE::NAME` of a resource → the thing itself. Secrets. */
  texts: ReadonlyMap<string, string>;
  clusterId: string | undefined;
  /** What is made anew, because no host has it as the program wants it; for people. */
  anew: string[];
  /** Why there can be no state. */
  findings: Finding[];
}

/**
 * Puts together what hosts hold. What all have in common must be the same on every control-plane host that was read; what is a host's
 * own is believed of that host.
 */
export function adoptionOf({ hosts, cluster, stack, secretsOf, held }: HeldByHosts): Adoption {
  const texts = new Map<string, string>();
  const findings: Finding[] = [];
  const anew: string[] = [];
  const refuse = (rule: string, names: string[], message: string, remedy: string): void => {
    findings.push({ rule, kind: "guard", hosts: names, message, remedy });
  };
  const seen = hosts.flatMap((host) => {
    const files = held.get(host.name);
    return files === undefined ? [] : [{ host, files, wanted: wantedFiles(secretsOf(host)).wanted }];
  });
  const servers = seen.filter(({ host }) => host.roles.includes("control-plane"));

  /** What servers hold of a kind, which must be one and the same. */
  const common = (what: string, isIt: (source: SecretSource) => boolean): string | undefined => {
    const found = servers.flatMap(({ host, files, wanted }) =>
      wanted.flatMap(({ path, source }) => {
        const text = isIt(source) ? files.get(path) : undefined;
        return text === undefined ? [] : [{ name: host.name, text }];
      }),
    );
    const [first] = found;
    const others = found.filter(({ text }) => text !== first?.text).map(({ name }) => name);
    if (first !== undefined && others.length > 0) {
      refuse(
        "hosts-disagree",
        [...new Set([first.name, ...others])],
        `they do not hold the same ${what}`,
        "bring the one that is wrong to another time, or leave it off the inventory, and run this again",
      );
    }
    return first?.text;
  };

  const clusterId = claimedId(servers, cluster, stack, refuse);
  if (clusterId !== undefined) texts.set(`${types.id}::${keyNames.clusterId}`, clusterId);

  for (const authority of authorities) {
    const of = (part: "certificate" | "key") =>
      common(`${part} of the ${authority} authority`, (source) => {
        return source.kind === "authority" && source.authority === authority && source.part === part;
      });
    const certificate = of("certificate");
    const key = of("key");
    if (certificate === undefined || key === undefined) {
      refuse(
        "authority-gone",
        [],
        `no control-plane host that answers holds the ${certificate === undefined ? "certificate" : "key"} of the ${authority} authority`,
        key === undefined && authority !== "kubernetes"
          ? "hosts keep it from the first up of this release on; without it nothing can be signed for this cluster any more: bring a backup of the state back, or begin a new cluster from a backup of etcd before the certificates expire"
          : "make the control-plane hosts reachable, or bring a backup of the state back",
      );
      continue;
    }
    if (!isPair(certificate, key)) {
      refuse(
        "authority-gone",
        [],
        `the key of the ${authority} authority is not that of its certificate`,
        "bring a backup of the state back",
      );
      continue;
    }
    texts.set(`${types.key}::${keyNames.authority(authority)}`, key);
    texts.set(`${types.authority}::${keyNames.authority(authority)}`, certificate);
  }

  const serviceAccounts = common("key of service accounts", (source) => {
    return source.kind === "service-account" && source.part === "private";
  });
  const encryption = common("key for Secrets", ({ kind }) => kind === "encryption-config");
  const encryptionKey = encryption === undefined ? undefined : encryptionKeyOf(encryption);
  if (serviceAccounts === undefined || !isKey(serviceAccounts)) {
    const remedy = "make the control-plane hosts reachable, or bring a backup of the state back";
    refuse("key-gone", [], "no control-plane host that answers holds the key of service accounts", remedy);
  } else texts.set(`${types.key}::${keyNames.serviceAccount}`, serviceAccounts);
  if (encryptionKey === undefined) {
    const remedy = "make the control-plane hosts reachable, or bring a backup of the state back";
    refuse("key-gone", [], "no control-plane host that answers holds the key by which Secrets are encrypted", remedy);
  } else texts.set(`${types.text}::${keyNames.encryption}`, encryptionKey);

  for (const { host, files, wanted } of seen) {
    for (const [name, leaf] of leavesOf(files, wanted)) {
      if (leaf === undefined) {
        anew.push(`the certificate ${name} of ${host.name}`);
        continue;
      }
      texts.set(`${types.key}::${keyNames.leaf(host.name, name)}`, leaf.key);
      texts.set(`${types.leaf}::${keyNames.leaf(host.name, name)}`, leaf.certificate);
    }
    if (!isNode(host)) continue;
    const bootstrap = wanted.find(({ source }) => source.kind === "bootstrap-kubeconfig");
    const token = bootstrap === undefined ? undefined : tokenOf(files.get(bootstrap.path) ?? "");
    if (token === undefined) anew.push(`the token by which ${host.name} joins`);
    else texts.set(`${types.text}::${keyNames.bootstrapToken(host.name)}`, token);
  }
  return { texts, clusterId, anew, findings };
}

type Refuse = (rule: string, names: string[], message: string, remedy: string) => void;

const claimSchema = z.object({
  cluster: told.label,
  "cluster-id": z.string().regex(/^[0-9a-f]{16}$/),
  host: told.label,
  stack: told.label,
});

/** The id by which the control-plane hosts are claimed. */
function claimedId(
  servers: readonly { host: Host; files: HeldFiles }[],
  cluster: string,
  stack: string,
  refuse: Refuse,
): string | undefined {
  const ids = new Map<string, string[]>();
  for (const { host, files } of servers) {
    const text = files.get(claimFile);
    if (text === undefined) continue; // A blank host, which the next `up` takes in.
    const parsed = claimSchema.safeParse(Object.fromEntries(text.trim().split("\n").map(wordsOf)));
    const claim = parsed.data;
    if (claim?.cluster !== cluster || claim.stack !== stack || claim.host !== host.name) {
      const whose =
        claim === undefined
          ? "it cannot be read"
          : `of cluster ${claim.cluster}, stack ${claim.stack}, as host ${claim.host}`;
      refuse(
        "foreign-host",
        [host.name],
        `its claim is not of cluster ${cluster}, stack ${stack}: ${whose}`,
        "correct the inventory, or the stack's name and plinth:clusterName",
      );
      continue;
    }
    const id = claim["cluster-id"];
    ids.set(id, [...(ids.get(id) ?? []), host.name]);
  }
  const [only, other] = [...ids.keys()];
  if (other !== undefined) {
    const list = [...ids].map(([id, names]) => `${names.join(", ")} by ${id}`).join("; ");
    refuse(
      "hosts-disagree",
      [],
      `control-plane hosts are claimed by more than one cluster: ${list}`,
      "correct the inventory",
    );
    return undefined;
  }
  if (only === undefined) {
    const remedy = "correct the inventory, make the hosts reachable, or run up where there never was a cluster";
    refuse("no-claim", [], "no control-plane host that answers is claimed by this stack", remedy);
  }
  return only;
}

function wordsOf(line: string): [string, string] {
  const at = line.indexOf(" ");
  return at === -1 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
}

/** Leaf → certificate and key; undefined where a host does not hold both, or they do not belong together. */
function leavesOf(
  files: HeldFiles,
  wanted: readonly Wanted[],
): Map<string, { certificate: string; key: string } | undefined> {
  const leaves = new Map<string, { certificate: string; key: string } | undefined>();
  const find = (name: string, part: "certificate" | "key"): string => {
    const one = wanted.find(
      ({ source }) => source.kind === "leaf" && source.leaf.name === name && source.part === part,
    );
    return files.get(one?.path ?? "") ?? "";
  };
  for (const { source } of wanted) {
    if (source.kind !== "leaf" || leaves.has(source.leaf.name)) continue;
    const { name } = source.leaf;
    const pair = { certificate: find(name, "certificate"), key: find(name, "key") };
    leaves.set(name, isPair(pair.certificate, pair.key) ? pair : undefined);
  }
  return leaves;
}

function isPair(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false; // One of them is not what it should be.
  }
}

function isKey(text: string): boolean {
  try {
    createPrivateKey(text);
    return true;
  } catch {
    return false;
  }
}

const encryptionSchema = z.object({
  resources: z.tuple([
    z.object({
      providers: z.array(z.unknown()).min(1),
    }),
  ]),
});
const boxSchema = z.object({ secretbox: z.object({ keys: z.array(z.object({ secret: z.base64() })).min(1) }) });

/** The first key of an API server's configuration, where that is as we write it. */
function encryptionKeyOf(text: string): string | undefined {
  const parsed = encryptionSchema.safeParse(yaml(text));
  const box = boxSchema.safeParse(parsed.data?.resources[0].providers[0]);
  const [first] = box.data?.secretbox.keys ?? [];
  const key = first === undefined ? "" : Buffer.from(first.secret, "base64").toString("utf8");
  return Buffer.byteLength(key) === 32 && renderEncryptionConfig(key) === text ? key : undefined;
}

const bootstrapSchema = z.object({
  users: z.tuple([z.object({ user: z.object({ token: z.string().regex(/^[a-z0-9]{6}\.[a-z0-9]{16}$/) }) })]),
});

/** The token of a bootstrap kubeconfig, without its dot. */
function tokenOf(text: string): string | undefined {
  const parsed = bootstrapSchema.safeParse(yaml(text));
  return parsed.data?.users[0].user.token.replace(".", "");
}

function yaml(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0, logLevel: "error" }) as unknown;
  } catch {
    return undefined;
  }
}
