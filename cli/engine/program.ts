import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { Project } from "./project.ts";

export type Program = () => Promise<Record<string, unknown>>;

/** Loads the project's program: the default export of index.ts. */
export async function loadProgram(project: Project): Promise<Program> {
  const path = join(project.dir, "index.ts");
  if (!existsSync(path)) throw new CliError(`There is no program: ${path} is missing.`, Exit.badInput);
  const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  if (typeof module.default !== "function") {
    throw new CliError(`${path} must export the program as its default: an async function that returns the outputs.`);
  }
  return module.default as Program;
}

/** A resource that the program has declared. */
export interface Declared {
  type: string;
  name: string;
}

/**
 * Wraps a program so that its error can be shown as it is (the engine knows errors of a program as text with a stack
 * trace only), and so that after a failure one can tell what was declared and never reached.
 */
export function observed(program: Program): {
  run: Program;
  thrown: () => unknown;
  declared: () => readonly Declared[];
} {
  let thrown: unknown;
  let declared: () => Declared[] = () => [];
  return {
    run: async () => {
      thrown = undefined;
      const { runtime, CustomResource } = await import("@pulumi/pulumi");
      const seen: (Declared & { resource: unknown })[] = [];
      runtime.registerStackTransformation(({ resource, type, name }) => {
        seen.push({ resource, type, name });
        return undefined;
      });
      // What kind a resource is shows only after its constructor is through.
      declared = () => seen.filter(({ resource }) => CustomResource.isInstance(resource));
      try {
        return await program();
      } catch (error) {
        thrown = error;
        throw error;
      }
    },
    thrown: () => thrown,
    declared: () => declared(),
  };
}
