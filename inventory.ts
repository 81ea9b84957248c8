/**
 * What `hosts/<stack>.ts` of a project needs, as `plinth/inventory`: the shape of a host.
 *
 * @module
 */

export type { HostInput, Role, Taint } from "./plan/inventory.ts";
