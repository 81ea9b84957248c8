import { readFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "../../home.ts";

/** The version of Plinth itself, for example `0.1.0`. */
export function plinthVersion(): string {
  const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { version: string };
  return version;
}
