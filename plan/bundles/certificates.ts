import type { Authority, BundleSecret, LeafSpec } from "../bundle.ts";

export interface LeafFiles {
  leaf: LeafSpec;
  /** Path without `.crt` and `.key`. */
  path: string;
  /** `user:group` that reads the key. */
  owner: string;
  /** Units that are restarted when the certificate is renewed. */
  restart?: readonly string[];
}

/** Certificate (0644, root) and key (0600, its reader) of a leaf. */
export function leafFiles({ leaf, path, owner, restart = [] }: LeafFiles): BundleSecret[] {
  return [
    {
      path: `${path}.crt`,
      mode: "0644",
      owner: "root:root",
      source: { kind: "leaf", leaf, part: "certificate" },
      restart,
    },
    { path: `${path}.key`, mode: "0600", owner, source: { kind: "leaf", leaf, part: "key" }, restart },
  ];
}

/** The certificate of an authority, for those who verify with it. */
export function authorityFile(
  authority: Authority,
  path: string,
  effect: Pick<BundleSecret, "restart" | "reload">,
): BundleSecret {
  return {
    path,
    mode: "0644",
    owner: "root:root",
    source: { kind: "authority", authority, part: "certificate" },
    ...effect,
  };
}
