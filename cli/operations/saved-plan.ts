import { chmodSync, copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { wordingOf } from "../render/steps.ts";
import { displayNameOf, formatDisplayName } from "../render/display-name.ts";
import { hostsIn } from "../review/resources.ts";
import { isChange } from "../pulumi/events.ts";

/** The engine's marks in a plan. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** The part of the engine's plan that tells what is to be done. */
export interface EnginePlan {
  resourcePlans: Record<string, { steps?: string[] | null; goal?: { inputDiff?: unknown } | null }>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws CliError when the text is no plan, or one of another stack. */
export function parsePlan(text: string, path: string, stack: string): EnginePlan {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined; // Said below.
  }
  if (!isRecord(value) || !isRecord(value["resourcePlans"])) {
    throw new CliError(`${path} is not a plan; \`./plinth review --save FILE\` makes one.`, Exit.badInput);
  }
  for (const urn of Object.keys(value["resourcePlans"])) {
    const other = /^urn:pulumi:(.+?)::/.exec(urn)?.[1];
    if (other !== stack) {
      throw new CliError(`${path} is a plan for stack "${String(other)}", not for "${stack}".`, Exit.badInput);
    }
  }
  return value as unknown as EnginePlan;
}

/** Whether what is wanted now is what was planned. Secrets are compared by the engine alone: here they are ciphertext. */
function holds(planned: unknown, wanted: unknown): boolean {
  if (planned === UNKNOWN || wanted === UNKNOWN) return true;
  if (isRecord(planned) && isRecord(wanted)) {
    if (planned[SIGNATURE] === SECRET && wanted[SIGNATURE] === SECRET) return true;
    const keys = new Set([...Object.keys(planned), ...Object.keys(wanted)]);
    return [...keys].every((key) => key in planned && key in wanted && holds(planned[key], wanted[key]));
  }
  if (Array.isArray(planned) && Array.isArray(wanted)) {
    return planned.length === wanted.length && planned.every((item, index) => holds(item, wanted[index]));
  }
  return isDeepStrictEqual(planned, wanted);
}

/** `update etcd on cp1`: what would be done now and is not in the saved plan. What the plan holds and is done already is fine. */
export function notInPlan(saved: EnginePlan, now: EnginePlan, inventory: readonly string[]): string[] {
  const hosts = hostsIn(Object.keys(now.resourcePlans), inventory);
  return Object.entries(now.resourcePlans).flatMap(([urn, wanted]) => {
    const steps = wanted.steps ?? [];
    if (!steps.some(isChange)) return [];
    const planned = saved.resourcePlans[urn];
    const same =
      planned !== undefined &&
      isDeepStrictEqual(planned.steps ?? [], steps) &&
      holds(planned.goal?.inputDiff ?? {}, wanted.goal?.inputDiff ?? {});
    if (same) return [];
    return [`${wordingOf(steps.find(isChange) ?? "").plan} ${formatDisplayName(displayNameOf(urn, hosts))}`];
  });
}

/** How many differences are named before the list is cut. */
const SHOWN = 8;

/** @throws CliError with one sentence when something would be done that the saved plan does not hold. */
export function requirePlanned(path: string, saved: EnginePlan, now: EnginePlan, inventory: readonly string[]): void {
  const different = notInPlan(saved, now, inventory);
  if (different.length === 0) return;
  const more = different.length > SHOWN ? ` and ${different.length - SHOWN} more` : "";
  throw new CliError(
    `Refused: ${path} does not hold ${different.slice(0, SHOWN).join(", ")}${more}, because inventory, configuration, ` +
      "sources or hosts have changed since; nothing was touched. Review again.",
    Exit.refused,
  );
}

/** Reads a saved plan. The file is kept as it is. */
export function readPlan(path: string, stack: string): EnginePlan {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`The plan ${path} cannot be read: ${reason}`, Exit.badInput, { cause: error });
  }
  return parsePlan(text, path, stack);
}

/**
 * Lets the engine write a plan where nobody else can read it: it makes its file with 0644, and a plan holds, encrypted,
 * every secret of the state. The folder is gone afterwards.
 */
export async function withPlanFile<T>(workDir: string, work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(workDir, "plan-"));
  try {
    return await work(join(folder, "plan.json"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts a plan where the user wants it, 0600, in one step. */
export function keepPlan(from: string, to: string): void {
  const target = resolve(to);
  const draft = join(dirname(target), `.plinth-plan-${process.pid}`);
  try {
    chmodSync(from, 0o600);
    copyFileSync(from, draft);
    chmodSync(draft, 0o600);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`The plan cannot be written to ${target}: ${reason}`, Exit.failed, { cause: error });
  }
}
