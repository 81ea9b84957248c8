import { z } from "zod";
import type { Finding } from "./findings.ts";
import { clusterOutputs, machineOutputs, poolOutputs } from "./outputs.ts";

/**
 * Outputs as they are read back, of clusters and pools. All but the hosts may be missing: earlier releases did not write
 * them, and a run for some resources only does not know them. What nobody reads back is not judged.
 */
const previousOutputs = z
  .object({
    ...machineOutputs.shape,
    ...poolOutputs.shape,
    ...clusterOutputs.shape,
    versions: clusterOutputs.shape.versions.partial(),
    hostVersions: z.unknown(),
    /** It is read with its cluster's stack by name, see `parsePoolMaterial`. */
    poolMaterial: z.unknown(),
  })
  .partial()
  .extend({ hosts: clusterOutputs.shape.hosts });

/** What a run finds in the outputs of the one before. Outputs are written early: that run need not have been completed. */
export type PreviousRun = Readonly<z.output<typeof previousOutputs>>;

/**
 * Reads back the outputs of a stack.
 *
 * @param stack its name, for findings.
 * @param outputs with secrets in clear, or without them; none when there was no run.
 * @returns no previous run when there was none, or when its outputs are not as expected, which is a finding then. Secrets
 *   are never in it.
 */
export function parsePreviousRun(
  stack: string,
  outputs: Readonly<Record<string, unknown>>,
): { previous: PreviousRun | undefined; findings: Finding[] } {
  if (Object.keys(outputs).length === 0) return { previous: undefined, findings: [] };
  const parsed = previousOutputs.safeParse(outputs);
  if (parsed.success) return { previous: parsed.data, findings: [] };
  const where = parsed.error.issues.map(
    ({ path, message }) => `${path.map(String).join(".")} (${message.replace(/^Invalid input: /, "")})`,
  );
  return {
    previous: undefined,
    findings: [
      {
        rule: "stack-outputs",
        kind: "input",
        hosts: [],
        message: `outputs in the state of stack ${stack} are not as expected: ${where.join(", ")}`,
        remedy:
          "use the release of Plinth that the last up was made with, or put the state right (pulumi stack export, then pulumi stack import)",
      },
    ],
  };
}
