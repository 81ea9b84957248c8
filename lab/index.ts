export { labCommand } from "./command.ts";
export { Lab } from "./lab.ts";
export { LabError } from "./types.ts";
export type { LabHost, LabHostState, LabHostStatus, LabOptions } from "./types.ts";
