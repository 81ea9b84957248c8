/** Families of distributions: within one, packages have the same names and are installed by the same tool. */
export const families = ["debian", "rhel", "suse"] as const;
export type Family = (typeof families)[number];

/** What /etc/os-release says in `ID` and `ID_LIKE` (os-release(5)), and the family that has it. A host is of the first that fits. */
export const familyIds: Readonly<Record<Family, readonly string[]>> = {
  debian: ["debian", "ubuntu"],
  rhel: ["rhel", "centos", "fedora"],
  suse: ["suse", "sles", "opensuse"],
};

/**
 * Names of the packages that bundles ask for, by the name that they have in bundles, which is Debian's. Sources: the
 * distributions' own package lists; RHEL 9 and its rebuilds have all of them in BaseOS and AppStream, Leap 15.6 in its main repository.
 */
export const packageNames: Readonly<Record<string, Readonly<Partial<Record<Family, string>>>>> = {
  kmod: { debian: "kmod", rhel: "kmod", suse: "kmod" },
  nftables: { debian: "nftables", rhel: "nftables", suse: "nftables" },
  conntrack: { debian: "conntrack", rhel: "conntrack-tools", suse: "conntrack-tools" },
  ethtool: { debian: "ethtool", rhel: "ethtool", suse: "ethtool" },
  socat: { debian: "socat", rhel: "socat", suse: "socat" },
  iptables: { debian: "iptables", rhel: "iptables-nft", suse: "iptables" },
  ipset: { debian: "ipset", rhel: "ipset", suse: "ipset" },
  haproxy: { debian: "haproxy", rhel: "haproxy", suse: "haproxy" },
  keepalived: { debian: "keepalived", rhel: "keepalived", suse: "keepalived" },
  // Asked for on hosts with SELinux whose distribution has them.
  "container-selinux": { rhel: "container-selinux", suse: "container-selinux" },
  "policycoreutils-python-utils": { rhel: "policycoreutils-python-utils", suse: "policycoreutils-python-utils" },
};

/** The names that differ from those in bundles, as words `FAMILY:NAME=OTHER`, for the host script. */
export function renamedPackages(): string {
  const words = Object.entries(packageNames).flatMap(([name, names]) =>
    families.flatMap((family) => {
      const own = names[family];
      return own === undefined || own === name ? [] : [`${family}:${name}=${own}`];
    }),
  );
  return words.join(" ");
}

/** The ids of the families, as words `FAMILY:ID`, for scripts. */
export function familyWords(): string {
  return families.flatMap((family) => familyIds[family].map((id) => `${family}:${id}`)).join(" ");
}
