import type { Bundle } from "../bundle.ts";
import type { Leavings } from "./snapshot.ts";

/** A role's bundle with its packages alone: what they bring of their own is no part of what is compared. */
export function packagesOf(bundle: Bundle): Bundle {
  const resources = (bundle.resources ?? []).filter(({ kind }) => kind === "package" || kind === "source");
  return { ...emptied(bundle), resources };
}

/** A role's bundle with nothing in it: the host takes back what it has of the role. */
export function emptied({ name, confirm }: Bundle): Bundle {
  return {
    name,
    ...(confirm === undefined ? {} : { confirm }),
    users: [],
    packages: [],
    directories: [],
    binaries: [],
    files: [],
    secrets: [],
    units: [],
    checks: [],
  };
}

/** What is changed by hand on a host. */
export interface Tampering {
  /** Words of scripts/roletest/tamper.sh. */
  words: string[];
  /** Names that drift must tell: paths and units. */
  told: string[];
}

/** Stopping these may be the end of the way to the host. */
const wayIn = /^(sshd?|systemd-networkd|NetworkManager|systemd-journald)\.(service|socket)$/;

/** Changes that a person could make to what a role has: files get a line, another mode, or go; a unit is stopped. */
export function tamperingOf({ files, secrets, units }: Pick<Bundle, "files" | "secrets" | "units">): Tampering {
  const paths = [...files, ...secrets].map(({ path }) => path);
  const verbs = ["append", "remove", "mode"] as const;
  const stopped = units.filter((unit) => !wayIn.test(unit)).slice(-1);
  return {
    words: [
      ...paths.map((path, index) => `${verbs[index % verbs.length] ?? "append"}:${path}`),
      ...stopped.map((unit) => `stop:${unit}`),
    ],
    told: [...paths, ...stopped],
  };
}

/** What a role may leave on a host. */
export function leavingsOf({ resources = [], files = [] }: Partial<Pick<Bundle, "files" | "resources">>): Leavings {
  const users = resources.some(({ kind }) => kind === "account" || kind === "group");
  const homes = resources.flatMap((resource) => (resource.kind === "account" ? [resource.home] : []));
  // systemd makes the directory that something is mounted on.
  const mounts = files
    .filter(({ path }) => path.endsWith(".mount"))
    .flatMap(({ content }) => /^Where=(\S+)$/m.exec(content)?.[1] ?? []);
  return { users, folders: [...homes, ...mounts] };
}

/** Seconds into a run of this length at which it is killed, evenly spread. */
export function killsAt(seconds: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Math.max(0.05, (seconds * (index + 1)) / (count + 1)));
}
