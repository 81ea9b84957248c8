import { isIP } from "node:net";
import { z } from "zod";
import { user } from "../blocks/accounts.ts";
import { archive } from "../blocks/downloads.ts";
import { directory } from "../blocks/files.ts";
import { unit } from "../blocks/units.ts";
import { defineRole } from "../define.ts";

const home = "/opt/node-exporter";

/** Folder whose files `*.prom` are told with the figures of the host: whoever has some writes them there. */
export const textfileFolder = "/var/lib/node-exporter";

/** Figures of the host for Prometheus: node_exporter as its project releases it. */
export const nodeExporter = defineRole({
  name: "node-exporter",
  parameters: z.object({
    /** Its archive by architecture: where it is (see `archive`), and its SHA-256. */
    archives: z.record(z.enum(["amd64", "arm64"]), z.strictObject({ from: z.string(), sha256: z.string() }).optional()),
    /** The address that it listens on. Default: loopback, where a proxy with a login may stand before it. */
    listen: z
      .string()
      .default("127.0.0.1")
      .refine((text) => isIP(text) !== 0, "must be an address"),
    port: z.int().min(1024).max(65535).default(9100),
    /** Collectors that are on besides those that it has by itself, and those that are off. */
    collect: z.array(z.string().regex(/^[a-z_.]+$/, "must be the name of a collector")).default(["systemd"]),
    leave: z.array(z.string().regex(/^[a-z_.]+$/, "must be the name of a collector")).default(["wifi", "infiniband"]),
  }),
  plan: ({ host, parameters: { archives, listen, port, collect, leave } }) => {
    const source = archives[host.arch];
    if (source === undefined) throw new Error(`its parameter archives has none for ${host.arch}`);
    const address = isIP(listen) === 6 ? `[${listen}]` : listen;
    return [
      user("node-exporter", { system: true }),
      directory(textfileFolder),
      archive(home, { ...source, strip: 1, restart: "node-exporter.service" }),
      unit(
        "node-exporter.service",
        [
          "[Unit]",
          "Description=Figures of this host for Prometheus",
          "After=network-online.target",
          "Wants=network-online.target",
          "[Service]",
          "User=node-exporter",
          `ExecStart=${[
            `${home}/node_exporter`,
            `--web.listen-address=${address}:${port}`,
            `--collector.textfile.directory=${textfileFolder}`,
            ...collect.map((name) => `--collector.${name}`),
            ...leave.map((name) => `--no-collector.${name}`),
          ].join(" ")}`,
          "Restart=always",
          "RestartSec=5",
          "NoNewPrivileges=true",
          "ProtectSystem=strict",
          "ProtectHome=true",
          "PrivateTmp=true",
          "CapabilityBoundingSet=",
          "[Install]",
          "WantedBy=multi-user.target",
        ].join("\n"),
      ),
    ];
  },
});
