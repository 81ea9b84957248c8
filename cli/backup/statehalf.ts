import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { Readable } from "node:stream";
import { expandHome } from "../../components/host/sshfiles.ts";
import type { StateSet } from "../../plan/backup/set.ts";
import { buildStateHalf, relativeImports, stackFolders, type StateHalf } from "../../plan/backup/statehalf.ts";
import { parseConfig } from "../../plan/config.ts";
import { operatorFilesOf } from "../../plan/operatorfiles.ts";
import { registryFilesOf } from "../../plan/registrysettings.ts";
import { readConfig } from "../../plan/stackconfig.ts";
import type { Project } from "../project/project.ts";
import { plinthVersion } from "../project/version.ts";
import { runPulumi } from "../pulumi/cli.ts";
import { readConfigValues } from "../pulumi/config-values.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { sealHalf } from "./pack.ts";
import type { SetStore } from "./store.ts";

export interface HalfOptions {
  /** Why it is made: `up`, `now`, or a change, `before …`. */
  reason: string;
  /** Milliseconds since the epoch. Default: now. */
  at?: number;
}

/**
 * The half `state` of a stack: its deployment and configuration with secrets in clear, and its files. In memory alone: it goes
 * nowhere but into {@link sealHalf}.
 *
 * @returns undefined for a stack without a cluster's keys: it was never brought up, or is a pool's.
 */
export async function stateHalf(context: EngineContext, options: HalfOptions): Promise<StateHalf | undefined> {
  const { project, stack, settings } = context;
  const closed = await runPulumi(context, ["stack", "export"]);
  const open = await runPulumi(context, ["stack", "export", "--show-secrets"]);
  const config = await readConfigValues(context);
  const { files, imports } = stackFiles(project, stack);
  return buildStateHalf({
    project: settings.projectName,
    stack,
    reason: options.reason,
    at: options.at ?? Date.now(),
    open,
    closed,
    files,
    imports,
    operatorFiles: await operatorTexts(config),
    config,
    release: plinthVersion(),
  });
}

/**
 * Makes the half of a stack and writes it to stores, sealed for each of them anew. A store that fails does not keep it from the others.
 *
 * @param recipients public keys `age1…`, see plan/backup/settings.ts.
 * @returns what was written, undefined as {@link stateHalf}; and which stores failed.
 */
export async function storeStateHalf(
  context: EngineContext,
  options: HalfOptions & { recipients: readonly string[]; stores: readonly SetStore[] },
): Promise<{ set: StateSet | undefined; failures: unknown[] }> {
  const half = await stateHalf(context, options);
  if (half === undefined) return { set: undefined, failures: [] };
  const written = await Promise.allSettled(
    options.stores.map(async (store) =>
      store.write(half.set, Readable.from([await sealHalf(half, options.recipients)])),
    ),
  );
  const failures = written.flatMap((one): unknown[] => (one.status === "rejected" ? [one.reason] : []));
  return { set: half.set, failures };
}

/** The paths of a stack's own files, below the project's folder. */
export function stackFiles(
  { dir }: Pick<Project, "dir">,
  stack: string,
): { files: Record<string, string>; imports: string[] } {
  const files: Record<string, string> = {};
  const imports = new Set<string>();
  const take = (path: string): string | undefined => {
    if (files[path] !== undefined || !existsSync(join(dir, path))) return undefined;
    return (files[path] = readFileSync(join(dir, path), "utf8"));
  };
  for (const path of ["Pulumi.yaml", `Pulumi.${stack}.yaml`, "plinth.lock.json"]) take(path);
  const follow = (path: string): void => {
    if (files[path] !== undefined) return;
    for (const imported of relativeImports(take(path) ?? "")) {
      const target = relative(dir, join(dir, dirname(path), imported));
      // What lies elsewhere is Plinth's own, or the operator's: it is named, and not taken along.
      if (stackFolders.some((folder) => target.startsWith(`${folder}/`))) follow(target);
      else imports.add(target);
    }
  };
  follow(`hosts/${stack}.ts`);
  follow("roles/index.ts");
  return { files, imports: [...imports].sort() };
}

/** The texts of this machine that the configuration names for hosts. What cannot be read `up` would have refused. */
async function operatorTexts(values: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const { config } = parseConfig(readConfig(values));
  if (config === undefined) return {};
  const named = [...operatorFilesOf(config), ...registryFilesOf(config.registries)].map(({ file }) => file);
  const texts: Record<string, string> = {};
  for (const file of new Set(named)) {
    const text = await readFile(expandHome(file), "utf8").catch(() => undefined);
    if (text !== undefined) texts[file] = text;
  }
  return texts;
}
