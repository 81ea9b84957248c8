import type { BundlePart } from "./part.ts";
import { renderUnit, unitFile } from "./systemd.ts";

const motdUnit = "plinth-motd.service";
const text = "/etc/motd.d/plinth";
/** Where logins read it, also on hosts whose /etc/motd.d they do not read. */
const shown = "/run/motd.d/plinth";

/** What a login on the host is told: that its configuration has an owner. */
export const motd: BundlePart = {
  name: "motd",
  directories: [{ path: "/etc/motd.d", mode: "0755", owner: "root:root" }],
  plan: ({ host, config }) => ({
    files: [
      {
        path: text,
        mode: "0644",
        owner: "root:root",
        restart: [motdUnit],
        content: `${host.name} belongs to the cluster ${config.clusterName}; changes by hand are undone by ./plinth up --heal.\n`,
      },
      unitFile(
        motdUnit,
        renderUnit({
          unit: { Description: "The message of the day, where logins read it" },
          service: {
            Type: "oneshot",
            RemainAfterExit: "yes",
            ExecStart: `/usr/bin/install -D -m 0644 ${text} ${shown}`,
          },
        }),
        "0644",
      ),
    ],
    units: [motdUnit],
    checks: [{ name: "command", deadline: 10, unit: motdUnit, args: { words: ["test", "-s", shown] } }],
  }),
};
