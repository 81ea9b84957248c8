import { changes } from "./changes.ts";
import { faults } from "./faults.ts";
import type { Scenario } from "./scenario.ts";

export const scenarios: readonly Scenario[] = [...faults, ...changes];
