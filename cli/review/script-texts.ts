import { createHash } from "node:crypto";
import { changedScripts, withScripts, type ScriptName, type ScriptTexts } from "../../plan/scriptchanges.ts";
import { allScripts, scriptSource } from "../../plan/scripts.ts";
import type { PlannedStep, RunEvents } from "../pulumi/events.ts";

/** How long a server may take to give a script, milliseconds: a review does without it. */
const patience = 3000;

/** Gets the text of a script, wherever one is; undefined where none is. */
export type FindScript = (script: ScriptName) => Promise<string | undefined>;

/**
 * Looks for scripts among this release's, in the cache of artifacts and on the artifact server. What comes from
 * elsewhere is compared with the digest.
 */
export function findScript(artifactsUrl: string): FindScript {
  return async (script) => {
    const own = allScripts().find(({ sha256 }) => sha256 === script.sha256);
    if (own !== undefined) return own.content;
    const { defaultCacheDir, readScript } = await import("../../artifacts/index.ts");
    return (await readScript(defaultCacheDir(), script)) ?? (await fetchScript(artifactsUrl, script));
  };
}

async function fetchScript(artifactsUrl: string, script: ScriptName): Promise<string | undefined> {
  try {
    const url = `${artifactsUrl.replace(/\/$/, "")}/${scriptSource(script)}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(patience) });
    if (!response.ok) return undefined;
    const content = await response.text();
    return createHash("sha256").update(content).digest("hex") === script.sha256 ? content : undefined;
  } catch {
    return undefined; // A server that is not there has not got it; the review says that the text is not known.
  }
}

function textsOf({ metadata }: PlannedStep): { before: string; after: string } | undefined {
  // The engine's events say null where the SDK's types know only of absence.
  const [before, after] = [metadata.old ?? undefined, metadata.new ?? undefined].map(
    (state) => state?.inputs["create"] as unknown,
  );
  return typeof before === "string" && typeof after === "string" ? { before, after } : undefined;
}

/** Writes the scripts that change into the texts of the commands that name them, so that a reader sees the changed lines. */
export async function showScripts(planned: readonly PlannedStep[], find: FindScript): Promise<PlannedStep[]> {
  const updates = planned.map((step) => ({ step, texts: textsOf(step) }));
  const wanted = new Map(
    updates
      .flatMap(({ texts }) => (texts === undefined ? [] : changedScripts(texts.before, texts.after)))
      .map((script) => [script.sha256, script]),
  );
  const found = new Map(
    await Promise.all(
      [...wanted].map(async ([sha256, script]): Promise<[string, string | undefined]> => [sha256, await find(script)]),
    ),
  );
  const known: ScriptTexts = ({ sha256 }) => found.get(sha256);
  return updates.map(({ step, texts }) => {
    const { metadata } = step;
    if (texts === undefined || metadata.old === undefined || metadata.new === undefined) return step;
    const { before, after } = withScripts(texts.before, texts.after, known);
    const old = { ...metadata.old, inputs: { ...metadata.old.inputs, create: before } };
    const now = { ...metadata.new, inputs: { ...metadata.new.inputs, create: after } };
    return { ...step, metadata: { ...metadata, old, new: now } };
  });
}

/** {@link showScripts} for what a preview has planned. */
export async function revealScripts(events: Pick<RunEvents, "planned">, artifactsUrl: string): Promise<void> {
  events.planned.splice(0, events.planned.length, ...(await showScripts(events.planned, findScript(artifactsUrl))));
}
