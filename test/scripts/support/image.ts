/**
 * Images of distributions: a host in a directory with what matters to our scripts of a distribution that tests cannot boot, its
 * os-release, the names of its packages and its tools.
 */

import { copyFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Family } from "../../../plan/distributions.ts";
import type { FakeHost } from "./fake-host.ts";

const directory = join(import.meta.dirname, "images");

export interface Image {
  family: Family;
  /** As `os` in facts. */
  os: string;
  /** Version of systemd, as `systemctl --version` has it in its first line. */
  systemd: string;
  /** What /sys/fs/selinux/enforce holds on a fresh installation; undefined where the kernel has no policy. */
  enforce?: string;
  /** Whether firewalld runs on a fresh installation. */
  firewalld: boolean;
}

/** Name → what is particular about a fresh installation. */
export const images = {
  "debian-12": { family: "debian", os: "debian 12", systemd: "252 (252.39-1~deb12u1)", firewalld: false },
  "debian-13": { family: "debian", os: "debian 13", systemd: "257 (257.9-1~deb13u1)", firewalld: false },
  "ubuntu-22.04": { family: "debian", os: "ubuntu 22.04", systemd: "249 (249.11-0ubuntu3.16)", firewalld: false },
  "ubuntu-24.04": { family: "debian", os: "ubuntu 24.04", systemd: "255 (255.4-1ubuntu8.10)", firewalld: false },
  "rocky-9": { family: "rhel", os: "rocky 9.5", systemd: "252 (252-46.el9_5.3)", enforce: "1", firewalld: true },
  "alma-9": { family: "rhel", os: "almalinux 9.5", systemd: "252 (252-46.el9_5.3)", enforce: "1", firewalld: true },
  "rhel-9": { family: "rhel", os: "rhel 9.5", systemd: "252 (252-46.el9_5.3)", enforce: "1", firewalld: true },
  "leap-15.6": { family: "suse", os: "opensuse-leap 15.6", systemd: "254 (254.24+suse.148)", firewalld: true },
} as const satisfies Record<string, Image>;

export type ImageName = keyof typeof images;
export const imageNames = Object.keys(images) as ImageName[];

/** Zones of a fresh installation with one interface. */
export const freshZones = zoneText("public", { active: true, interfaces: ["eth0"], services: ["cockpit", "ssh"] });

/** A zone as `firewall-cmd --list-all-zones` prints it. */
export function zoneText(
  name: string,
  zone: Partial<
    { active: boolean; target: string } & Record<
      "interfaces" | "sources" | "services" | "ports" | "protocols",
      string[]
    >
  >,
): string {
  const list = (key: "interfaces" | "sources" | "services" | "ports" | "protocols") =>
    `  ${key}: ${(zone[key] ?? []).join(" ")}`;
  return [
    `${name}${zone.active === true ? " (active)" : ""}`,
    `  target: ${zone.target ?? "default"}`,
    "  icmp-block-inversion: no",
    ...(["interfaces", "sources", "services", "ports", "protocols"] as const).map(list),
    ...[
      "  forward: yes",
      "  masquerade: no",
      "  forward-ports: ",
      "  source-ports: ",
      "  icmp-blocks: ",
      "  rich rules: ",
    ],
    "",
    "",
  ].join("\n");
}

/** Makes a host one of that distribution. */
export function dress(host: FakeHost, name: ImageName): Image {
  const image: Image = images[name];
  host.write("/etc/os-release", readFileSync(join(directory, "releases", name), "utf8"));
  const tools = join(directory, image.family, "tools");
  for (const tool of readdirSync(tools)) copyFileSync(join(tools, tool), join(host.fakes, "bin", tool));
  copyFileSync(join(directory, "repository.sh"), join(host.fakes, "repository.sh"));
  copyFileSync(join(directory, image.family, "repository"), join(host.fakes, "repository"));
  writeFileSync(join(host.fakes, "systemd-version"), `systemd ${image.systemd}\n`);
  if (image.enforce !== undefined) {
    host.write("/sys/fs/selinux/enforce", image.enforce);
    writeFileSync(join(host.fakes, "sebools"), "haproxy_connect_any off\nkeepalived_connect_any off\n");
  }
  if (image.firewalld) {
    host.setUnit("firewalld.service", "active", "active");
    writeFileSync(join(host.fakes, "zones"), freshZones);
  }
  return image;
}
