import { binaryPath } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import { containerdOverlay, hasContainerdSettings } from "../containerdsettings.ts";
import { binDirectory } from "../names.ts";
import { ports } from "../ports.ts";
import { hasProxy } from "../proxy.ts";
import { directoriesOf, mountsFor } from "../settings/directories.ts";
import { renderToml } from "../toml.ts";
import { cniConfigDirectory, cniTemplatePath, makesCniConfig } from "./cni.ts";
import { registriesDirectory } from "./registries.ts";
import { noInheritedProxies, oomProtection, renderUnit, restartsForever } from "./systemd.ts";

export const containerdConfigPath = "/etc/containerd/config.toml";
/** The proxies that containerd pulls by, where there are some. */
export const containerdProxies = "/etc/containerd/proxy.env";
/** What plinth:containerd lays over it, where there is something. */
export const containerdSettingsPath = "/etc/containerd/settings.toml";
/** Files of others. */
const dropIns = "/etc/containerd/conf.d/*.toml";
export const containerdSocket = "/run/containerd/containerd.sock";

/**
 * containerd's configuration, version 3 (containerd 2.0 and later). What is not here is containerd's default; above all it
 * listens on its socket only. Figures it tells on loopback, where hosts tell any.
 */
export function renderContainerdConfig(config: ClusterConfig): string {
  const imports = [...(hasContainerdSettings(config.containerd) ? [containerdSettingsPath] : []), dropIns];
  return `version = 3
# Of what stands twice the last counts. A file that is put there, as for a GPU, counts from the next start on.
imports = ${JSON.stringify(imports)}
root = "${directoriesOf(config).containerd}"
state = "/run/containerd"

[grpc]
  address = "${containerdSocket}"

[metrics]
  address = "${config.metrics === undefined ? "" : `127.0.0.1:${ports.containerdMetrics}`}"

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  # Layers are kept unpacked only, about a third less disk; the transfer service cannot do that yet.
  discard_unpacked_layers = true
  use_local_image_pull = true

  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "${config.sandboxImage}"

  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "${registriesDirectory}"

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = ${config.restrictOomScoreAdj}

  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"

    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "${binaryPath("runc")}"
        SystemdCgroup = ${config.cgroupDriver === "systemd"}

  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["${binDirectory}", "/opt/cni/bin"]
    conf_dir = "${cniConfigDirectory}"
    conf_template = "${makesCniConfig(config) ? cniTemplatePath : ""}"
`;
}

/** The settings of plinth:containerd, in containerd's own words. */
export function renderContainerdSettings({ containerd, cgroupDriver }: ClusterConfig): string {
  return renderToml(containerdOverlay(containerd, cgroupDriver === "systemd"));
}

/**
 * Pods outlive containerd: only its own process is stopped (KillMode=process), and it finds their shims again. Their
 * processes are in cgroups that systemd leaves alone (Delegate=yes).
 */
export function renderContainerdService(config: ClusterConfig): string {
  return renderUnit({
    unit: {
      Description: "containerd, which runs the containers of pods",
      Documentation: "https://containerd.io/",
      After: "network.target local-fs.target dbus.service",
      RequiresMountsFor: mountsFor(config, "containerd"),
      ...restartsForever,
    },
    service: {
      Type: "notify",
      Environment: [
        `PATH=${binDirectory}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        noInheritedProxies,
      ],
      EnvironmentFile: hasProxy(config) ? containerdProxies : undefined,
      ExecStart: `${binaryPath("containerd")} --config ${containerdConfigPath}`,
      Restart: "always",
      RestartSec: "2",
      TimeoutStartSec: "infinity",
      Delegate: "yes",
      KillMode: "process",
      LimitNOFILE: String(config.openFilesLimit),
      TasksMax: "infinity",
      OOMScoreAdjust: oomProtection(config),
    },
  });
}
