import { hasEnded, type CertificateFile } from "./certificates.ts";
import { bundleGeneration, type HostFacts, type HostReading } from "./facts.ts";
import { isNode, type Host } from "./inventory.ts";
import { kubeletCredentials, nodeBundle } from "./names.ts";
import type { PreviousRun } from "./previousrun.ts";

const MINUTE = 60_000;
/**
 * How long before its end the certificate of a kubelet counts as ended, milliseconds: a run takes minutes until it comes to a Node. It is
 * less than a kubelet that reaches the API ever has left: it renews its certificate when 10 % of its life are left at the latest
 * (k8s.io/client-go v0.36, util/certificate: nextRotationDeadline).
 */
function margin({ notBefore, notAfter }: CertificateFile): number {
  return Math.min(15 * MINUTE, (Date.parse(notAfter) - Date.parse(notBefore)) / 20);
}

/** Whether nobody knows the kubelet of a host any more, so that it cannot renew its certificate by itself. */
function isSpent({ certificates, bundles }: HostFacts, at: number): boolean {
  const carried = bundles[nodeBundle];
  if (carried === undefined || carried.generation === 0) return false;
  const client = certificates.find(({ path }) => path === kubeletCredentials.client);
  // A run that had taken it away to let the host join anew did not come to its end.
  if (client === undefined) return carried.state !== "complete";
  return hasEnded(client, at + margin(client));
}

/**
 * The hosts whose kubelets were off, or did not reach the API, for longer than their certificates live. They join anew, with a token and a
 * key that are new; their Nodes stay.
 *
 * @param at milliseconds since the epoch.
 */
export function rejoiningHosts(
  hosts: readonly Host[],
  readings: ReadonlyMap<string, HostReading>,
  previous: Pick<PreviousRun, "hosts"> | undefined,
  at: number,
): Set<string> {
  return new Set(
    hosts
      .filter(isNode)
      .map(({ name }) => name)
      .filter((name) => {
        const reading = readings.get(name);
        const before = previous?.hosts[name];
        // A host that a killed run was about to let join for the first time is let in as any new one.
        if (before === undefined || before.joining === true) return false;
        return reading !== undefined && "facts" in reading && isSpent(reading.facts, at);
      }),
  );
}

/** Says that a host joins anew. */
export function rejoiningWarning(name: string): string {
  return `${name}: the certificate of its kubelet has ended, so it joins anew: its Node stays, and what runs there runs on`;
}

/**
 * The generation of a host's bundle with the kubelet at which it joined anew last, or does now. Commands and bundles name it, so that each
 * of them acts on it once, and later runs find no difference.
 *
 * @returns undefined for a host that has never done so.
 */
export function joinedAnewAt(facts: HostFacts, rejoins: boolean): number | undefined {
  return rejoins ? bundleGeneration(facts, nodeBundle, true) : facts.joinedAnew;
}
