import type { Authority, BundleSecret } from "../bundle.ts";
import type { BundlePart } from "./part.ts";

const folder = "/etc/kubernetes/authorities";

const keyFile = (authority: Authority): BundleSecret => ({
  path: `${folder}/${authority}-ca.key`,
  mode: "0600",
  owner: "root:root",
  source: { kind: "authority", authority, part: "key" },
});

/**
 * The keys of the authorities that no service signs with, so that control-plane hosts together hold whatever a stack's state is made of
 * anew (plan/adoption.ts). No unit reads them. Root there has all that they give anyway: etcd's data, and what the API server believes.
 */
export const authorityKeys: BundlePart = {
  name: "authority-keys",
  directories: [
    { path: "/etc/kubernetes", mode: "0755", owner: "root:root" },
    { path: folder, mode: "0700", owner: "root:root" },
  ],
  plan: () => ({ secrets: [keyFile("etcd"), keyFile("front-proxy")] }),
};
