import { parse } from "yaml";
import { hasEnded, readCertificate, type Certificate, type CertificateFile } from "./certificates.ts";
import type { HostReading } from "./facts.ts";
import type { Host } from "./inventory.ts";
import { kubeletCredentials } from "./names.ts";

/** A kubeconfig that an output holds. */
export interface KubeconfigCertificate {
  /** Whose it is, e.g. `the administrator`. */
  owner: string;
  certificate: Certificate;
}

/** What is known of certificates at one moment. */
export interface CertificatesSeen {
  /** Host → certificates in its files. */
  files: ReadonlyMap<string, readonly CertificateFile[]>;
  kubeconfigs: readonly KubeconfigCertificate[];
  /** Milliseconds since the epoch. */
  at: number;
}

/** A certificate that has ended or does so soon. */
export interface Expiry {
  /** Undefined for what is of no single host. */
  host: string | undefined;
  kind: "authority" | "leaf" | "kubelet" | "kubeconfig";
  notAfter: string;
  hasEnded: boolean;
  /** What is the matter and what to do about it, in one sentence; without the host. */
  message: string;
}

const DAY = 86_400_000;
/** How long before the end one is told, milliseconds. */
export const NOTICE = 30 * DAY;
/**
 * Of lives for which that is too long, the last part. `up` renews at a third and kubelets when 10 % are left at the latest, of a life that
 * is counted from a moment some minutes before it was signed: whoever is told has something to do.
 */
export const LATE_PART = { authority: 1 / 4, leaf: 1 / 4, kubeconfig: 1 / 4, kubelet: 1 / 12 };

/** Whether one is told of the end of a certificate. */
export function isTold(kind: Expiry["kind"], { notBefore, notAfter }: Certificate, at: number): boolean {
  const end = Date.parse(notAfter);
  return end - at < Math.min(NOTICE, LATE_PART[kind] * (end - Date.parse(notBefore)));
}

function endOf(certificate: Certificate, at: number): Pick<Expiry, "notAfter" | "hasEnded"> {
  return { notAfter: certificate.notAfter, hasEnded: hasEnded(certificate, at) };
}

/** `has expired (WHEN)` or `expires soon (WHEN)`. */
function fate(certificate: Certificate, at: number): string {
  return `${hasEnded(certificate, at) ? "has expired" : "expires soon"} (${certificate.notAfter})`;
}

function isKubelets({ path }: CertificateFile): boolean {
  return (Object.values(kubeletCredentials) as string[]).includes(path);
}

function leafExpiry(host: string, file: CertificateFile, at: number): Expiry[] {
  if (!isTold("leaf", file, at)) return [];
  const message = `${file.path} ${fate(file, at)}: run up, which renews it`;
  return [{ host, kind: "leaf", ...endOf(file, at), message }];
}

/** Both certificates of a kubelet: it renews them by itself, as long as the API knows it by the first of them. */
function kubeletExpiries(host: string, files: readonly CertificateFile[], at: number): Expiry[] {
  const client = files.find(({ path }) => path === kubeletCredentials.client);
  const unknown = client !== undefined && hasEnded(client, at);
  return files
    .filter((file) => isTold("kubelet", file, at))
    .map((file) => {
      const what = file === client ? "the certificate of its kubelet" : "the certificate with which its kubelet serves";
      const next = unknown
        ? "run up, which lets it join anew"
        : "it renews that by itself, so see what keeps it from that (journalctl -u kubelet there, ./plinth kubectl get csr)";
      return { host, kind: "kubelet", ...endOf(file, at), message: `${what} ${fate(file, at)}: ${next}` };
    });
}

/** Each authority once, whatever hosts have it. */
function authorityExpiries(files: readonly CertificateFile[], at: number): Expiry[] {
  const authorities = new Map(files.map((file) => [`${file.subject} ${file.notAfter}`, file]));
  return [...authorities.values()]
    .filter((file) => isTold("authority", file, at))
    .map((file) => ({
      ...{ host: undefined, kind: "authority", ...endOf(file, at) },
      message:
        `the authority ${file.subject} ${fate(file, at)}, and nothing that it has signed is accepted after that: ` +
        "Plinth cannot rotate authorities yet, so move to a release that can, or to a new cluster, before that date",
    }));
}

/** Everything that has expired or does so within 30 days; of short lives, within the last part of them. */
export function expiriesIn({ files, kubeconfigs, at }: CertificatesSeen): Expiry[] {
  const all = [...files.values()].flat();
  return [
    ...authorityExpiries(
      all.filter(({ isAuthority }) => isAuthority),
      at,
    ),
    ...[...files].flatMap(([host, own]) => {
      const leaves = own.filter((file) => !file.isAuthority && !isKubelets(file));
      return [
        ...leaves.flatMap((file) => leafExpiry(host, file, at)),
        ...kubeletExpiries(host, own.filter(isKubelets), at),
      ];
    }),
    ...kubeconfigs
      .filter(({ certificate }) => isTold("kubeconfig", certificate, at))
      .map(({ owner, certificate }): Expiry => ({
        ...{ host: undefined, kind: "kubeconfig", ...endOf(certificate, at) },
        message: `the kubeconfig of ${owner} ${fate(certificate, at)}: run up, which renews it, and give the new one to everybody who has a copy`,
      })),
  ];
}

/** The first of them to end. */
function firstToEnd<Ending extends Pick<Expiry, "notAfter">>(expiries: readonly Ending[]): Ending | undefined {
  return expiries.toSorted((a, b) => Date.parse(a.notAfter) - Date.parse(b.notAfter))[0];
}

/** What becomes of several certificates, as the end of a sentence. */
function fates(expiries: readonly Expiry[]): string {
  const ended = expiries.filter((expiry) => expiry.hasEnded).length;
  const soon = expiries.length - ended;
  return [
    ...(ended === 0 ? [] : [`${ended} ${ended === 1 ? "has" : "have"} expired`]),
    ...(soon === 0 ? [] : [`${soon} ${soon === 1 ? "expires" : "expire"} soon`]),
  ].join(" and ");
}

/** The leaves of one host in one sentence. */
function leavesTogether(leaves: readonly Expiry[]): string {
  const [first] = leaves;
  if (first !== undefined && leaves.length === 1) return first.message;
  const when = firstToEnd(leaves)?.notAfter ?? "";
  return `of its certificates, ${fates(leaves)} (the first ${when}): run up, which renews them`;
}

/** What an operator is told: the leaves of a host, which one run renews, in one sentence, and everything else by itself. */
export function expiryProblems(seen: CertificatesSeen): Pick<Expiry, "host" | "message">[] {
  const expiries = expiriesIn(seen);
  const leaves = Map.groupBy(
    expiries.filter(({ kind }) => kind === "leaf"),
    ({ host }) => host,
  );
  return [
    ...expiries.filter(({ kind }) => kind !== "leaf").map(({ host, message }) => ({ host, message })),
    ...[...leaves].map(([host, own]) => ({ host, message: leavesTogether(own) })),
  ];
}

/** What a run warns of before it changes anything. */
export interface ExpirySituation {
  hosts: readonly Host[];
  readings: ReadonlyMap<string, HostReading>;
  /** Hosts whose kubelets join anew in this run; they are told of elsewhere. */
  rejoining: ReadonlySet<string>;
  kubeconfigs: readonly KubeconfigCertificate[];
  /** Milliseconds since the epoch. */
  at: number;
}

/** The warnings of a run: one for all leaves, which it renews itself, and one for each thing that somebody has to see to. */
export function expiryWarnings({ hosts, readings, rejoining, kubeconfigs, at }: ExpirySituation): string[] {
  const files = new Map(
    hosts.flatMap(({ name }) => {
      const reading = readings.get(name);
      return reading !== undefined && "facts" in reading ? [[name, reading.facts.certificates] as const] : [];
    }),
  );
  const expiries = expiriesIn({ files, kubeconfigs, at });
  const leaves = expiries.filter(({ kind }) => kind === "leaf");
  const owners = [...new Set(leaves.map(({ host }) => host))].join(", ");
  const first = firstToEnd(leaves);
  const renewed =
    first === undefined
      ? []
      : [
          `${leaves.length} certificates of ${owners} have expired or expire soon, the first of them ${first.notAfter}: this run renews them`,
        ];
  const others = expiries.filter(
    ({ host, kind }) => kind !== "leaf" && !(kind === "kubelet" && host !== undefined && rejoining.has(host)),
  );
  return [
    ...renewed,
    ...others.map(
      ({ host, message }) =>
        `${host === undefined ? "" : `${host}: `}${message.replace("run up, which renews it", "this run renews it")}`,
    ),
  ];
}

/** The client certificate in a kubeconfig of ours; undefined where there is none. */
function certificateIn(kubeconfig: unknown): Certificate | undefined {
  if (typeof kubeconfig !== "string") return undefined;
  try {
    const { users } = parse(kubeconfig) as { users?: { user?: { "client-certificate-data"?: unknown } }[] };
    const data = users?.[0]?.user?.["client-certificate-data"];
    return typeof data === "string" ? readCertificate(Buffer.from(data, "base64")) : undefined;
  } catch {
    // Outputs that are not as expected are a finding of their own.
    return undefined;
  }
}

/**
 * The certificates in the kubeconfigs of a stack.
 *
 * @param outputs with secrets in clear; without them none is found.
 */
export function kubeconfigsIn(outputs: Readonly<Record<string, unknown>>): KubeconfigCertificate[] {
  const { kubeconfig, tenantKubeconfigs } = outputs;
  const ofTenants =
    typeof tenantKubeconfigs === "object" && tenantKubeconfigs !== null ? Object.entries(tenantKubeconfigs) : [];
  return [
    ["the administrator", kubeconfig] as const,
    ...ofTenants.map(([tenant, content]) => [`the tenant ${tenant}`, content as unknown] as const),
  ].flatMap(([owner, content]) => {
    const certificate = certificateIn(content);
    return certificate === undefined ? [] : [{ owner, certificate }];
  });
}
