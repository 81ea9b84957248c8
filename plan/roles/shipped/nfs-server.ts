import { z } from "zod";
import { oneLine } from "../../texts.ts";
import { directory, file } from "../blocks/files.ts";
import { packageInstalled } from "../blocks/packages.ts";
import type { Block } from "../block.ts";
import { defineRole } from "../define.ts";

const client = oneLine.regex(/^[A-Za-z0-9*?.:/@_-]+$/, "must be a host, a network such as 192.0.2.0/24, or a pattern");
const options = oneLine.regex(/^[a-z_=0-9,:/-]+$/, "must be options of exports(5) with commas");

/** Directories that other machines mount by NFS. */
export const nfsServer = defineRole({
  name: "nfs-server",
  parameters: z.object({
    /** Directory → client → options, such as `{ "/srv/data": { "192.0.2.0/24": "rw,sync,no_subtree_check" } }`. */
    exports: z.record(z.string(), z.record(client, options)),
  }),
  plan: ({ parameters: { exports }, facts }): Block[] => [
    packageInstalled(facts.family === "rhel" ? "nfs-utils" : "nfs-kernel-server"),
    ...Object.keys(exports).map((path) => directory(path)),
    file("/etc/exports.d/plinth.exports", {
      content: Object.entries(exports)
        .map(
          ([path, clients]) =>
            `${path} ${Object.entries(clients)
              .map(([who, how]) => `${who}(${how})`)
              .join(" ")}`,
        )
        .join("\n"),
      reload: "nfs-server.service",
    }),
  ],
});
