/** Roles that come with Plinth. A project lists those that it wants in `roles/index.ts`, beside its own. */

export { accounts } from "./accounts.ts";
export { logs } from "./logs.ts";
export { nfsServer } from "./nfs-server.ts";
export { nodeExporter } from "./node-exporter.ts";
export { ssh } from "./ssh.ts";
export { storage } from "./storage.ts";
export { time } from "./time.ts";
export { trust } from "./trust.ts";
export { updates } from "./updates.ts";
