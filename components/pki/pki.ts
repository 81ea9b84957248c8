import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { renderKeyDigests } from "../../plan/backup/keys.ts";
import type { Authority as AuthorityName, LeafSpec, SecretSource } from "../../plan/bundle.ts";
import { renderEncryptionConfig } from "../../plan/bundles/apiserver.ts";
import type { Host } from "../../plan/inventory.ts";
import { leafHours } from "../../plan/lives.ts";
import { administrator, keyNames, metricsReader } from "../../plan/pki.ts";
import { Authority } from "./authority.ts";
import { HostKeys, type Keyholders } from "./hostkeys.ts";
import { makeLeaf, type Leaf } from "./leaf.ts";

export type PkiArgs = Keyholders;

/** Everything that proves who somebody is: authorities, service-account and encryption keys, and the keys of hosts. */
export class Pki extends pulumi.ComponentResource {
  readonly authorities: Readonly<Record<AuthorityName, Authority>>;
  /** The operator's client certificate. */
  readonly administrator: Leaf;
  /** That of whoever reads figures; undefined where nobody does. */
  readonly metricsReader: Leaf | undefined;
  private readonly args: PkiArgs;
  private readonly serviceAccount: tls.PrivateKey;
  private readonly encryptionKey: random.RandomPassword;

  constructor(name: string, args: PkiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:pki:Pki", name, {}, opts);
    this.args = args;
    const { config } = args;
    const authority = (kind: AuthorityName) =>
      new Authority(
        keyNames.authority(kind),
        { commonName: `${config.clusterName} ${kind} CA`, validityHours: config.authorityDays * 24 },
        { parent: this },
      );
    this.authorities = {
      kubernetes: authority("kubernetes"),
      etcd: authority("etcd"),
      "front-proxy": authority("front-proxy"),
    };
    this.serviceAccount = new tls.PrivateKey(
      keyNames.serviceAccount,
      { algorithm: "ECDSA", ecdsaCurve: "P256" },
      { parent: this, protect: true },
    );
    // RandomPassword, because the id of RandomBytes and RandomId is the secret in clear text.
    this.encryptionKey = new random.RandomPassword(
      keyNames.encryption,
      { length: 32, special: false },
      { parent: this, protect: true },
    );
    const own = (spec: LeafSpec): Leaf =>
      makeLeaf(spec.name, { spec, authority: this.authorities[spec.authority], hours: leafHours(config) }, this);
    this.administrator = own(administrator);
    this.metricsReader = config.metrics === undefined ? undefined : own(metricsReader);
    this.registerOutputs({});
  }

  /** Declares the keys of the hosts. */
  makeHostKeys(): Promise<HostKeys> {
    const authorityOf = (name: AuthorityName): Authority => this.authorities[name];
    return HostKeys.make(this, {
      ...this.args,
      certificateOf: (name) => authorityOf(name).certificate,
      signerOf: authorityOf,
    });
  }

  /** The bytes of a secret file of a host. */
  contentOf(hostKeys: HostKeys, host: Host, source: SecretSource): pulumi.Output<string> {
    switch (source.kind) {
      case "service-account":
        return source.part === "public"
          ? this.serviceAccount.publicKeyPem
          : pulumi.secret(this.serviceAccount.privateKeyPem);
      case "encryption-config":
        return pulumi.secret(this.encryptionKey.result.apply(renderEncryptionConfig));
      case "backup":
        return source.part === "digests"
          ? pulumi
              .all([this.serviceAccount.publicKeyPem, this.encryptionKey.result])
              .apply(([publicKey, encryptionKey]) =>
                pulumi.unsecret(pulumi.output(renderKeyDigests(publicKey, encryptionKey))),
              )
          : hostKeys.contentOf(host, source);
      default:
        return hostKeys.contentOf(host, source);
    }
  }
}
