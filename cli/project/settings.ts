import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { concealSecrets, holdsUnread, type RawConfig } from "../../plan/rawconfig.ts";
import { readConfig } from "../../plan/stackconfig.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { Project } from "./project.ts";

/** What the command line needs from Pulumi.yaml and Pulumi.<stack>.yaml before the program runs. */
export interface StackSettings {
  readonly projectName: string;
  /** `backend.url` of Pulumi.yaml, if the project pins one. */
  readonly backendUrl: string | undefined;
  /** The stack's configuration as the program gets it, except for secrets that nobody has asked for: see `reveal`. */
  readonly config: RawConfig;
}

/** Gives the whole configuration with every secret in clear, as the engine hands it to the program: `NAMESPACE:KEY` → text. */
export type Decrypt = () => Promise<Readonly<Record<string, string>>>;

type Yaml = Record<string, unknown>;

function isRecord(value: unknown): value is Yaml {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The stack's own file, or what stands in for it. */
export function readStackFile(project: Project, stack: string): Yaml {
  return { ...(project.proposal?.stackFile ?? readYaml(join(project.dir, `Pulumi.${stack}.yaml`))) };
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

function section(file: Yaml, name: string): Yaml {
  return isRecord(file[name]) ? file[name] : {};
}

/** Values that Pulumi.yaml gives to every stack, which the engine fills in where the stack's own file has none. */
function projectValues(projectFile: Yaml, project: string): Yaml {
  return Object.fromEntries(
    Object.entries(section(projectFile, "config")).flatMap(([key, entry]): [string, unknown][] => {
      const value = isRecord(entry) ? (entry["value"] ?? entry["default"]) : entry;
      return value === undefined ? [] : [[key.includes(":") ? key : `${project}:${key}`, value]];
    }),
  );
}

export function readSettings(project: Project, stack: string): StackSettings {
  const projectFile = readYaml(join(project.dir, "Pulumi.yaml"));
  const stackFile = readStackFile(project, stack);
  const name = text(projectFile["name"]);
  if (name === undefined) {
    throw new CliError(`${join(project.dir, "Pulumi.yaml")} has no project name.`, Exit.badInput);
  }
  const values = { ...projectValues(projectFile, name), ...section(stackFile, "config") };
  return {
    projectName: name,
    backendUrl: text(section(projectFile, "backend")["url"]),
    config: readConfig(Object.fromEntries(Object.entries(values).map(([key, value]) => [key, concealSecrets(value)]))),
  };
}

/**
 * The same settings with the values of these keys in clear. All other secrets stay unread.
 *
 * @param decrypt asked only when one of the keys holds a secret.
 */
export async function reveal(
  settings: StackSettings,
  keys: readonly string[],
  decrypt: Decrypt,
): Promise<StackSettings> {
  const hidden = keys.filter((key) => holdsUnread(settings.config[key]));
  if (hidden.length === 0) return settings;
  const clear = readConfig(await decrypt());
  return { ...settings, config: { ...settings.config, ...Object.fromEntries(hidden.map((key) => [key, clear[key]])) } };
}
