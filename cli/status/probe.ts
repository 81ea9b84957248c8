import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { reportReaders, type ReportFacts } from "../../plan/hostreport.ts";
import { number, readLook, words } from "../../plan/look.ts";
import { etcdReaders, type EtcdFacts } from "../../plan/members.ts";
import type { CertificateStatus, HostProbe } from "./types.ts";

function parseCertificate(path: string, der: string): CertificateStatus[] {
  try {
    const { subject, validFromDate, validToDate } = new X509Certificate(Buffer.from(der, "base64"));
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

const pair = z.tuple([z.string().min(1), z.string()]);

/**
 * Reads what a look for the status of a host has printed.
 *
 * @throws Error with a sentence when it is cut off or makes no sense.
 */
export function parseProbe(text: string): HostProbe {
  const report: ReportFacts = {};
  let etcd: EtcdFacts | undefined;
  const probe: Omit<HostProbe, "report" | "reportError" | "etcd"> = {
    ...{ uptime: 0, machineId: "", addresses: {}, certificates: [] },
  };
  readLook(text, {
    uptime: number("its uptime", (seconds) => (probe.uptime = seconds)),
    "machine-id": (id) => (probe.machineId = id === "-" ? "" : id),
    address: words("its addresses", pair, ([address, name]) => {
      if (!address.includes(":")) probe.addresses[address] = name;
    }),
    certificate: words("its certificates", pair, ([path, der]) =>
      probe.certificates.push(...parseCertificate(path, der)),
    ),
    ...reportReaders(report),
    ...etcdReaders(() => (etcd ??= { data: false, members: [] })),
  });
  return { ...probe, report: report.report, reportError: report.reportError, etcd };
}
