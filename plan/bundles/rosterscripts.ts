import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BundleDirectory, BundleFile } from "../bundle.ts";

/** Steps of the roster; each is a script in scripts/roster, behind what they share. */
export const rosterSteps = ["drain", "register", "evacuation", "roster"] as const;
export type RosterStepName = (typeof rosterSteps)[number];

const sources = join(import.meta.dirname, "../../scripts/roster");
const directory = "/usr/local/lib/plinth/roster";

/** Where control-plane hosts have the script of a step. */
export function rosterScriptPath(step: RosterStepName): string {
  return `${directory}/${step}`;
}

/**
 * The roster's scripts, as files of the control-plane hosts: were they part of the commands, every change of a script
 * would drain every Node.
 */
export const rosterScripts: readonly BundleFile[] = rosterSteps.map((step) => ({
  path: rosterScriptPath(step),
  mode: "0755",
  owner: "root:root",
  content: ["#!/bin/sh\n", ...["common", step].map((name) => readFileSync(join(sources, `${name}.sh`), "utf8"))].join(
    "",
  ),
}));

export const rosterDirectories: readonly BundleDirectory[] = [{ path: directory, mode: "0755", owner: "root:root" }];
