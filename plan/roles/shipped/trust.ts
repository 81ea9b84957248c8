import { z } from "zod";
import { oneLine } from "../../texts.ts";
import { file } from "../blocks/files.ts";
import { packageInstalled } from "../blocks/packages.ts";
import { certificateAuthority } from "../blocks/trust.ts";
import type { Block } from "../block.ts";
import { defineRole } from "../define.ts";

const proxy = oneLine.regex(
  /^https?:\/\/[^@\s"']+$/,
  "must be an address of http or https without a login, such as http://proxy.example.com:3128",
);

/**
 * Authorities of one's own that programs of the host trust, and the proxy by which people who log in and package managers reach the world. What
 * Plinth itself fetches, and containerd, go by `plinth:proxies`.
 */
export const trust = defineRole({
  name: "trust",
  parameters: z.object({
    /** Certificates of authorities in PEM, by a name. */
    authorities: z.record(z.string(), z.string()).default({}),
    /** Units that read the list of authorities when they start, such as containerd.service. */
    restart: z.array(z.string()).default([]),
    /** The proxy of package managers and of people who log in. Default: none. */
    proxy: proxy.optional(),
    /** What is reached without it: names, addresses and networks. */
    noProxy: z.array(oneLine.regex(/^[A-Za-z0-9.:/*_-]+$/, "must be a name, an address or a network")).default([]),
  }),
  plan: ({ parameters: { authorities, restart, proxy: by, noProxy }, facts }): Block[] => [
    ...(Object.keys(authorities).length === 0 ? [] : [packageInstalled("ca-certificates")]),
    ...Object.entries(authorities).map(([name, text]) => certificateAuthority(name, text, { restart })),
    ...(by === undefined
      ? []
      : [
          file("/etc/profile.d/plinth-proxy.sh", {
            content: [
              ...["http", "https"].map((kind) => `export ${kind}_proxy=${by} ${kind.toUpperCase()}_PROXY=${by}`),
              ...(noProxy.length === 0 ? [] : [`export no_proxy=${noProxy.join(",")} NO_PROXY=${noProxy.join(",")}`]),
            ].join("\n"),
          }),
          ...(facts.family === "debian"
            ? [
                file("/etc/apt/apt.conf.d/70plinth-proxy", {
                  content: [
                    `Acquire::http::Proxy "${by}";`,
                    `Acquire::https::Proxy "${by}";`,
                    ...noProxy
                      .filter((one) => /^[A-Za-z0-9.-]+$/.test(one))
                      .flatMap((one) => [
                        `Acquire::http::Proxy::${one} "DIRECT";`,
                        `Acquire::https::Proxy::${one} "DIRECT";`,
                      ]),
                  ].join("\n"),
                }),
              ]
            : []),
        ]),
  ],
});
