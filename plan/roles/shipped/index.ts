import { accounts } from "./accounts.ts";
import { firewall } from "./firewall.ts";
import { logs } from "./logs.ts";
import { nfsServer } from "./nfs-server.ts";
import { nodeExporter } from "./node-exporter.ts";
import { ssh } from "./ssh.ts";
import { storage } from "./storage.ts";
import { time } from "./time.ts";
import { trust } from "./trust.ts";
import { updates } from "./updates.ts";

/** Roles that come with Plinth. A project lists those that it wants in `roles/index.ts`, beside its own: `[shipped.time, motd]`. */
export const shipped = {
  accounts,
  firewall,
  logs,
  nfsServer,
  nodeExporter,
  ssh,
  storage,
  time,
  trust,
  updates,
} as const;
