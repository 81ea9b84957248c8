import { binaryPath, type BundleDownload, type BundleFile } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import { defaultMtu } from "../mtu.ts";
import { paths } from "../names.ts";
import { ports } from "../ports.ts";
import { unitScript } from "../scripts.ts";
import { plainSurroundings, type Surroundings } from "../surroundings.ts";
import { cniConfigPath, podMtu } from "./cni.ts";
import { flannelUnit } from "./agentunits.ts";
import { asNode, renderNodeKubeconfig } from "./nodeidentity.ts";
import { kubernetesDirectories, type BundlePart, type Placement } from "./part.ts";
import { scriptFile } from "./scriptfiles.ts";
import {
  because,
  commandLine,
  networkAgentLimits,
  noProxies,
  renderUnit,
  restartsForever,
  unitFile,
} from "./systemd.ts";

const mtuUnit = "plinth-mtu.service";
const mtuScript = `${paths.scripts}/pod-mtu`;
/** flannel names it after its network's number. */
export const vxlanInterface = "flannel.1";
const configFile = "/etc/kubernetes/flannel.json";
const kubeconfigFile = "/etc/kubernetes/flannel.conf";
const restart = [flannelUnit];

/**
 * Plain routes between hosts of one subnet, VXLAN between subnets; masquerading by nftables, as kube-proxy does. flannel
 * takes the MTU of the host's link unless it is told another one.
 */
function renderNetwork(config: ClusterConfig, { ownMtu, linkMtu }: Surroundings): string {
  const network = {
    Network: config.podCidr,
    EnableIPv4: true,
    EnableNFTables: true,
    Backend: { Type: "vxlan", DirectRouting: true, ...(ownMtu === linkMtu ? {} : { MTU: linkMtu }) },
  };
  return `${JSON.stringify(network, undefined, 2)}\n`;
}

/** Gives a Node that is in service another MTU. Left out where all is as it always was. */
function mtuService({ linkMtu }: Surroundings): string {
  const mtu = podMtu(linkMtu);
  const set = (size: number): string => [mtuScript, String(size), vxlanInterface, cniConfigPath].join(" ");
  return renderUnit({
    unit: {
      Description: `Packets of pods have at most ${mtu} bytes`,
      After: flannelUnit,
    },
    service: {
      Type: "oneshot",
      RemainAfterExit: "yes",
      ExecStart: set(mtu),
      ExecStop: because("The usual size is back when the unit is not wanted any more.", set(podMtu(defaultMtu))),
      TimeoutStartSec: "60",
    },
  });
}

function setsMtu({ mtu }: ClusterConfig, { linkMtu }: Surroundings): boolean {
  return mtu !== undefined || linkMtu !== defaultMtu;
}

/** Flags without those of plinth:flannelArgs. */
export function ownFlannelArguments({ address }: Host): Record<string, string> {
  return {
    iface: address,
    "ip-masq": "true",
    "kube-subnet-mgr": "true",
    "kubeconfig-file": kubeconfigFile,
    "net-config-path": configFile,
  };
}

/** All flags of flannel. */
export function flannelArguments(host: Host, { flannelArgs }: ClusterConfig): Record<string, string> {
  return { ...ownFlannelArguments(host), ...flannelArgs };
}

function service(host: Host, config: ClusterConfig): string {
  return renderUnit({
    unit: {
      Description: "flannel: routes between the pods of all hosts",
      Documentation: "https://github.com/flannel-io/flannel",
      Wants: "network-online.target",
      After: "network-online.target",
      ...restartsForever,
    },
    service: {
      Type: because("It ends, and is started again, until the Node exists and has a pod network.", "exec"),
      Environment: `NODE_NAME=${host.name}`,
      ...noProxies,
      ExecStart: asNode(commandLine(binaryPath("flanneld"), flannelArguments(host, config))),
      Restart: "always",
      RestartSec: "2",
      LimitNOFILE: String(config.openFilesLimit),
      RuntimeDirectory: "flannel",
      RuntimeDirectoryPreserve: "yes",
      ...networkAgentLimits,
    },
  });
}

function files(placement: Placement): BundleFile[] {
  const { host, config, surroundings = plainSurroundings } = placement;
  const owner = "root:root";
  return [
    { path: configFile, mode: "0644", owner, restart, content: renderNetwork(config, surroundings) },
    {
      path: kubeconfigFile,
      mode: "0600",
      owner,
      restart,
      content: renderNodeKubeconfig(placement),
    },
    unitFile(flannelUnit, service(host, config), "0600"),
    ...(setsMtu(config, surroundings) ? [unitFile(mtuUnit, mtuService(surroundings), "0644")] : []),
  ];
}

function mtuDownloads({ config, surroundings = plainSurroundings }: Placement): BundleDownload[] {
  return setsMtu(config, surroundings) ? [scriptFile(mtuScript, unitScript("pod-mtu"), { restart: [mtuUnit] })] : [];
}

/** flannel of one Node, unless the pod network is somebody else's. */
export const flannel: BundlePart = {
  name: "flannel",
  appliesTo: (_host, config) => config.network === "flannel",
  directories: kubernetesDirectories,
  listens: () => [{ protocol: "udp", address: "*", port: ports.vxlan, unit: flannelUnit, what: "flannel" }],
  plan: (placement) => ({
    downloads: mtuDownloads(placement),
    binaries: [{ name: "flanneld", version: placement.config.flannelVersion, restart }],
    files: files(placement),
    units: [flannelUnit, ...(setsMtu(placement.config, placement.surroundings ?? plainSurroundings) ? [mtuUnit] : [])],
    // Before the first lease there is no Node; afterwards it must stay up.
    checks: [
      {
        name: "if-file",
        deadline: 60,
        unit: flannelUnit,
        args: { path: "/run/flannel/subnet.env", check: { name: "unit-active", args: { unit: flannelUnit } } },
      },
    ],
  }),
};
