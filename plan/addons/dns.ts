import { isIPv4, nthAddress, parseNetwork } from "../addresses.ts";
import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";
import { hundredsOfNodes } from "./placement.ts";

/** In the pod, where the kubelet puts the Node's name servers (`dnsPolicy: Default`), whichever file of the Node they are from. */
const nodeResolvConf = "/etc/resolv.conf";
/** What the `forward` plugin takes. */
const mostUpstreams = 15;

/** Ports of CoreDNS' container. */
export const dnsPorts = { dns: 53, metrics: 9153, health: 8080, ready: 8181 } as const;

/**
 * The service address of the cluster's DNS: the tenth of the service network, as kubeadm has it.
 *
 * It lies in the range that kube-apiserver does not hand out by itself, so no other Service can have taken it.
 */
export function clusterDnsAddress(config: Pick<ClusterConfig, "serviceCidr">): string {
  const services = parseNetwork(config.serviceCidr);
  if (services === undefined) throw new Error(`plinth:serviceCidr ${config.serviceCidr} is not a network`);
  return nthAddress(services, 10);
}

/** Replicas of CoreDNS: two, and one more for every further hundred Nodes. */
export function dnsReplicas(hosts: readonly Host[]): number {
  return 1 + hundredsOfNodes(hosts);
}

/**
 * The Corefile.
 *
 * With upstreams it is kubeadm's, less `reload`: a changed file is a changed object, and new pods. Without, every name
 * outside the cluster's domain does not exist. That is said by a server block of its own, because the `template`
 * plugin comes before `kubernetes` within a block; and it is said as NXDOMAIN, because resolvers give up a whole search
 * list at the first REFUSED, in-cluster names included.
 */
export function corefile(config: Pick<ClusterConfig, "clusterDomain" | "dnsUpstreams" | "metrics">): string {
  const { clusterDomain, dnsUpstreams } = config;
  // Where figures are told to an identity alone, the proxy beside it has the port that others reach.
  const metrics = `${config.metrics === undefined ? "" : "127.0.0.1"}:${dnsPorts.metrics}`;
  const observed = `
    errors
    health :${dnsPorts.health} {
        lameduck 5s
    }
    ready :${dnsPorts.ready}
    prometheus ${metrics}`;
  if (dnsUpstreams.length === 0) {
    return `${clusterDomain}:${dnsPorts.dns} in-addr.arpa:${dnsPorts.dns} ip6.arpa:${dnsPorts.dns} {${observed}
    kubernetes ${clusterDomain} in-addr.arpa ip6.arpa {
        pods insecure
        ttl 30
    }
    loadbalance
}
.:${dnsPorts.dns} {
    errors
    prometheus ${metrics}
    template ANY ANY {
        rcode NXDOMAIN
    }
}
`;
  }
  return `.:${dnsPorts.dns} {${observed}
    kubernetes ${clusterDomain} in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    forward . ${dnsUpstreams.join(" ")} {
        max_concurrent 1000
    }
    cache 30 {
        disable success ${clusterDomain}
        disable denial ${clusterDomain}
    }
    loop
    loadbalance
}
`;
}

/** The address of a name server, `ADDRESS` or `ADDRESS:PORT`; undefined where it is neither. */
export function upstreamAddress(upstream: string): string | undefined {
  const [address = "", port = "53", ...rest] = upstream.split(":");
  const isPort = /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65535;
  return isIPv4(address) && isPort && rest.length === 0 ? address : undefined;
}

/** What is wrong with the name servers that the cluster's DNS forwards to, but for where they are. */
export function validateDns(config: Pick<ClusterConfig, "dnsUpstreams">): Finding[] {
  const findings: Finding[] = [];
  const report = (message: string, remedy: string) =>
    findings.push({ rule: "dns-upstreams", kind: "input", hosts: [], message, remedy });
  for (const upstream of config.dnsUpstreams) {
    if (upstream !== nodeResolvConf && upstreamAddress(upstream) === undefined) {
      report(
        `plinth:dnsUpstreams has ${upstream}, which is neither an IPv4 address nor ${nodeResolvConf}`,
        `write addresses such as 192.0.2.53 or 192.0.2.53:5353, or ${nodeResolvConf} for those of the Node`,
      );
    }
  }
  if (config.dnsUpstreams.length > mostUpstreams) {
    report(
      `plinth:dnsUpstreams has ${config.dnsUpstreams.length} entries, CoreDNS forwards to at most ${mostUpstreams}`,
      "keep the nearest ones",
    );
  }
  return findings;
}
