import { createHash } from "node:crypto";

/** Where everything that Plinth runs in the cluster lives. */
export const systemNamespace = "kube-system";

/**
 * User and group of programs in the cluster: `nonroot` of the distroless images, which neither people nor services of a
 * machine have. The official images of CoreDNS and metrics-server run as any user.
 */
export const unprivilegedUser = 65532;

/** Labels of every in-cluster object of Plinth. */
export type Labels = Record<string, string>;

/**
 * The recommended labels of an object.
 *
 * @param name the program, e.g. `coredns`.
 * @param component what it is for, e.g. `dns`.
 */
export function labelsOf(name: string, component: string): Labels {
  return {
    "app.kubernetes.io/name": name,
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/part-of": "kubernetes",
    "app.kubernetes.io/managed-by": "plinth",
  };
}

/**
 * The name of a ConfigMap or Secret that is immutable and carries its content in its name.
 *
 * Other content is another object: it is made beside the old one, the Deployment rolls over to it, and only when the new
 * pods are ready is the old one deleted. Content that does not work leaves the running pods with the one that does.
 */
export function contentName(base: string, ...contents: readonly string[]): string {
  const hash = createHash("sha256");
  for (const content of contents) hash.update(`${content.length}:${content}`);
  return `${base}-${hash.digest("hex").slice(0, 10)}`;
}

/**
 * What the metadata of objects has that become ready only on a working pod network.
 *
 * With a network of one's own there is none yet when they are applied, and waiting for it would keep `up` from ever
 * ending. Nothing otherwise: the API server drops empty annotations, which would look like a change for ever.
 */
export function readiness(network: "flannel" | "none"): { annotations?: Record<string, string> } {
  return network === "none" ? { annotations: { "pulumi.com/skipAwait": "true" } } : {};
}
