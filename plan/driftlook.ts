import { reportReaders, type HostReport, type ReportFacts } from "./hostreport.ts";
import { readLook, word } from "./look.ts";
import { etcdReaders, type EtcdFacts } from "./members.ts";
import { ruleReaders, type GoneRules } from "./rulesets.ts";
import { absolutePath } from "./told.ts";

/** What a look for drift at a host tells (`scripts/look/drift.sh`). */
export interface DriftLook {
  report: HostReport;
  /** Files that change units besides their own. */
  dropIns: string[];
  /** Packet filter rules that somebody has flushed. */
  goneRules: GoneRules[];
  /** Undefined where the host has nothing to ask a member with. */
  etcd: EtcdFacts | undefined;
}

/** What a host told, or why it could not be asked. */
export type DriftReading = { look: DriftLook } | { error: string };

/** @throws Error with a sentence when the answer is cut off or makes no sense, or the host could not be compared. */
export function parseDriftLook(text: string): DriftLook {
  const facts: ReportFacts = {};
  const dropIns: string[] = [];
  const goneRules: GoneRules[] = [];
  let etcd: EtcdFacts | undefined;
  readLook(text, {
    ...reportReaders(facts),
    ...etcdReaders(() => (etcd ??= { data: false, members: [] })),
    ...ruleReaders((rules) => goneRules.push(rules)),
    "drop-in": word("files that change units", absolutePath, (path) => dropIns.push(path)),
  });
  if (facts.report === undefined) {
    throw new Error(`the host could not be compared: ${facts.reportError ?? "no answer"}`);
  }
  return { report: facts.report, dropIns, goneRules, etcd };
}
