import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { RoleShape } from "../plan/roles/shape.ts";

/**
 * The roles that `roles/index.ts` of a project exports; none where there is no such file. Its code runs.
 *
 * @throws Error when the file cannot be loaded, or exports no list.
 */
export async function readRoles(dir: string): Promise<readonly RoleShape[]> {
  const file = join(dir, "roles", "index.ts");
  if (!existsSync(file)) return [];
  const { roles } = await load(file);
  if (!Array.isArray(roles)) throw new Error(`${file} must export a list of roles: export const roles = [ … ]`);
  return roles as RoleShape[];
}

async function load(file: string): Promise<{ roles?: unknown }> {
  try {
    return (await import(pathToFileURL(file).href)) as { roles?: unknown };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the roles in ${file} cannot be loaded: ${reason}`, { cause: error });
  }
}
