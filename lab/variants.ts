import { LabError } from "./types.ts";

/** What is different about hosts of a kind that is found in the field. */
interface Variant {
  /** The difference, for a person to read. */
  what: string;
  /** Code name of the release of Debian. Default: `bookworm`. */
  suite?: string;
  /** Packages that the base image has besides. */
  packages?: readonly string[];
  /** Packages that hosts can install, from a folder of their own. */
  offered?: readonly string[];
  /** Whether the base image is all of it. Default: a script in `host/variants/` makes the rest. */
  imageOnly?: true;
}

const known = {
  "debian-13": { what: "Debian 13 instead of 12", suite: "trixie", imageOnly: true },
  resolved: {
    what: "systemd-resolved, and 127.0.0.53 alone in /etc/resolv.conf",
    packages: ["systemd-resolved"],
  },
  "forward-drop": { what: "a firewall that forwards the traffic of pods and drops all other" },
  "forward-closed": { what: "a firewall that forwards nothing" },
  proxied: { what: "a proxy that does not answer, in root's environment, .curlrc, apt and systemd" },
  "small-mtu": { what: "links of 1400 bytes" },
  "two-subnets": { what: "two networks with a router between them" },
  packages: {
    what: "a source of packages on the host itself: those of the roles that ship",
    offered: [
      "chrony",
      "e2fsprogs",
      "lvm2",
      "nfs-kernel-server",
      "systemd-journal-remote",
      "unattended-upgrades",
      "xfsprogs",
    ],
    imageOnly: true,
  },
  rclone: { what: "rclone, by which an account takes backups", packages: ["rclone"], imageOnly: true },
  python: {
    what: "Python with the module for apt, as Ansible needs it",
    packages: ["python3", "python3-apt"],
    imageOnly: true,
  },
} satisfies Record<string, Variant>;

/** What the hosts of a lab can be like. */
export type VariantName = keyof typeof known;

/** Each by its name, in the order in which several are told. */
export const variants: Readonly<Record<VariantName, Variant>> = known;

/** Names of all variants. */
export const variantNames = Object.keys(known) as VariantName[];

/** Pairs of which a host cannot be both. */
const contrary: readonly (readonly [VariantName, VariantName])[] = [["forward-drop", "forward-closed"]];

const isVariant = (name: string): name is VariantName => Object.hasOwn(known, name);

/**
 * Reads what hosts are to be like.
 * @param words names of variants; one word may have several, with commas between them
 * @returns each once, in the order of `variantNames`
 * @throws LabError with all findings, one a line
 */
export function parseVariants(words: readonly string[]): VariantName[] {
  const names = words.flatMap((word) => word.split(",")).map((name) => name.trim());
  const problems = [...new Set(names)]
    .filter((name) => !isVariant(name))
    .map((name) => `no lab host can be like "${name}": known are ${variantNames.join(", ")}`);
  const chosen = variantNames.filter((name) => names.includes(name));
  for (const pair of contrary) {
    if (pair.every((name) => chosen.includes(name))) {
      problems.push(`lab hosts cannot be like ${pair.join(" and ")} at once: choose one of them`);
    }
  }
  if (problems.length > 0) throw new LabError(problems.join("\n"));
  return chosen;
}

/** What goes into a base image besides the recipe. */
export interface Ingredients {
  /** Code name of the release of Debian. */
  suite: string;
  /** Packages besides those of the recipe, sorted. */
  packages: string[];
  /** Packages that hosts can install, sorted. */
  offered: string[];
}

/** The base image of hosts that are like this. */
export function ingredientsOf(like: readonly VariantName[]): Ingredients {
  const chosen = like.map((name) => variants[name]);
  const once = (names: readonly string[]): string[] => [...new Set(names)].sort();
  return {
    suite: chosen.find(({ suite }) => suite !== undefined)?.suite ?? "bookworm",
    packages: once(chosen.flatMap(({ packages = [] }) => packages)),
    offered: once(chosen.flatMap(({ offered = [] }) => offered)),
  };
}

/** Variants that a script in `host/variants/` makes of a disk at each boot. */
export function scriptedVariants(like: readonly VariantName[]): VariantName[] {
  return like.filter((name) => variants[name].imageOnly !== true);
}
