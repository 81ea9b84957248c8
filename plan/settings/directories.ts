import { z } from "zod";
import type { Finding } from "../findings.ts";
import { paths } from "../names.ts";
import { words } from "../texts.ts";
import type { PlaceOf } from "./place.ts";

/** Where data is that grows, for disks of its own. */
export const defaultDirectories = {
  /** The data of the member of etcd. */
  etcd: "/var/lib/etcd",
  /** Images, snapshots and containers: containerd's root. */
  containerd: "/var/lib/containerd",
  /** Volumes and logs of pods: the kubelet's root directory. Its certificate and kubeconfig stay in /var/lib/kubelet. */
  kubelet: "/var/lib/kubelet",
} as const;

export type DirectoryName = keyof typeof defaultDirectories;
export type Directories = Readonly<Record<DirectoryName, string>>;

/** It is a word of units, of a host's instructions and of a look's command line. */
const directory = words.regex(/^(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$/, "must be an absolute path of A-Z a-z 0-9 . _ -");

/** Each one where it is not the default. */
export const directoriesSchema = z.strictObject({
  etcd: directory.optional(),
  containerd: directory.optional(),
  kubelet: directory.optional(),
});

interface Settings {
  directories: z.output<typeof directoriesSchema>;
}

/** Where data is on a host. */
export function directoriesOf({ directories: { etcd, containerd, kubelet } }: Settings): Directories {
  return {
    etcd: etcd ?? defaultDirectories.etcd,
    containerd: containerd ?? defaultDirectories.containerd,
    kubelet: kubelet ?? defaultDirectories.kubelet,
  };
}

/** The directories that are not where they are by default, for looks at the host. */
export function movedDirectories(config: Settings): string[] {
  const defaults: readonly string[] = Object.values(defaultDirectories);
  return Object.values(directoriesOf(config)).filter((path) => !defaults.includes(path));
}

/** `RequiresMountsFor=` of a unit: its disk is there before it starts. Undefined where data is where it always was. */
export function mountsFor(config: Settings, name: DirectoryName): string | undefined {
  const path = directoriesOf(config)[name];
  return path === defaultDirectories[name] ? undefined : path;
}

const isBelow = (path: string, above: string): boolean => path.startsWith(above === "/" ? above : `${above}/`);
const overlap = (one: string, other: string): boolean => one === other || isBelow(one, other) || isBelow(other, one);

/** Of the system, of Plinth itself, emptied at boot, or hidden from services (`ProtectHome=`). */
const taken: readonly string[] = [
  ...["/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp"],
  ...["/efi", "/snap", "/var/cache", "/var/lib/docker", "/var/lib/haproxy", "/var/lib/systemd", "/var/spool"],
  ...["/usr", "/var/log", "/var/run", "/var/tmp", "/var/lib/cni", "/var/lib/containerd-images", "/opt/cni"],
  ...[paths.software, paths.state, paths.kept],
];
/** Where others have theirs side by side. */
const shared: readonly string[] = ["/srv", "/mnt", "/media", "/opt", "/var", "/var/lib"];

/** Directories that are others', or that lie inside of one another. */
export function validateDirectories(config: Settings, place: PlaceOf): Finding[] {
  const names = Object.keys(defaultDirectories) as DirectoryName[];
  const all = directoriesOf(config);
  return names.flatMap((name, index): Finding[] => {
    const path = all[name];
    const { name: where, hosts } = place("directories", [name]);
    const report = (message: string, remedy: string): Finding[] => [
      { rule: "directories", kind: "input", hosts, message: `${where} is ${path}, ${message}`, remedy },
    ];
    const remedy = `name a directory that nothing else is in, such as /data/${name}`;
    if (path !== defaultDirectories[name]) {
      const used = taken.find((other) => overlap(path, other));
      if (used !== undefined) return report(`and ${used} is the system's or Plinth's own`, remedy);
      if (shared.includes(path)) return report("where others have theirs, too", remedy);
      const own = Object.values(defaultDirectories).find((other) => overlap(path, other));
      if (own !== undefined) return report(`which Plinth's ${own} does not go with`, remedy);
    }
    const other = names.slice(0, index).find((earlier) => overlap(all[earlier], path));
    if (other === undefined) return [];
    return report(
      `which ${other === name ? "" : `directories.${other} (${all[other]})`} does not go with`,
      "give each its own, none inside of another",
    );
  });
}
