import type { Adoptions } from "../../plugins/bridged/adoptions.ts";

export const pluginModes = ["bundled", "official"] as const;
/** `bundled`: the providers in plugins/, run by this process. `official`: Pulumi's own, found or fetched by the engine. */
export type PluginMode = (typeof pluginModes)[number];

export interface PluginSession {
  /** Environment that attaches the engine to the providers. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** @param adoptions what the bundled ones take over where they would create it. Default: nothing. */
export async function openPlugins(mode: PluginMode, adoptions?: Adoptions): Promise<PluginSession> {
  if (mode === "official") return { env: {}, close: () => Promise.resolve() };
  const { startPlugins } = await import("../../plugins/index.ts");
  const served = await startPlugins(adoptions);
  return {
    env: { PULUMI_DEBUG_PROVIDERS: served.debugProviders, PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" },
    close: () => served.close(),
  };
}
