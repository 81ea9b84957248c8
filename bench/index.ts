export { benchCommands, type CommandRow } from "./commands.ts";
export { benchFleet, type FleetBenchOptions, type FleetRow } from "./fleetbench.ts";
export type { StartupLimit } from "./fleet/startups.ts";
export { commandTable, fleetTable, writeReport } from "./report.ts";
