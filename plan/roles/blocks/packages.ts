import { z } from "zod";
import type { Block } from "../block.ts";
import { checked } from "./words.ts";

const packageName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]*$/, "must be the name of a package of Debian, such as chrony");

/**
 * A package of the distribution, by the name that Debian has for it; where others call it otherwise, `facts.family` tells. A daemon that comes
 * with it does not start before the role's files are there.
 *
 * Drift: it is not installed. Removal: it goes when we have installed it and nothing else needs it; its configuration files stay.
 */
export function packageInstalled(name: string): Block {
  return { resources: [{ kind: "package", key: checked(packageName, name, "the package") }] };
}
