export { labUser, operatorAddress, type LabHost, type RolesLab } from "./hosts.ts";
export type { RoleRow } from "./measure.ts";
export { rolesTable } from "./report.ts";
export { benchRoles, type RolesBenchOptions } from "./rolesbench.ts";
