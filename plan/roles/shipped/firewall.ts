import { z } from "zod";
import type { ClusterConfig } from "../../config.ts";
import { isNode, type Host } from "../../inventory.ts";
import { proxyMode } from "../../kubeproxymode.ts";
import { nodePortRange } from "../../nodeports.ts";
import { portsForOthers, runsKeepalived } from "../../openports.ts";
import { ports } from "../../ports.ts";
import { firewall as rules, type FirewallRule } from "../blocks/firewall.ts";
import type { RoleConfig } from "../config.ts";
import { defineRole } from "../define.ts";

const places = z.array(z.string());
const rule = z.strictObject({
  /** `any`: everything from there. */
  protocol: z.enum(["tcp", "udp", "any"]).default("tcp"),
  /** Numbers, and ranges such as `30000-32767`. Default: all. */
  ports: z.array(z.union([z.int(), z.string()])).optional(),
  /** Addresses and networks. Default: anywhere. */
  from: places.optional(),
  /** What it is for. */
  comment: z.string().optional(),
});

/**
 * A packet filter that lets in SSH, what the cluster's hosts and pods need of a host, and what `allow` says. A host that cannot be reached
 * after a change takes it back by itself.
 */
export const firewall = defineRole({
  name: "firewall",
  confirm: 120,
  parameters: z.object({
    /** From where SSH is let in, by which Plinth comes, too. Default: anywhere. */
    ssh: places.optional(),
    /** From where the API and service ports are let in. Default: anywhere. */
    api: places.optional(),
    /** Networks of hosts of the cluster besides those of the stack and `plinth:nodeSubnet`, such as those of pools. */
    cluster: places.default([]),
    /** What else is let in. */
    allow: z.array(rule).default([]),
    /** Whether the kernel logs what is dropped, ten packets a minute at most. */
    log: z.boolean().default(false),
  }),
  plan: ({ host, hosts, config, parameters: { ssh, api, cluster, allow, log } }) => [
    rules(
      [
        { ports: [host.port ?? config.sshPort ?? 22], ...fromOf(ssh), comment: "SSH" },
        ...clusterRules(host, hosts, config, cluster, api),
        ...allow.map(({ protocol, ports: numbers, from, comment }) => ({
          protocol,
          ...(numbers === undefined ? {} : { ports: numbers }),
          ...fromOf(from),
          ...(comment === undefined ? {} : { comment }),
        })),
      ],
      { log },
    ),
  ],
});

const fromOf = (from: readonly string[] | undefined): Pick<FirewallRule, "from"> =>
  from === undefined ? {} : { from };

/** What a host of the cluster must let in. */
function clusterRules(
  host: Host,
  hosts: readonly Host[],
  config: RoleConfig,
  networks: readonly string[],
  api: readonly string[] | undefined,
): FirewallRule[] {
  if (host.roles.length === 0) return [];
  const others = hosts.filter(({ roles }) => roles.length > 0);
  const among = [...others.map(({ address }) => address), config.nodeSubnet, ...networks];
  const nodePorts = nodePortRange(config);
  const forEverybody = new Set(
    [ports.apiserver, ...config.servicePorts.map(({ port }) => port)].map((port) => `${port}/tcp`),
  );
  // Which ports there are depends on nothing that is hidden from roles.
  const reached = portsForOthers(host, config as ClusterConfig);
  const byProtocol = (["tcp", "udp"] as const).flatMap((protocol): FirewallRule[] => {
    const numbers = (wanted: boolean): string[] =>
      reached.flatMap((port) =>
        port.endsWith(`/${protocol}`) && forEverybody.has(port) === wanted ? [port.replace(/\/.*/, "")] : [],
      );
    const [open, internal] = [numbers(true), numbers(false)];
    return [
      ...(open.length === 0 ? [] : [{ protocol, ports: open, ...fromOf(api), comment: "the API and service ports" }]),
      // Whoever may not ask from elsewhere may from the cluster's hosts.
      ...(open.length + internal.length === 0
        ? []
        : [{ protocol, ports: [...open, ...internal], from: among, comment: "hosts of the cluster" }]),
    ];
  });
  return [
    ...byProtocol,
    ...(isNode(host) ? [{ protocol: "any", from: [config.podCidr], comment: "pods" } as const] : []),
    // Those of Services are passed on before anybody is asked; those that tell their health to balancers outside are kube-proxy's own, and so are
    // all of them with IPVS.
    ...(isNode(host) && nodePorts !== undefined
      ? (proxyMode(config) === "ipvs" ? (["tcp", "udp"] as const) : (["tcp"] as const)).map((protocol) => ({
          protocol,
          ports: [`${nodePorts.first}-${nodePorts.last}`],
          ...fromOf(api),
          comment: "NodePorts",
        }))
      : []),
    ...(runsKeepalived(host, config) ? [{ protocol: "vrrp", from: among, comment: "virtual IPs" } as const] : []),
  ];
}
