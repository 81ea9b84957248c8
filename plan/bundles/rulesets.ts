import type { ClusterConfig } from "../config.ts";
import { proxyMode } from "../kubeproxymode.ts";
import { paths } from "../names.ts";
import { unitScript } from "../scripts.ts";
import { flannelUnit, kubeProxyUnit } from "./agentunits.ts";
import { kubernetesDirectories, type BundlePart } from "./part.ts";
import { scriptFile } from "./scriptfiles.ts";
import { networkAgentLimits, renderUnit, restartsForever, unitFile } from "./systemd.ts";

export const ruleSetsUnit = "plinth-rules.service";
const script = `${paths.scripts}/rule-sets`;

/**
 * A chain of each service that always has a rule. In nftables mode kube-proxy writes all of its rules once an hour at most
 * (`FullSyncPeriod` in pkg/proxy/util), and flannel writes its own once (pkg/trafficmngr/nftables); in its other modes
 * kube-proxy looks after its rules by itself.
 */
function ruleSets(config: ClusterConfig): string[] {
  return [
    ...(proxyMode(config) === "nftables" ? [`${kubeProxyUnit} ip kube-proxy nat-prerouting`] : []),
    ...(config.network === "flannel" ? [`${flannelUnit} ip flannel-ipv4 postrtg`] : []),
  ];
}

const service = renderUnit({
  unit: {
    Description: "Brings back packet filter rules of the Node's services that somebody has flushed",
    After: `${flannelUnit} ${kubeProxyUnit}`,
    ...restartsForever,
  },
  service: {
    Type: "exec",
    ExecStart: `${script} follow ${paths.ruleSets}`,
    Restart: "always",
    RestartSec: "5",
    Nice: "10",
    CapabilityBoundingSet: "CAP_NET_ADMIN",
    ProtectSystem: "strict",
    ...networkAgentLimits,
  },
});

/** Rules of kube-proxy and flannel come back within half a minute when a firewall has flushed them. */
export const ruleSetsPart: BundlePart = {
  name: "rule-sets",
  appliesTo: (_host, config) => ruleSets(config).length > 0,
  startsAfter: ["kube-proxy", "flannel"],
  directories: kubernetesDirectories,
  plan: ({ config }) => {
    const restart = [ruleSetsUnit];
    return {
      downloads: [scriptFile(script, unitScript("rule-sets"), { restart })],
      files: [
        {
          path: paths.ruleSets,
          mode: "0644",
          owner: "root:root",
          restart,
          content: `${ruleSets(config).join("\n")}\n`,
        },
        unitFile(ruleSetsUnit, service, "0644"),
      ],
      units: [ruleSetsUnit],
      checks: [{ name: "unit-active", deadline: 30, unit: ruleSetsUnit, args: {} }],
    };
  },
};
