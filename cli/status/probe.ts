import { X509Certificate } from "node:crypto";
import type { BundleStatus, CertificateStatus, EtcdMember, EtcdStatus, HostProbe } from "./types.ts";

type Json = Record<string, unknown>;

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The last line of a section that is JSON; programs may have said something before it. */
function parseJson(text: string): unknown {
  const line = text
    .split("\n")
    .reverse()
    .find((candidate) => /^[[{]/.test(candidate));
  if (line === undefined) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // Cut off by a time limit: reported as missing.
  }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** etcd's ids are 64 bits: they are taken from the text, as a JSON number would lose the last digits. */
function hexId(text: string, key: string): string {
  const match = new RegExp(`"${key}"\\s*:\\s*(\\d+)`).exec(text);
  return match?.[1] === undefined ? "" : BigInt(match[1]).toString(16);
}

export function parseEtcdStatus(text: string): EtcdStatus | undefined {
  const parsed = parseJson(text);
  const first: unknown = Array.isArray(parsed) ? parsed[0] : undefined;
  const status = isRecord(first) && isRecord(first["Status"]) ? first["Status"] : undefined;
  if (status === undefined) return undefined;
  return {
    memberId: hexId(text, "member_id"),
    leaderId: hexId(text, "leader"),
    version: typeof status["version"] === "string" ? status["version"] : "",
    dbSize: Number(status["dbSize"] ?? 0),
    raftIndex: Number(status["raftIndex"] ?? 0),
    isLearner: status["isLearner"] === true,
    errors: texts(status["errors"]),
  };
}

export function parseEtcdMembers(text: string): EtcdMember[] | undefined {
  const parsed = parseJson(text);
  if (!isRecord(parsed) || !Array.isArray(parsed["members"])) return undefined;
  const ids = [...text.matchAll(/"ID"\s*:\s*(\d+)/g)].map(([, id]) => BigInt(id ?? 0).toString(16));
  return parsed["members"].filter(isRecord).map((member, index) => {
    const name = typeof member["name"] === "string" ? member["name"] : "";
    return { id: ids[index] ?? "", name, started: name !== "", isLearner: member["isLearner"] === true };
  });
}

/** Names of what differs. Units that are down are told by their state; a host script of earlier told paths only. */
function differing(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    if (typeof item === "string") return [item];
    return isRecord(item) && typeof item["name"] === "string" && item["kind"] !== "unit-stopped" ? [item["name"]] : [];
  });
}

function parseBundles(text: string): BundleStatus[] | undefined {
  const parsed = parseJson(text);
  if (!isRecord(parsed) || !Array.isArray(parsed["bundles"]) || parsed["claim"] === null) return undefined;
  return parsed["bundles"].filter(isRecord).map((bundle) => ({
    bundle: String(bundle["bundle"]),
    generation: Number(bundle["generation"] ?? 0),
    state: bundle["state"] === "complete" || bundle["state"] === "failed" ? bundle["state"] : "half-done",
    ...(typeof bundle["reason"] === "string" ? { reason: bundle["reason"] } : {}),
    units: isRecord(bundle["units"])
      ? Object.fromEntries(Object.entries(bundle["units"]).map(([unit, state]) => [unit, String(state)]))
      : {},
    drift: differing(bundle["drift"]),
  }));
}

function parseCertificate(path: string, pem: string): CertificateStatus[] {
  try {
    const { subject, validFromDate, validToDate } = new X509Certificate(pem);
    return [
      {
        path,
        subject: subject.replaceAll("\n", ", "),
        notBefore: validFromDate.toISOString(),
        notAfter: validToDate.toISOString(),
      },
    ];
  } catch {
    return []; // Not a certificate: the drift of its bundle tells about damaged files.
  }
}

/** Splits the output of probe.sh at its `== name` lines. */
function sections(text: string): { name: string; body: string }[] {
  return text
    .split(/^== /m)
    .slice(1)
    .map((section) => {
      const end = section.indexOf("\n");
      return { name: section.slice(0, end).trim(), body: section.slice(end + 1).trim() };
    });
}

/** Reads the output of probe.sh. Throws when it is cut off. */
export function parseProbe(text: string): HostProbe {
  const all = sections(`${text}\n`);
  if (!text.startsWith("plinth-probe 1") || all.at(-1)?.name !== "end") {
    throw new Error("the answer of the host is cut off");
  }
  const body = (name: string): string | undefined => all.find((section) => section.name === name)?.body;
  const etcdText = body("etcd-status");
  const etcd = etcdText === undefined ? undefined : parseEtcdStatus(etcdText);
  const addresses = (body("addresses") ?? "")
    .split("\n")
    .map((line) => line.split(" "))
    .filter((pair): pair is [string, string] => pair.length === 2);
  return {
    uptime: Number(body("uptime") ?? 0),
    machineId: body("machine") ?? "",
    addresses: Object.fromEntries(addresses),
    bundles: parseBundles(body("bundles") ?? ""),
    etcd,
    etcdError: etcdText !== undefined && etcd === undefined ? lastReason(etcdText) : undefined,
    members: parseEtcdMembers(body("etcd-members") ?? ""),
    certificates: all
      .filter(({ name }) => name.startsWith("certificate "))
      .flatMap(({ name, body: pem }) => parseCertificate(name.slice("certificate ".length), pem)),
  };
}

/** etcdctl logs JSON lines; the reason is the `error` of the last one, or else the last line itself. */
function lastReason(text: string): string {
  const last = text.split("\n").at(-1) ?? "";
  const logged = parseJson(last);
  if (isRecord(logged) && typeof logged["error"] === "string") return logged["error"];
  return last === "" ? "no answer" : last;
}
