import type { BundleBinary, BundleDownload, BundleFile } from "../bundle.ts";
import { binaryPath } from "../bundle.ts";
import type { Check, Judge } from "../conditions.ts";
import { imageArchives, type ClusterConfig } from "../config.ts";
import { hasContainerdSettings } from "../containerdsettings.ts";
import { paths } from "../names.ts";
import { unitScript } from "../scripts.ts";
import { directoriesOf } from "../settings/directories.ts";
import { plainSurroundings, type Surroundings } from "../surroundings.ts";
import { cniConfigDirectory, cniTemplatePath, makesCniConfig, renderCniTemplate } from "./cni.ts";
import {
  containerdConfigPath,
  containerdProxies,
  containerdSettingsPath,
  renderContainerdSettings,
  renderContainerdConfig,
  renderContainerdService,
} from "./containerd.ts";
import type { BundlePart } from "./part.ts";
import { proxyFile } from "./proxies.ts";
import { registriesDirectory, registryFiles } from "./registries.ts";
import { scriptFile } from "./scriptfiles.ts";
import { renderUnit, restartsForever, unitPath } from "./systemd.ts";

export const containerdUnit = "containerd.service";
const imagesUnit = "containerd-images.service";
/** Stopping it ends all pods of the host. */
export const podsUnit = "plinth-pods.service";
const imagesDirectory = "/var/lib/containerd-images";

const root = "root:root";
const imagesScript = `${paths.scripts}/load-images`;
const podsScript = `${paths.scripts}/end-pods`;

const imagesService = renderUnit({
  unit: {
    Description: "Import of the image archives that were given to this host",
    After: containerdUnit,
    Wants: containerdUnit,
    ...restartsForever,
  },
  service: {
    Type: "oneshot",
    RemainAfterExit: "yes",
    ExecStart: `${imagesScript} ${imagesDirectory}`,
    Restart: "on-failure",
    RestartSec: "5",
    TimeoutStartSec: "900",
  },
});

/** Stopped after containerd, and while there still is a network for what pods have to say at their end. */
const podsService = (config: ClusterConfig) =>
  renderUnit({
    unit: {
      Description: "The pods of this host: stopping this ends all of them",
      After: "network.target",
      Before: containerdUnit,
    },
    service: {
      Type: "oneshot",
      RemainAfterExit: "yes",
      ExecStart: "/bin/true",
      ExecStop: `${podsScript} ${config.podCidr}`,
      TimeoutStopSec: "180",
    },
  });

function binaries(config: ClusterConfig): BundleBinary[] {
  return [
    { name: "containerd", version: config.containerdVersion, restart: [containerdUnit] },
    // Pods that run keep their shim, and what is started anew takes the new one: no restart.
    { name: "containerd-shim-runc-v2", version: config.containerdVersion },
    { name: "ctr", version: config.containerdVersion },
    { name: "runc", version: config.runcVersion },
    ...["bridge", "host-local", "loopback", "portmap"].map((name) => ({ name, version: config.cniVersion })),
  ];
}

function downloads(config: ClusterConfig): BundleDownload[] {
  const images = imageArchives(config).map((name) => ({
    path: `${imagesDirectory}/${name}.tar`,
    mode: "0644",
    owner: root,
    source: `images/${name}.tar`,
    restart: [imagesUnit],
  }));
  return [
    // Never restarted: that would end the pods.
    scriptFile(podsScript, unitScript("end-pods")),
    ...(images.length === 0 ? [] : [scriptFile(imagesScript, unitScript("load-images"), { restart: [imagesUnit] })]),
    ...images,
  ];
}

const proxies = (config: ClusterConfig) => proxyFile(containerdProxies, config, [containerdUnit]);

function files(config: ClusterConfig, { linkMtu }: Surroundings): BundleFile[] {
  const file = (path: string, content: string, restart: string[] = []): BundleFile => ({
    path,
    mode: "0644",
    owner: root,
    restart,
    content,
  });
  return [
    file(containerdConfigPath, renderContainerdConfig(config), [containerdUnit]),
    ...(hasContainerdSettings(config.containerd)
      ? [file(containerdSettingsPath, renderContainerdSettings(config), [containerdUnit])]
      : []),
    ...(makesCniConfig(config) ? [file(cniTemplatePath, renderCniTemplate(linkMtu))] : []),
    ...registryFiles(config).files,
    ...proxies(config).files,
    file(unitPath(containerdUnit), renderContainerdService(config), [containerdUnit]),
    file(unitPath(podsUnit), podsService(config)),
    ...(imageArchives(config).length === 0 ? [] : [file(unitPath(imagesUnit), imagesService, [imagesUnit])]),
  ];
}

function checks(config: ClusterConfig): Check[] {
  const own: Check[] = [
    { name: "unit-active", deadline: 120, unit: containerdUnit, args: {} },
    {
      name: "command",
      deadline: 120,
      unit: containerdUnit,
      args: { words: [binaryPath("ctr"), "--timeout", "5s", "version"] },
    },
  ];
  if (imageArchives(config).length === 0) return own;
  const words = [imagesScript, "--check", imagesDirectory] as const;
  return [...own, { name: "command", deadline: 600, unit: imagesUnit, args: { words } }];
}

/** The planned containerd reads its files and those that they import, and prints what it has come to. */
const judge: Judge = {
  name: "command",
  deadline: 30,
  unit: containerdUnit,
  args: { memory: 100, words: [binaryPath("containerd"), "--config", containerdConfigPath, "config", "dump"] },
};

/**
 * What runs containers on a Node: containerd, runc, the CNI plugins, where images come from, and archives of images that
 * are there beforehand.
 *
 * Restarting containerd leaves pods alone. Releasing the host ends them: `plinth-pods.service` is listed first, so that a
 * release stops it last, after kubelet and containerd.
 */
export const runtime: BundlePart = {
  name: "runtime",
  directories: (config) => [
    { path: "/etc/containerd", mode: "0755", owner: root },
    { path: registriesDirectory, mode: "0755", owner: root },
    // containerd gives the file that it writes there the mode 0644; it and the plugins read it as root.
    { path: cniConfigDirectory, mode: "0700", owner: root, atRelease: "purge" },
    // containerd itself gives its directory this mode.
    { path: directoriesOf(config).containerd, mode: "0700", owner: root, atRelease: "purge" },
    { path: "/var/lib/cni", mode: "0755", owner: root, atRelease: "purge" },
    { path: imagesDirectory, mode: "0755", owner: root },
  ],
  plan: ({ config, surroundings = plainSurroundings }) => ({
    // The portmap plugin calls it.
    packages: [{ name: "nftables", command: "nft" }],
    binaries: binaries(config),
    downloads: downloads(config),
    files: files(config, surroundings),
    secrets: [...registryFiles(config).secrets, ...proxies(config).secrets],
    units: [podsUnit, containerdUnit, ...(imageArchives(config).length === 0 ? [] : [imagesUnit])],
    judges: [judge],
    checks: checks(config),
  }),
};
