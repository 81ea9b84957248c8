import { existsSync } from "node:fs";
import { dirname, extname, join } from "node:path";

/**
 * Where Plinth's own files are: a clone of Plinth, or the folder of its package below `node_modules`, which is laid out in the same way, with
 * JavaScript in place of TypeScript. What belongs to one module (host scripts, recipes of the lab, Go modules) lies beside it, and is found by
 * that module's own folder. Nothing is ever written here.
 */
export const home = import.meta.dirname;

/** What the names of Plinth's own modules end in here: `.ts` in a clone, `.js` in the package. */
export const moduleExtension = extname(import.meta.filename);

/** Whether Plinth is a package of a project, and not the clone that is a project itself. */
export const isPackage = moduleExtension === ".js";

/** Environment variable with the project's folder, where that is not to be found from the working directory. Of no effect in a clone. */
export const projectVariable = "PLINTH_PROJECT";

/** What the search for a project goes by. */
export interface ProjectSearch {
  /** Plinth's own folder, when it is a clone: it is the project, whatever the working directory. */
  clone?: string;
  /** The value of {@link projectVariable}. */
  named?: string | undefined;
  /** The working directory, absolute. */
  from: string;
}

/**
 * The folder of the project that is worked on: the clone, else the one that is named, else the nearest folder with a `Pulumi.yaml`, from the
 * working directory upwards.
 *
 * @returns undefined where there is none; a folder that is named is not looked at.
 */
export function findProject({ clone, named, from }: ProjectSearch): string | undefined {
  if (clone !== undefined) return clone;
  if (named !== undefined && named !== "") return named;
  for (let dir = from; ; dir = dirname(dir)) {
    if (existsSync(join(dir, "Pulumi.yaml"))) return dir;
    if (dir === dirname(dir)) return undefined;
  }
}

/** The same for this process. */
export function projectDir(): string | undefined {
  return findProject({
    ...(isPackage ? {} : { clone: home }),
    named: process.env[projectVariable],
    from: process.cwd(),
  });
}
