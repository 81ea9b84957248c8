import assert from "node:assert/strict";
import { buildStateHalf, type StateHalf } from "../../plan/backup/statehalf.ts";

/** The keys of a cluster, as its state has them. */
export interface ClusterKeys {
  /** PEM, PKIX and PKCS 8. */
  serviceAccounts: { publicKey: string; privateKey: string };
  /** As the API server's configuration has it. */
  encryption: string;
  /** Certificate of the cluster's authority, PEM. */
  authority: string;
}

/**
 * The half of a backup that has the state of a stack with nothing but these keys.
 *
 * @param at when it was made, milliseconds since the epoch.
 * @param clusterId as the stack's outputs tell it.
 */
export function stateHalfWith(keys: ClusterKeys, at: number, clusterId = "0123456789abcdef"): StateHalf {
  const one = (type: string, of: string, outputs: unknown) => ({
    ...{ urn: `urn:pulumi:lab::plinth::${type}::${of}`, type, outputs },
  });
  const { publicKey, privateKey } = keys.serviceAccounts;
  const resources = [
    one("pulumi:pulumi:Stack", "plinth-lab", { clusterId, clusterName: "demo", versions: {}, hosts: {} }),
    one("tls:index/privateKey:PrivateKey", "service-account", { publicKeyPem: publicKey, privateKeyPem: privateKey }),
    one("random:index/randomPassword:RandomPassword", "encryption-key", { result: keys.encryption }),
    one("tls:index/selfSignedCert:SelfSignedCert", "kubernetes-ca", { certPem: keys.authority }),
  ];
  const half = buildStateHalf({
    ...{ project: "plinth", stack: "lab", reason: "now", at, closed: "", files: {}, imports: [], operatorFiles: {} },
    config: {
      "plinth:clusterName": "demo",
      "plinth:nodeSubnet": "192.0.2.0/24",
      "plinth:artifactsUrl": "http://192.0.2.1",
    },
    release: "0.1.0",
    open: JSON.stringify({ version: 3, deployment: { resources } }),
  });
  assert.ok(half !== undefined);
  return half;
}
