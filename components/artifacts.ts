import { parseDigests, type Digests } from "../plan/digests.ts";
import type { Finding } from "../plan/findings.ts";

/** Reads the digests that an artifact server or mirror publishes, as text. Tests pass their own. */
export type DigestReader = (artifactsUrl: string) => Promise<string>;

const deadlineMilliseconds = 10_000;

/** `SHA256SUMS` of the server. */
export const readDigests: DigestReader = async (artifactsUrl) => {
  const response = await fetch(`${artifactsUrl.replace(/\/$/, "")}/SHA256SUMS`, {
    signal: AbortSignal.timeout(deadlineMilliseconds),
  });
  if (!response.ok) throw new Error(`it answers ${response.status} ${response.statusText}`);
  return response.text();
};

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** Reads the digests once. A server that cannot be read is a finding. */
export async function resolveDigests(
  artifactsUrl: string,
  read: DigestReader,
): Promise<{ digests: Digests; findings: Finding[] }> {
  try {
    return { digests: parseDigests(await read(artifactsUrl)), findings: [] };
  } catch (error) {
    const finding: Finding = {
      rule: "artifact-server",
      kind: "input",
      hosts: [],
      message: `the digests of the artifact server ${artifactsUrl} cannot be read (${reasonOf(error)})`,
      remedy:
        "correct plinth:artifactsUrl, start the server, or run through ./plinth, which serves the binaries itself",
    };
    return { digests: new Map(), findings: [finding] };
  }
}
