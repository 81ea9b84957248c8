import { z } from "zod";
import { oneLine } from "../../texts.ts";
import { file } from "../blocks/files.ts";
import { packageInstalled } from "../blocks/packages.ts";
import { dropIn, service } from "../blocks/units.ts";
import type { Block } from "../block.ts";
import { defineRole } from "../define.ts";

/** Packages whose daemons Plinth runs: upgrades of them restart what only a wave may. */
const owned = ["haproxy", "keepalived"];
/** Units of Plinth, as needrestart matches their names. */
const units = "^(etcd|kube-|kubelet|containerd|haproxy|keepalived|flanneld|plinth-)";

/** Upgrades that close holes, every day and by themselves. What Plinth runs is neither upgraded nor restarted, and no host boots. */
export const updates = defineRole({
  name: "updates",
  parameters: z.object({
    /** When, as systemd.time(7) has it. */
    at: oneLine.default("*-*-* 04:00"),
    /** The most by which it is later, so that hosts do not begin at once; as systemd.time(7) has it. */
    spread: oneLine.default("2h"),
    /** Packages that stay as they are besides. */
    leave: z.array(oneLine.regex(/^[A-Za-z0-9][A-Za-z0-9.+_*-]*$/, "must be the name of a package")).default([]),
  }),
  plan: ({ parameters: { at, spread, leave }, facts }): Block[] => {
    const left = [...owned, ...leave];
    const timer = (unit: string): Block =>
      dropIn(
        unit,
        "70-plinth",
        ["[Timer]", "OnCalendar=", `OnCalendar=${at}`, `RandomizedDelaySec=${spread}`, "Persistent=true"].join("\n"),
      );
    switch (facts.family) {
      case "debian":
        return [
          packageInstalled("unattended-upgrades"),
          file("/etc/apt/apt.conf.d/70plinth-updates", {
            content: [
              'APT::Periodic::Update-Package-Lists "1";',
              'APT::Periodic::Unattended-Upgrade "1";',
              'Unattended-Upgrade::Automatic-Reboot "false";',
              // Debian's and Ubuntu's security; the distribution's file has them as well, and lists are joined.
              "Unattended-Upgrade::Package-Blacklist {",
              ...left.map(
                (name) => `  "^${name.replaceAll("+", "\\\\+").replaceAll(".", "\\\\.").replaceAll("*", ".*")}$";`,
              ),
              "};",
            ].join("\n"),
            validate: "apt-config -c % dump",
          }),
          // Asked by upgrades which services are to be restarted, where it is installed.
          file("/etc/needrestart/conf.d/70-plinth.conf", { content: `$nrconf{override_rc}{qr(${units})} = 0;` }),
          timer("apt-daily-upgrade.timer"),
        ];
      case "rhel":
        return [
          packageInstalled("dnf-automatic"),
          file("/etc/dnf/automatic.conf", {
            content: [
              "[commands]",
              "upgrade_type = security",
              "download_updates = yes",
              "apply_updates = yes",
              "reboot = never",
              "[emitters]",
              "emit_via = stdio",
              "[base]",
              `exclude = ${left.join(" ")}`,
            ].join("\n"),
          }),
          timer("dnf-automatic.timer"),
          service("dnf-automatic.timer"),
        ];
      case "suse":
        throw new Error(
          "systems with zypper have no upgrades by themselves that leave packages out: use their own tools",
        );
    }
  },
});
