/** What `hosts/<stack>.ts` of a project needs: the shape of a host. */
export type { Host, HostInput, Role, Taint } from "./plan/inventory.ts";
