import { z } from "zod";
import { oneLine } from "../../texts.ts";
import { file } from "../blocks/files.ts";
import { packageInstalled } from "../blocks/packages.ts";
import { defineRole } from "../define.ts";

const server = oneLine.regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, "must be an address or a DNS name");
const network = oneLine.regex(/^[0-9a-fA-F.:]+(\/\d{1,3})?$/, "must be an address or a network such as 192.0.2.0/24");

/** The time of hosts by chrony, which members of etcd and certificates live on. */
export const time = defineRole({
  name: "time",
  parameters: z.object({
    /** Servers of NTP, by address or name. */
    servers: z.array(server).default([]),
    /** Names that stand for many servers. */
    pools: z.array(server).default([]),
    /** Networks whose machines may ask this host. Default: nobody may. */
    allow: z.array(network).default([]),
    /** Seconds by which the clock may jump in its first three updates; later it is slewed. */
    step: z.number().positive().default(1),
  }),
  plan: ({ parameters: { servers, pools, allow, step }, facts }) => {
    if (servers.length + pools.length === 0)
      throw new Error("it has neither servers nor pools: set one of its parameters");
    const isDebian = facts.family === "debian";
    const drift = isDebian ? "/var/lib/chrony/chrony.drift" : "/var/lib/chrony/drift";
    return [
      packageInstalled("chrony"),
      file(isDebian ? "/etc/chrony/chrony.conf" : "/etc/chrony.conf", {
        content: [
          ...servers.map((name) => `server ${name} iburst`),
          ...pools.map((name) => `pool ${name} iburst`),
          `driftfile ${drift}`,
          `makestep ${step} 3`,
          "rtcsync",
          "leapsectz right/UTC",
          ...(allow.length === 0 ? ["port 0"] : allow.map((one) => `allow ${one}`)),
          // Nobody asks it for its state but by its socket.
          "cmdport 0",
        ].join("\n"),
        validate: "chronyd -p -f %",
        restart: isDebian ? "chrony.service" : "chronyd.service",
      }),
    ];
  },
});
