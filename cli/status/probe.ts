import { z } from "zod";
import { drillReaders } from "../../plan/backup/drill.ts";
import { backupReaders } from "../../plan/backup/record.ts";
import { certificateReaders } from "../../plan/certificates.ts";
import { reportReaders, type ReportFacts } from "../../plan/hostreport.ts";
import { readLook, word, words } from "../../plan/look.ts";
import { etcdReaders, type EtcdFacts } from "../../plan/members.ts";
import { ruleReaders } from "../../plan/rulesets.ts";
import * as told from "../../plan/told.ts";
import type { HostProbe } from "./types.ts";

const addressWords = z.tuple([told.address, told.interfaceName]);

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
    ...certificateReaders((file) => probe.certificates.push(file)),
    ...ruleReaders((rules) => probe.goneRules.push(rules)),
    ...backupReaders((record) => probe.backups.push(record)),
    "failover-drill": word("its failover drill", told.count, (until) => (probe.failoverUntil = until)),
    ...drillReaders((record) => (probe.drill = record)),
    ...reportReaders(report),
    ...etcdReaders(() => (etcd ??= { data: false, members: [] })),
  });
  return { ...probe, report: report.report, reportError: report.reportError, etcd };
}
