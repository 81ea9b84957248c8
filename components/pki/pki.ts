import { readFile } from "node:fs/promises";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import type { Authority as AuthorityName, SecretSource } from "../../plan/bundle.ts";
import { renderEncryptionConfig } from "../../plan/bundles/apiserver.ts";
import { renderBootstrapKubeconfig } from "../../plan/bundles/kubelet.ts";
import { renderHostsToml } from "../../plan/bundles/registries.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import { endpointOf } from "../../plan/endpoint.ts";
import { isNode, type Host } from "../../plan/inventory.ts";
import { administrator, leafHours, leavesOf } from "../../plan/pki.ts";
import { expandHome } from "../host/access.ts";
import { Authority } from "./authority.ts";
import { Leaf } from "./leaf.ts";

export interface PkiArgs {
  hosts: readonly Host[];
  config: ClusterConfig;
}

/** Everything that proves who somebody is: authorities, leaf certificates per host, service-account and encryption keys. */
export class Pki extends pulumi.ComponentResource {
  readonly authorities: Readonly<Record<AuthorityName, Authority>>;
  /** The operator's client certificate. */
  readonly administrator: Leaf;
  private readonly leaves = new Map<string, Leaf>();
  private readonly serviceAccount: tls.PrivateKey;
  private readonly encryptionKey: random.RandomPassword;
  private readonly bootstrapTokens = new Map<string, random.RandomPassword>();
  private readonly args: PkiArgs;

  constructor(name: string, args: PkiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:pki:Pki", name, {}, opts);
    const { hosts, config } = args;
    this.args = args;
    const authority = (kind: AuthorityName) =>
      new Authority(
        `${kind}-ca`,
        { commonName: `${config.clusterName} ${kind} CA`, validityHours: config.authorityDays * 24 },
        { parent: this },
      );
    this.authorities = {
      kubernetes: authority("kubernetes"),
      etcd: authority("etcd"),
      "front-proxy": authority("front-proxy"),
    };
    this.serviceAccount = new tls.PrivateKey(
      "service-account",
      { algorithm: "ECDSA", ecdsaCurve: "P256" },
      { parent: this, protect: true },
    );
    // RandomPassword, because the id of RandomBytes and RandomId is the secret in clear text.
    this.encryptionKey = new random.RandomPassword(
      "encryption-key",
      { length: 32, special: false },
      { parent: this, protect: true },
    );
    const hours = leafHours(config);
    for (const host of hosts) {
      for (const spec of leavesOf(host, config)) {
        const leaf = new Leaf(
          `${host.name}-${spec.name}`,
          { spec, authority: this.authorities[spec.authority], hours },
          { parent: this },
        );
        this.leaves.set(`${host.name}/${spec.name}`, leaf);
      }
      if (isNode(host)) {
        // Six characters of id and sixteen of secret, as bootstrap tokens are made.
        const token = new random.RandomPassword(
          `${host.name}-bootstrap-token`,
          { length: 22, upper: false, special: false },
          { parent: this },
        );
        this.bootstrapTokens.set(host.name, token);
      }
    }
    this.administrator = new Leaf(
      administrator.name,
      { spec: administrator, authority: this.authorities[administrator.authority], hours },
      { parent: this },
    );
    this.registerOutputs({});
  }

  /**
   * The token `id.secret` by which a host asks for its first client certificate. It is worth nothing but while the roster
   * lets the host join.
   */
  bootstrapToken(host: string): pulumi.Output<string> {
    const token = this.bootstrapTokens.get(host);
    if (token === undefined) throw new Error(`${host} is not a Node and has no bootstrap token`);
    return pulumi.secret(token.result.apply((text) => `${text.slice(0, 6)}.${text.slice(6)}`));
  }

  /** The bytes of a secret file of a host. */
  contentOf(host: Host, source: SecretSource): pulumi.Output<string> {
    switch (source.kind) {
      case "authority":
        return this.authorities[source.authority][source.part];
      case "leaf": {
        const leaf = this.leaves.get(`${host.name}/${source.leaf}`);
        if (leaf === undefined) throw new Error(`${host.name} has no certificate named ${source.leaf}`);
        return leaf[source.part];
      }
      case "service-account":
        return source.part === "public"
          ? this.serviceAccount.publicKeyPem
          : pulumi.secret(this.serviceAccount.privateKeyPem);
      case "bootstrap-kubeconfig": {
        const { hosts, config } = this.args;
        return pulumi.secret(
          this.bootstrapToken(host.name).apply((token) =>
            renderBootstrapKubeconfig(config.clusterName, endpointOf(hosts, config), token),
          ),
        );
      }
      case "encryption-config":
        return pulumi.secret(this.encryptionKey.result.apply(renderEncryptionConfig));
      case "registry": {
        const { registries, registryCredentials } = this.args.config;
        return pulumi.secret(renderHostsToml(source.host, registries[source.host], registryCredentials));
      }
      case "registry-authority": {
        const file = this.args.config.registries[source.host]?.caFile;
        if (file === undefined) throw new Error(`plinth:registries has no caFile for ${source.host}`);
        return pulumi.output(readFile(expandHome(file), "utf8"));
      }
    }
  }
}
