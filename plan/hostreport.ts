import { z } from "zod";
import { sentenceOf, type LineReaders } from "./look.ts";
import * as told from "./told.ts";

/** One thing of a bundle that is not as it was left, as `plinth-host status` tells it. */
export interface BundleDifference {
  /** See scripts/lib/status.sh. */
  kind: string;
  /** A path, a unit, a parameter of the kernel, and so on. */
  name: string;
  /** A sentence without its subject. Never a content. */
  detail: string;
}

export interface BundleReport {
  bundle: string;
  generation: number;
  state: "complete" | "half-done" | "failed";
  /** Why it has failed. */
  reason?: string;
  /** Unit → systemd's ActiveState. */
  units: Record<string, string>;
  drift: BundleDifference[];
}

/** What the host script says about its host (`plinth-host status`). */
export interface HostReport {
  claim: { cluster: string; clusterId: string; host: string } | undefined;
  /** The host script: as it was installed, edited, or gone. */
  script: "ok" | "changed" | "missing";
  bundles: BundleReport[];
}

/** A host script of earlier tells paths only. */
const difference = z.union([
  z.object({ kind: told.plainName, name: told.sentence, detail: told.sentence }),
  told.sentence.transform((name): BundleDifference => ({ kind: "file", name, detail: "is not as it was left" })),
]);

const bundle = z
  .object({
    bundle: told.plainName,
    generation: z.int().nonnegative(),
    state: z.enum(["complete", "half-done", "failed"]),
    reason: told.sentence.optional(),
    units: z.record(told.unitName, told.plainName),
    drift: z.array(difference),
  })
  .transform(({ reason, ...told }): BundleReport => (reason === undefined ? told : { ...told, reason }));

const report = z.object({
  claim: z
    .object({ cluster: told.plainName, clusterId: told.plainName, host: told.label })
    .nullable()
    .transform((claim) => claim ?? undefined),
  // Nothing is said of it where there is neither claim nor bundle.
  script: z.enum(["ok", "changed", "missing"]).default("ok"),
  bundles: z.array(bundle),
});

/** @throws Error with a sentence when it is no such report. */
export function parseHostReport(json: string): HostReport {
  try {
    return report.parse(JSON.parse(json));
  } catch (error) {
    throw new Error("the host could not be compared: its answer makes no sense", { cause: error });
  }
}

/** What the host script says, or why it says nothing; neither where there is no host script. */
export interface ReportFacts {
  report?: HostReport;
  reportError?: string;
}

/** Reads the lines about what the host script says. */
export function reportReaders(facts: ReportFacts): LineReaders {
  return {
    report: (json) => {
      facts.report = parseHostReport(json);
    },
    "report-failed": sentenceOf((reason) => (facts.reportError = reason)),
  };
}
