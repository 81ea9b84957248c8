import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { z } from "zod";
import type { EngineContext } from "./context.ts";

/** What marks a secret in a state (sdk/go/common/resource, `SigKey` and `SecretSig`). */
const [signatureKey, secretSignature] = ["4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"];

const forms: readonly (readonly [ending: string, open: (bytes: Buffer) => Buffer])[] = [
  [".json", (bytes) => bytes],
  [".json.gz", (bytes) => gunzipSync(bytes)],
  [".json.zst", (bytes) => zstdDecompressSync(bytes)],
];

const checkpoint = z.object({
  version: z.union([z.literal(3), z.literal(4)]),
  checkpoint: z.object({
    latest: z
      .object({
        resources: z
          .array(z.object({ type: z.string(), outputs: z.record(z.string(), z.unknown()).optional() }))
          .optional(),
      })
      .nullish(),
  }),
});

/** Where a stack's state lies, for those who need not start the engine to read it. */
interface Place {
  backend: Pick<EngineContext["backend"], "stateDir">;
  settings: Pick<EngineContext["settings"], "projectName">;
  stack: string;
}

/** The file with the state of a stack; undefined where it is not on this machine, or not in one file that is sure to be it. */
function stateFile({ backend, settings, stack }: Place): { path: string; open: (bytes: Buffer) => Buffer } | undefined {
  if (backend.stateDir === undefined) return undefined;
  const folder = join(backend.stateDir, ".pulumi", "stacks", settings.projectName);
  const found = forms.flatMap(([ending, open]) => {
    const path = join(folder, `${stack}${ending}`);
    return existsSync(path) ? [{ path, open }] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}

/** Whether a stack is known to be there. False: the engine has to say. */
export function isKnownStack(place: Place): boolean {
  return stateFile(place) !== undefined;
}

/**
 * A stack's outputs as `pulumi stack output --json` tells them, secrets as `[secret]`.
 *
 * @returns undefined where the engine has to be asked: the state is elsewhere, or has another form than this version of the engine writes.
 */
export function outputsInFile(place: Place): Record<string, unknown> | undefined {
  const file = stateFile(place);
  if (file === undefined) return undefined;
  let read: unknown;
  try {
    read = JSON.parse(file.open(readFileSync(file.path)).toString("utf8"));
  } catch {
    // It may be written at this moment; the engine says what is wrong with it otherwise.
    return undefined;
  }
  const parsed = checkpoint.safeParse(read);
  if (!parsed.success) return undefined;
  const resources = parsed.data.checkpoint.latest?.resources ?? [];
  const outputs = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs;
  return masked(outputs ?? {}) as Record<string, unknown>;
}

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return value;
  if ((value as Record<string, unknown>)[signatureKey] === secretSignature) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner)]));
}
