import { z } from "zod";
import { oneLine } from "../../texts.ts";
import type { Block } from "../block.ts";
import { checked } from "./words.ts";

const parameter = z
  .string()
  .regex(/^[a-z0-9_]+(\.[A-Za-z0-9_/-]+)+$/, "must be a kernel parameter such as net.core.somaxconn");
const moduleName = z.string().regex(/^[A-Za-z0-9_-]+$/, "must be the name of a kernel module such as nf_conntrack");

/**
 * Kernel parameters, now and after every boot. Values are written as the kernel shows them, with single blanks.
 *
 * Drift: the kernel has another value, or the file is another one. Removal: the values from before come back.
 */
export function sysctl(parameters: Readonly<Record<string, string | number>>): Block {
  return {
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([key, value]) => [
        checked(parameter, key, "the parameter"),
        checked(
          oneLine.min(1, "must not be empty"),
          String(value).trim().replaceAll(/\s+/g, " "),
          `the value of ${key}`,
        ),
      ]),
    ),
  };
}

/**
 * A module of the kernel, loaded now and at every boot.
 *
 * Drift: it is not loaded. Removal: it is loaded no more at boot, and unloaded where we have loaded it and nothing uses it.
 */
export function kernelModule(name: string): Block {
  return { modules: [checked(moduleName, name, "the module")] };
}
