import type { ClusterConfig } from "../config.ts";
import { paths } from "../names.ts";
import { ports } from "../ports.ts";
import { unitScript } from "../scripts.ts";
import { auditRetention } from "./audit.ts";
import type { BundlePart } from "./part.ts";
import { scriptFile } from "./scriptfiles.ts";
import { renderUnit, restartsForever, unitFile } from "./systemd.ts";

const connectionsUnit = "plinth-connections.service";
/** Directory of the log of connections on load-balancer hosts. */
const connectionsDirectory = "/var/log/plinth-connections";
const script = `${paths.scripts}/connections`;

/**
 * What HAProxy says of a connection to the API when it is over: accepted at (seconds since the epoch) and for how long
 * (ms); client; the balancer's end of the connection to the server; server, its name; how it ended; bytes sent and received.
 * scripts/host/connections.sh reads it.
 */
export const connectionFormat = "connection %Ts.%ms %Tt %ci:%cp %bi:%bp %si:%sp %s %ts %U %B";

function renderConnectionsService(config: ClusterConfig, vip: string): string {
  const { days, files, megabytes } = auditRetention(config);
  const settings = [connectionsDirectory, `${vip}:${ports.apiserver}`, days, files, megabytes].join(" ");
  return renderUnit({
    unit: {
      Description: "Log of connections to the Kubernetes API, kept as long as the audit log",
      After: "network.target",
      ...restartsForever,
    },
    service: {
      Type: "exec",
      ExecStart: `${script} follow ${settings}`,
      ExecStopPost: `${script} pass ${settings}`,
      Restart: "always",
      RestartSec: "10",
      Nice: "10",
      CapabilityBoundingSet: "",
      NoNewPrivileges: "yes",
      ProtectSystem: "strict",
      ReadWritePaths: connectionsDirectory,
      ProtectHome: "yes",
      PrivateTmp: "yes",
      PrivateDevices: "yes",
      ProtectKernelModules: "yes",
      ProtectKernelTunables: "yes",
      ProtectControlGroups: "yes",
      RestrictAddressFamilies: "AF_UNIX AF_NETLINK",
      RestrictNamespaces: "yes",
      LockPersonality: "yes",
      SystemCallArchitectures: "native",
    },
  });
}

/**
 * Who was connected to the API through this host, and when. HAProxy passes TCP on, so the audit log has the balancer's address
 * where the client's should be.
 */
export const connections: BundlePart = {
  name: "connections",
  directories: [{ path: connectionsDirectory, mode: "0700", owner: "root:root", atRelease: "keep" }],
  plan: ({ config }) => {
    if (config.vip === undefined) throw new Error("a log of connections needs plinth:vip");
    return {
      downloads: [scriptFile(script, unitScript("connections"), { restart: [connectionsUnit] })],
      files: [unitFile(connectionsUnit, renderConnectionsService(config, config.vip), "0644")],
      units: [connectionsUnit],
      checks: [{ name: "unit-active", deadline: 30, unit: connectionsUnit, args: {} }],
    };
  },
};
