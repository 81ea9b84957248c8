import path from "node:path";
import type { Check, Judge, Prepare } from "../conditions.ts";
import type { ClusterConfig } from "../config.ts";
import { withRole, type Host } from "../inventory.ts";
import { paths } from "../names.ts";
import { ports } from "../ports.ts";
import { connectTimeout, renderApiBackend } from "./apibackend.ts";
import { authorityFile } from "./certificates.ts";
import { connectionFormat } from "./connections.ts";
import type { PartContent } from "./content.ts";
import type { BundlePart, Placement, Socket } from "./part.ts";
import { apiInstance } from "../ways.ts";
import { unitScript } from "../scripts.ts";
import { balancerBooleans, endConnectionsScript } from "../selinux.ts";
import { plainSurroundings, type Surroundings } from "../surroundings.ts";
import { scriptFile } from "./scriptfiles.ts";
import { boundTo, renderServicePorts, servicePortAddress } from "./serviceports.ts";
import { balancerHardening, because, directCurl, renderUnit, restartsForever, unitFile } from "./systemd.ts";

export const haproxyUnit = "haproxy.service";
export const keepalivedUnit = "keepalived.service";
const haproxyConfig = "/etc/haproxy/haproxy.cfg";
const haproxyAuthority = "/etc/haproxy/kubernetes-ca.crt";
const keepalivedConfig = "/etc/keepalived/keepalived.conf";
const formerFile = paths.formerAddresses;
const formerDirectory = path.dirname(formerFile);
const checkUser = "keepalived_script";

/** HAProxy needs two descriptors per connection, and some for itself. */
function maxConnections(config: ClusterConfig): number {
  return Math.min(20000, Math.floor(config.openFilesLimit / 2) - 200);
}

/** The virtual IPs before the present one, which may be held still. */
function formerVips({ ways }: ClusterConfig): readonly string[] {
  return ways?.formerVips ?? [];
}

/** HAProxy's own figures, for the proxy of figures of this host. */
const metricsFrontend = `
frontend metrics
  mode http
  no log
  timeout client 30s
  bind 127.0.0.1:${ports.haproxyMetrics}
  http-request use-service prometheus-exporter if { path /metrics }
  http-request deny
`;

/** HAProxy in front of all API servers, bound to the VIP on every load-balancer host whether it holds it or not. */
function renderHaproxy(hosts: readonly Host[], config: ClusterConfig, vip: string): string {
  return `global
  log stdout format raw daemon
  user haproxy
  group haproxy
  chroot /var/lib/haproxy
  stats socket /run/haproxy/admin.sock mode 600 level admin
  maxconn ${maxConnections(config)}

defaults
  mode tcp
  log global
  option dontlognull
  option redispatch 1
  retries 3
  timeout connect ${connectTimeout}ms
  timeout check 3s
  # Watches stay open for hours. Clients that died are found by tcp-ut; servers by checks, and by keep-alive where a reload
  # has left a process that has connections and no checks.
  timeout client 24h
  timeout server 24h
  timeout tunnel 24h
  option clitcpka
  option srvtcpka
  srvtcpka-idle 3s
  srvtcpka-intvl 1s
  srvtcpka-cnt 3

frontend kube-apiserver
  # transparent: the address is bound here also while another host holds it.
${boundTo([vip, ...formerVips(config)], ports.apiserver)}
  log-format "${connectionFormat}"
  default_backend kube-apiserver

${renderApiBackend(hosts, haproxyAuthority)}
frontend health
  mode http
  # keepalived asks every second.
  no log
  option http-server-close
  timeout client 5s
  bind 127.0.0.1:${ports.haproxyHealth}
  monitor-uri /haproxy_ready
  http-request deny
${config.metrics === undefined ? "" : metricsFrontend}${renderServicePorts(hosts, config, maxConnections(config))}`;
}

interface VrrpInstance {
  name: string;
  routerId: number;
  address: string;
  /** Place of the host in the order in which hosts take the address when all start at once; 0 takes it. */
  rank: number;
}

/** The VIP, and the second one for service ports. Each has its own order of hosts, so that they spread. */
function vrrpInstances(host: Host, balancers: readonly Host[], config: ClusterConfig, vip: string): VrrpInstance[] {
  const rank = balancers.findIndex((peer) => peer.name === host.name);
  const { name, routerId } = config.apiInstance ?? { name: apiInstance, routerId: config.virtualRouterId };
  const api = { name, routerId, address: vip, rank };
  if (config.serviceVip === undefined) return [api];
  const shifted = (rank + balancers.length - 1) % balancers.length;
  const services = { name: "services", routerId: config.serviceRouterId, address: config.serviceVip, rank: shifted };
  return [api, services];
}

/**
 * Ends what is connected from or to an address that this host has just lost. Such connections cannot send any more, and get
 * no reset either: clients of this host itself would take 45 s to notice (measured), by their HTTP/2 pings.
 */
function endConnections(address: string, { selinux }: Surroundings): string {
  return selinux === true
    ? `${endConnectionsScript} ${address}`
    : `/usr/bin/env ss --kill --no-header --tcp src ${address}`;
}

/**
 * Without a peer keepalived falls back to multicast, in which whoever else has that router id takes part. So a balancer that is
 * alone has the VIP for its peer: only the holder sends anything, and what it sends to its own address stays on the host (seen
 * with keepalived 2.2.7). To 127.0.0.1 it would go out by the default route, and its own address would have it warn of a twin.
 */
function peersOf(others: readonly string[], vip: string): string {
  return (others.length === 0 ? [vip] : others).map((address) => `    ${address}`).join("\n");
}

/**
 * VRRPv3 between the load-balancer hosts by unicast. All start as BACKUP and do not preempt, so that a host that comes
 * back does not move the VIP once more. The check asks the local HAProxy, never an API server: sick API servers must not
 * make the VIP wander. A failed check is FAULT (weight 0), which hands over at once.
 *
 * A holder that was cut off comes back as a second holder, and the one with the lower priority gives up. It says so once
 * more (`higher_prio_send_advert`), and the other one tells everybody where the address is (`garp_lower_prio`): without that
 * hosts went on sending to the wrong one for up to a minute, where firewalls dropped it.
 *
 * Fail-over after power loss: 3 × 0.2 s + (256 − priority)/256 × 0.2 s, about 0.7 s. A holder that gets no CPU for as
 * long would lose the VIP, too, and take it back a moment later, cutting every connection twice; likewise one whose check
 * starves. So both run with niceness −20 and the VRRP process is not swapped. Not keepalived's `vrrp_rt_priority`: on a
 * reload keepalived 2.2.7 could not set RLIMIT_RTTIME again and was killed, in the lab; and the check would have niceness 0.
 */
function renderKeepalived({ host, hosts, config, surroundings = plainSurroundings }: Placement, vip: string): string {
  const balancers = withRole(hosts, "load-balancer");
  const networkInterface = host.interface ?? config.interface;
  const others = balancers.filter((peer) => peer.name !== host.name).map((peer) => peer.address);
  const instances = vrrpInstances(host, balancers, config, vip).map(
    ({ name, routerId, address, rank }) => `
vrrp_instance ${name} {
  state BACKUP
  nopreempt
  interface ${networkInterface}
  virtual_router_id ${routerId}
  priority ${150 - rank}
  advert_int 0.2
  check_unicast_src
  unicast_src_ip ${host.address}
  unicast_peer {
${peersOf(others, address)}
  }
  virtual_ipaddress {
    ${address}/32 dev ${networkInterface}
  }
  track_script {
    haproxy
  }
  notify_backup "${endConnections(address, surroundings)}" root
  notify_fault "${endConnections(address, surroundings)}" root
}
`,
  );
  return `global_defs {
  router_id ${host.name}
  vrrp_version 3
  vrrp_no_swap
  vrrp_garp_master_refresh 60
  vrrp_higher_prio_send_advert true
  vrrp_garp_lower_prio_repeat 5
  vrrp_garp_lower_prio_delay 1
  enable_script_security
  script_user ${checkUser}
}

vrrp_script haproxy {
  script "${directCurl(["--silent", "--fail", "--max-time 1", "--output /dev/null"], `http://127.0.0.1:${ports.haproxyHealth}/haproxy_ready`)}"
  interval 1
  timeout 2
  fall 2
  rise 2
}

# Addresses before the present one, until the last Node goes by another.
include ${formerFile}
${instances.join("")}`;
}

const haproxyService = (config: ClusterConfig, { family }: Surroundings) =>
  renderUnit({
    unit: {
      Description: "HAProxy in front of the Kubernetes API servers",
      Documentation: "https://docs.haproxy.org/",
      Wants: "network-online.target",
      After: "network-online.target",
      ...restartsForever,
    },
    service: {
      Type: "notify",
      ExecStartPre: "/usr/sbin/haproxy -Ws -f /etc/haproxy/haproxy.cfg -c -q",
      ExecStart: "/usr/sbin/haproxy -Ws -f /etc/haproxy/haproxy.cfg -p /run/haproxy/haproxy.pid",
      ExecReload: ["/usr/sbin/haproxy -Ws -f /etc/haproxy/haproxy.cfg -c -q", "/bin/kill -USR2 $MAINPID"],
      KillMode: "mixed",
      SuccessExitStatus: "143",
      // The profile of openSUSE's package has no place for the socket and the addresses of others; the sandbox below stays.
      AppArmorProfile: family === "suse" ? "-unconfined" : undefined,
      Restart: "always",
      RestartSec: "1",
      Nice: because(
        "The way in must not starve behind what it leads to: its answer to keepalived holds the virtual IP.",
        "-10",
      ),
      LimitNOFILE: String(config.openFilesLimit),
      RuntimeDirectory: "haproxy",
      StateDirectory: "haproxy",
      ...balancerHardening,
    },
  });

/** Debian's keepalived tells systemd when it is ready. Others are built without that, and a start would wait in vain. */
const keepalivedReadiness = ({ family }: Surroundings) =>
  family === undefined ? { Type: "notify", NotifyAccess: "all" } : { Type: "exec" };

const keepalivedService = (surroundings: Surroundings) =>
  renderUnit({
    unit: {
      Description: "keepalived: VRRP for the address of the Kubernetes API",
      Documentation: "https://keepalived.readthedocs.io/",
      Wants: "network-online.target",
      After: "network-online.target haproxy.service",
      ...restartsForever,
    },
    service: {
      ...keepalivedReadiness(surroundings),
      ExecStart: "/usr/sbin/keepalived --dont-fork --log-console --use-file /etc/keepalived/keepalived.conf",
      ExecReload: "/bin/kill -HUP $MAINPID",
      KillMode: "process",
      Restart: "always",
      RestartSec: "1",
      Nice: because("Without CPU for 0.7 s this host loses the virtual IP.", "-20"),
      ProtectHome: "yes",
      ProtectSystem: "full",
      PrivateTmp: "yes",
      ProtectKernelModules: "yes",
      LockPersonality: "yes",
      SystemCallArchitectures: "native",
    },
  });

/** HAProxy listens on every service port. Asked of this host itself: another one may hold the address. */
function servicePortChecks(config: ClusterConfig): Check[] {
  return config.servicePorts.map((port) => ({
    name: "command",
    deadline: 30,
    unit: haproxyUnit,
    args: {
      words: ["ss", "-Hltn", "src", `${servicePortAddress(port, config) ?? ""}:${port.port}`, "|", "grep", "-q", "."],
    },
  }));
}

function listens(_host: Host, config: ClusterConfig): Socket[] {
  const socket = (address: string, port: number): Socket => ({ protocol: "tcp", address, port, unit: haproxyUnit });
  return [
    ...(config.vip === undefined ? [] : [config.vip, ...formerVips(config)].map((vip) => socket(vip, ports.apiserver))),
    socket("127.0.0.1", ports.haproxyHealth),
    ...config.servicePorts.flatMap((port): Socket[] => {
      const address = servicePortAddress(port, config);
      return address === undefined ? [] : [{ ...socket(address, port.port), what: `service port ${port.name}` }];
    }),
  ];
}

function checks(config: ClusterConfig, vip: string): Check[] {
  return [
    { name: "unit-active", deadline: 30, unit: keepalivedUnit, args: { unit: keepalivedUnit } },
    {
      name: "http-ok",
      deadline: 30,
      unit: haproxyUnit,
      args: { url: `http://127.0.0.1:${ports.haproxyHealth}/haproxy_ready` },
    },
    // Through the VIP, whoever holds it.
    {
      name: "http-ok",
      deadline: 120,
      unit: keepalivedUnit,
      args: { url: `https://${vip}:${ports.apiserver}/readyz`, authorityFile: haproxyAuthority, text: "ok" },
    },
    ...servicePortChecks(config),
  ];
}

const judge: Judge = {
  name: "command",
  deadline: 30,
  unit: haproxyUnit,
  args: { memory: 100, words: ["/usr/sbin/haproxy", "-c", "-f", haproxyConfig] },
};

function plan(placement: Placement): PartContent {
  const { hosts, config, surroundings = plainSurroundings } = placement;
  const enforces = surroundings.selinux === true;
  const vip = config.vip;
  if (vip === undefined) throw new Error("a load balancer needs plinth:vip");
  const owner = "root:root";
  return {
    packages: [
      { name: "haproxy", command: "haproxy" },
      { name: "keepalived", command: "keepalived" },
    ],
    files: [
      {
        path: haproxyConfig,
        mode: "0644",
        owner,
        reload: [haproxyUnit],
        content: renderHaproxy(hosts, config, vip),
      },
      {
        path: keepalivedConfig,
        mode: "0644",
        owner,
        reload: [keepalivedUnit],
        content: renderKeepalived(placement, vip),
      },
      unitFile(haproxyUnit, haproxyService(config, surroundings), "0644"),
      unitFile(keepalivedUnit, keepalivedService(surroundings), "0644"),
    ],
    secrets: [authorityFile("kubernetes", haproxyAuthority, { reload: [haproxyUnit] })],
    ...(enforces ? { downloads: [scriptFile(endConnectionsScript, unitScript("end-connections"))] } : {}),
    units: [haproxyUnit, keepalivedUnit],
    prepares: [
      ...(enforces
        ? ([{ name: "selinux-booleans", deadline: 120, unit: "-", args: { names: balancerBooleans } }] as const)
        : []),
      {
        ...{ name: "keep-addresses", deadline: 30, unit: keepalivedUnit },
        args: { config: keepalivedConfig, former: formerFile, instance: apiInstance },
      },
    ],
    judges: [judge],
    checks: checks(config, vip),
  };
}

/** HAProxy and keepalived of one host. Only for clusters with a VIP. */
export const loadBalancer: BundlePart = {
  name: "loadbalancer",
  users: [{ name: checkUser, home: "/nonexistent" }],
  directories: [{ path: formerDirectory, mode: "0755", owner: "root:root", atRelease: "purge" }],
  listens,
  plan,
};

const release = (config: ClusterConfig): Prepare => ({
  ...{ name: "release-addresses", deadline: 60, unit: keepalivedUnit },
  args: { former: formerFile, present: config.vip ?? "-" },
});

/**
 * Gives up the addresses before the present one. It names that one, so that it is done for each change; and it is done after everything
 * else, so that whoever goes by an address finds it held.
 */
export const formerAddresses: BundlePart = {
  name: "former-addresses",
  plan: ({ config }) => (config.keepFormerEndpoints ? {} : { prepares: [release(config)] }),
};

/** What is left of the load balancer where none is wanted any more. */
export const noLoadBalancer: BundlePart = {
  name: "no-loadbalancer",
  plan: ({ config }) => ({ prepares: [release(config)] }),
};
