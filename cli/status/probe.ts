import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { backupReaders } from "../../plan/backup/record.ts";
import { reportReaders, type ReportFacts } from "../../plan/hostreport.ts";
import { readLook, word, words } from "../../plan/look.ts";
import { etcdReaders, type EtcdFacts } from "../../plan/members.ts";
import { printable } from "../../plan/printable.ts";
import { ruleReaders } from "../../plan/rulesets.ts";
import * as told from "../../plan/told.ts";
import type { CertificateStatus, HostProbe } from "./types.ts";

function parseCertificate(path: string, der: string): CertificateStatus[] {
  try {
    const { subject, validFromDate, validToDate } = new X509Certificate(Buffer.from(der, "base64"));
    return [
      {
        path,
        subject: printable(subject.replaceAll("\n", ", "), 500),
        notBefore: validFromDate.toISOString(),
        notAfter: validToDate.toISOString(),
      },
    ];
  } catch {
    return []; // Not a certificate: the drift of its bundle tells about damaged files.
  }
}

const addressWords = z.tuple([told.address, told.interfaceName]);
const certificateWords = z.tuple([told.absolutePath, z.base64().max(2 ** 16)]);

/**
 * Reads what a look for the status of a host has printed.
 *
 * @throws Error with a sentence when it is cut off or makes no sense.
 */
export function parseProbe(text: string): HostProbe {
  const report: ReportFacts = {};
  let etcd: EtcdFacts | undefined;
  const probe: Omit<HostProbe, "report" | "reportError" | "etcd"> = {
    ...{ uptime: 0, machineId: "", addresses: {}, certificates: [], goneRules: [], backups: [] },
  };
  readLook(text, {
    uptime: word("its uptime", told.decimal, (seconds) => (probe.uptime = seconds)),
    "machine-id": word("its machine id", told.machineId, (id) => (probe.machineId = id === "-" ? "" : id)),
    address: words("its addresses", addressWords, ([address, name]) => {
      if (!address.includes(":")) probe.addresses[address] = name;
    }),
    certificate: words("its certificates", certificateWords, ([path, der]) =>
      probe.certificates.push(...parseCertificate(path, der)),
    ),
    ...ruleReaders((rules) => probe.goneRules.push(rules)),
    ...backupReaders((record) => probe.backups.push(record)),
    ...reportReaders(report),
    ...etcdReaders(() => (etcd ??= { data: false, members: [] })),
  });
  return { ...probe, report: report.report, reportError: report.reportError, etcd };
}
