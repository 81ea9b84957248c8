import type { ResourceOptions as SdkOptions } from "@pulumi/pulumi";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { HeldOptions } from "../../components/order.ts";
import type { Ordered } from "../../plan/runs/order.ts";
import type { Project } from "../project/project.ts";
import { withoutDebugMessages } from "./debugging.ts";
import { stackType } from "./events.ts";

type ResourceOptions = SdkOptions & Partial<HeldOptions>;

export type Program = () => Promise<Record<string, unknown>>;

/** The default export of index.ts. Plain `pulumi` calls it without anything. */
type ProjectProgram = (given?: { inventory: unknown }) => ReturnType<Program>;

/** Loads the project's program, which is told of an inventory that stands in for the stack's own. */
export async function loadProgram(project: Project): Promise<Program> {
  const path = join(project.dir, "index.ts");
  if (!existsSync(path)) throw new CliError(`There is no program: ${path} is missing.`, Exit.badInput);
  const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  if (typeof module.default !== "function") {
    throw new CliError(`${path} must export the program as its default: an async function that returns the outputs.`);
  }
  const program = module.default as ProjectProgram;
  const hosts = project.proposal?.hosts;
  return () => (hosts === undefined ? program() : program({ inventory: hosts }));
}

/** A program that is loaded once it is needed, or before, while there is nothing else to do. */
export interface LaterProgram {
  run: Program;
  /** Begins to load it. What goes wrong is told by `run`. */
  load: () => void;
}

export function laterProgram(project: Project): LaterProgram {
  let loading: Promise<Program> | undefined;
  const loaded = (): Promise<Program> => (loading ??= loadProgram(project));
  return {
    run: async () => (await loaded())(),
    load: () => {
      loaded().catch(() => undefined);
    },
  };
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
  /** What waits for what, components included. */
  order: () => readonly Ordered[];
} {
  let thrown: unknown;
  let declared: () => Declared[] = () => [];
  let order: () => Ordered[] = () => [];
  return {
    run: async () => {
      thrown = undefined;
      const { runtime, CustomResource } = await import("@pulumi/pulumi");
      withoutDebugMessages(runtime.getEngine());
      const seen: (Declared & { resource: unknown; opts: ResourceOptions })[] = [];
      runtime.registerStackTransformation(({ resource, type, name, opts }) => {
        seen.push({ resource, type, name, opts });
        return undefined;
      });
      // What kind a resource is shows only after its constructor is through.
      declared = () => seen.filter(({ resource }) => CustomResource.isInstance(resource));
      order = () => orderOf(seen, (resource) => CustomResource.isInstance(resource));
      try {
        return await program();
      } catch (error) {
        thrown = error;
        throw error;
      }
    },
    thrown: () => thrown,
    declared: () => declared(),
    order: () => order(),
  };
}

/** The order that resources were declared with. Dependencies that are outputs or promises are not seen: we use none. */
function orderOf(
  seen: readonly (Declared & { resource: unknown; opts: ResourceOptions })[],
  isCustom: (resource: unknown) => boolean,
): Ordered[] {
  const byResource = new Map(seen.map((one) => [one.resource, one]));
  const chainOf = (resource: unknown): string => {
    const one = byResource.get(resource);
    if (one === undefined || one.type === stackType) return "";
    const above = chainOf(one.opts.parent);
    return above === "" ? one.type : `${above}$${one.type}`;
  };
  const keyOf = (resource: unknown): string | undefined => {
    const one = byResource.get(resource);
    return one === undefined || one.type === stackType ? undefined : `${chainOf(resource)}::${one.name}`;
  };
  return seen.flatMap(({ resource, opts }) => {
    const key = keyOf(resource);
    if (key === undefined) return [];
    const parent = keyOf(opts.parent);
    const { dependsOn = [], heldBy = [] } = opts;
    const dependencies: readonly unknown[] = [dependsOn, heldBy].flat();
    return [
      {
        key,
        ...(parent === undefined ? {} : { parent }),
        custom: isCustom(resource),
        dependsOn: dependencies.flatMap((dependency) => keyOf(dependency) ?? []),
      },
    ];
  });
}
