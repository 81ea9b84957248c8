import type { AlertCase } from "../support/cases.ts";
import { etcdCases } from "./etcd.ts";
import { hostCases } from "./hosts.ts";
import { kubernetesCases } from "./kubernetes.ts";
import { machineCases } from "./machines.ts";
import { monitoringCases } from "./monitoring.ts";
import { plinthCases } from "./plinth.ts";

/** What every alert is tested with. */
export const cases: readonly AlertCase[] = [
  ...hostCases,
  ...machineCases,
  ...etcdCases,
  ...kubernetesCases,
  ...plinthCases,
  ...monitoringCases,
];
