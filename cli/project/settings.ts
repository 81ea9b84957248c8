import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { Project } from "./project.ts";

/** What the command line needs from Pulumi.yaml and Pulumi.<stack>.yaml before the program runs. */
export interface StackSettings {
  readonly projectName: string;
  /** `backend.url` of Pulumi.yaml, if the project pins one. */
  readonly backendUrl: string | undefined;
  /** The stack's values in the project's namespace (`plinth:`), key → value as written. */
  readonly config: Readonly<Record<string, unknown>>;
}

type Yaml = Record<string, unknown>;

function isRecord(value: unknown): value is Yaml {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads one YAML file into a map; a missing file is an empty map. */
function readYaml(path: string): Yaml {
  if (!existsSync(path)) return {};
  let value: unknown;
  try {
    value = parse(readFileSync(path, "utf8"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`${path} is not valid YAML: ${reason}`, Exit.badInput);
  }
  if (value === null || value === undefined) return {};
  if (!isRecord(value)) throw new CliError(`${path} must hold a map of settings.`, Exit.badInput);
  return value;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function readSettings(project: Project, stack: string): StackSettings {
  const projectFile = readYaml(join(project.dir, "Pulumi.yaml"));
  const stackFile = readYaml(join(project.dir, `Pulumi.${stack}.yaml`));
  const name = text(projectFile["name"]);
  if (name === undefined) {
    throw new CliError(`${join(project.dir, "Pulumi.yaml")} has no project name.`, Exit.badInput);
  }
  const config = isRecord(stackFile["config"]) ? stackFile["config"] : {};
  const backend = isRecord(projectFile["backend"]) ? projectFile["backend"] : {};
  const prefix = `${name}:`;
  return {
    projectName: name,
    backendUrl: text(backend["url"]),
    config: Object.fromEntries(
      Object.entries(config)
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => [key.slice(prefix.length), value]),
    ),
  };
}
