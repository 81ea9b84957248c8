import { z } from "zod";
import { oneLine } from "../../texts.ts";
import { directory, file } from "../blocks/files.ts";
import { packageInstalled } from "../blocks/packages.ts";
import { secret } from "../blocks/secrets.ts";
import { dropIn, service } from "../blocks/units.ts";
import type { Block } from "../block.ts";
import { defineRole } from "../define.ts";

const folder = "/etc/systemd/plinth-upload";

/** The journal of hosts: how much of it stays, and a collector that gets all of it (systemd-journal-remote, or what speaks its protocol). */
export const logs = defineRole({
  name: "logs",
  parameters: z.object({
    /** The most that the journal takes of its disk, such as 1G. */
    size: oneLine.regex(/^[1-9]\d*[KMGT]$/, "must be a size such as 1G").default("1G"),
    /** How long entries stay, such as 1month. Default: as long as there is room. */
    age: oneLine.regex(/^[1-9]\d*(h|day|week|month)$/, "must be a time such as 1month").optional(),
    /** Where entries go besides. Default: nowhere. */
    collector: oneLine
      .regex(
        /^(https:\/\/[^@\s]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/[^@\s]*)?)$/,
        "must be an address of https without a login, or of http on the host itself",
      )
      .optional(),
    /** Certificate of the authority of the collector, in PEM. Default: those that the host trusts. */
    authority: z.string().optional(),
    /** The certificate by which the host shows who it is, in PEM; its key is the secret that `key` names. */
    certificate: z.string().optional(),
    /** Name in `plinth:secrets` of the key. */
    key: z.string().optional(),
  }),
  plan: ({ parameters: { size, age, collector, authority, certificate, key } }): Block[] => {
    if ((certificate === undefined) !== (key === undefined))
      throw new Error("it has one of certificate and key: a collector takes both or none");
    const journal = file("/etc/systemd/journald.conf.d/70-plinth.conf", {
      content: [
        "[Journal]",
        "Storage=persistent",
        `SystemMaxUse=${size}`,
        ...(age === undefined ? [] : [`MaxRetentionSec=${age}`]),
      ].join("\n"),
      restart: "systemd-journald.service",
    });
    if (collector === undefined) return [journal];
    const unit = "systemd-journal-upload.service";
    const open = { mode: "0644", restart: unit };
    return [
      journal,
      packageInstalled("systemd-journal-remote"),
      directory(folder),
      ...(authority === undefined ? [] : [file(`${folder}/authority.pem`, { content: authority, ...open })]),
      ...(certificate === undefined || key === undefined
        ? []
        : [
            file(`${folder}/host.pem`, { content: certificate, ...open }),
            file(`${folder}/host.key`, {
              content: secret(key),
              mode: "0640",
              owner: "root:systemd-journal",
              restart: unit,
            }),
          ]),
      file("/etc/systemd/journal-upload.conf", {
        content: [
          "[Upload]",
          `URL=${collector}`,
          `ServerKeyFile=${key === undefined ? "-" : `${folder}/host.key`}`,
          `ServerCertificateFile=${key === undefined ? "-" : `${folder}/host.pem`}`,
          ...(authority === undefined ? [] : [`TrustedCertificateFile=${folder}/authority.pem`]),
        ].join("\n"),
        restart: unit,
      }),
      // It ends when the collector is away, and tries again for as long as that lasts.
      dropIn(unit, "70-plinth", "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\nRestartSec=10"),
      service(unit),
    ];
  },
});
