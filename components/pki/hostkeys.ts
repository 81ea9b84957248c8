import { readFile } from "node:fs/promises";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { secretOfTarget } from "../../plan/backup/targets.ts";
import { isKeyMaterial, type Authority as AuthorityName, type SecretSource } from "../../plan/bundle.ts";
import { leavesOf } from "../../plan/bundles/index.ts";
import { renderBootstrapKubeconfig } from "../../plan/bundles/kubelet.ts";
import { renderHostsToml } from "../../plan/bundles/registries.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import { tokenKeepers, type Join } from "../../plan/joining.ts";
import { endpointFor } from "../../plan/endpoint.ts";
import { isNode, type Host } from "../../plan/inventory.ts";
import { leafHours } from "../../plan/lives.ts";
import { keyNames } from "../../plan/pki.ts";
import { renderProxies } from "../../plan/proxy.ts";
import { secretText } from "../../plan/roles/secrets.ts";
import { expandHome } from "../host/sshfiles.ts";
import { Pace } from "../pace.ts";
import type { Authority } from "./authority.ts";
import { makeLeaf, type Leaf } from "./leaf.ts";

/** Certificate and key of an authority. */
export type Signer = Pick<Authority, "certificate" | "key">;

/** What the keys of hosts depend on. */
export interface Keyholders {
  hosts: readonly Host[];
  config: ClusterConfig;
  /** Which join of a host it is. Undefined for a host that cannot be read: its token stays what it was. */
  joinOf: (host: Host) => Join | undefined;
}

export interface HostKeysArgs extends Keyholders {
  /** An authority's certificate, for those who verify with it. */
  certificateOf: (name: AuthorityName) => pulumi.Output<string>;
  /** What signs the hosts' certificates. @throws Error where there is none. */
  signerOf: (name: AuthorityName) => Signer;
}

/** What belongs to single hosts: their leaf certificates and bootstrap tokens. */
export class HostKeys {
  private readonly args: HostKeysArgs;
  private readonly leaves = new Map<string, Leaf>();
  private readonly bootstrapTokens = new Map<string, random.RandomPassword>();

  private constructor(args: HostKeysArgs) {
    this.args = args;
  }

  /**
   * Declares the keys of all hosts.
   *
   * @param parent of the resources.
   */
  static async make(parent: pulumi.Resource, args: HostKeysArgs): Promise<HostKeys> {
    const keys = new HostKeys(args);
    const pace = new Pace();
    for (const host of args.hosts) await pace.after(keys.declareFor(host, parent));
    return keys;
  }

  /** Declares the keys of a host, and returns what the engine makes last of each. */
  private declareFor(host: Host, parent: pulumi.Resource): pulumi.Resource[] {
    const { hosts, config, signerOf, joinOf } = this.args;
    const hours = leafHours(config);
    const declared: pulumi.Resource[] = [];
    for (const spec of leavesOf({ host, hosts, config })) {
      const args = { spec, authority: signerOf(spec.authority), hours };
      const leaf = makeLeaf(keyNames.leaf(host.name, spec.name), args, parent);
      this.leaves.set(`${host.name}/${spec.name}`, leaf);
      declared.push(leaf.last);
    }
    if (isNode(host)) {
      const join = joinOf(host);
      // Six characters of id and sixteen of secret, as bootstrap tokens are made.
      const token = new random.RandomPassword(
        keyNames.bootstrapToken(host.name),
        { length: 22, upper: false, special: false, ...(join === undefined ? {} : { keepers: tokenKeepers(join) }) },
        { parent, ...(join === undefined ? { ignoreChanges: ["keepers"] } : {}) },
      );
      this.bootstrapTokens.set(host.name, token);
      declared.push(token);
    }
    return declared;
  }

  /**
   * The token `id.secret` by which a host asks for its first client certificate. It is worth nothing but while the roster
   * lets the host join, which is minutes, and no other join has the same.
   */
  bootstrapToken(host: string): pulumi.Output<string> {
    const token = this.bootstrapTokens.get(host);
    if (token === undefined) throw new Error(`${host} is not a Node and has no bootstrap token`);
    return pulumi.secret(token.result.apply((text) => `${text.slice(0, 6)}.${text.slice(6)}`));
  }

  /** The bytes of a secret file of a host. @throws Error for keys of the control plane. */
  contentOf(host: Host, source: SecretSource): pulumi.Output<string> {
    const { hosts, config, certificateOf, signerOf } = this.args;
    switch (source.kind) {
      case "authority":
        return source.part === "certificate" ? certificateOf(source.authority) : signerOf(source.authority).key;
      case "leaf": {
        const leaf = this.leaves.get(`${host.name}/${source.leaf.name}`);
        if (leaf === undefined) throw new Error(`${host.name} has no certificate named ${source.leaf.name}`);
        return leaf[source.part];
      }
      case "bootstrap-kubeconfig":
        return pulumi.secret(
          this.bootstrapToken(host.name).apply((token) =>
            renderBootstrapKubeconfig(config.clusterName, endpointFor(host, hosts, config), token),
          ),
        );
      case "registry":
        return pulumi.secret(renderHostsToml(source.host, config.registries[source.host], config.registryCredentials));
      case "proxy":
        return pulumi.secret(renderProxies(config));
      case "role":
        return pulumi.secret(secretText(source.text, config.secrets));
      case "backup":
        return pulumi.secret(secretOfTarget(source, config.backup));
      case "registry-file": {
        const text = pulumi.output(readFile(expandHome(source.file), "utf8"));
        return isKeyMaterial(source) ? pulumi.secret(text) : text;
      }
      case "service-account":
      case "encryption-config":
      case "operator-file":
        throw new Error(`${host.name} has no ${source.kind}: it is the control plane's`);
    }
  }
}
