import { sharedPool } from "../ssh/index.ts";
import type { Adoptions } from "./bridged/adoptions.ts";
import { commandProvider } from "./command/index.ts";
import { kubernetesProvider } from "./kubernetes/index.ts";
import { serveProvider } from "./provider/server.ts";
import { randomProviderWith } from "./random/index.ts";
import { tlsProviderWith } from "./tls/index.ts";

/** The bundled plugins at work. */
export interface RunningPlugins {
  /** Value for PULUMI_DEBUG_PROVIDERS: `command:PORT,tls:PORT,random:PORT,kubernetes:PORT`. */
  debugProviders: string;
  /** Interrupts what still runs, stops serving and closes the shared SSH connections. */
  close(): Promise<void>;
}

/**
 * Serves the bundled plugins on 127.0.0.1, in this process, for the engine to attach to. It begins a new run: hosts that
 * could not be reached before get a fresh dial budget. May be called any number of times.
 *
 * @param adoptions keys, certificates and ids that exist already. Default: none.
 */
export async function startPlugins(adoptions?: Adoptions): Promise<RunningPlugins> {
  sharedPool.resetBreakers();
  const definitions = [commandProvider, tlsProviderWith(adoptions), randomProviderWith(adoptions), kubernetesProvider];
  const servers = await Promise.all(definitions.map(serveProvider));
  return {
    debugProviders: servers.map(({ port }, index) => `${definitions[index]?.name ?? ""}:${port}`).join(","),
    close: async () => {
      await Promise.all(servers.map((server) => server.close()));
      await sharedPool.close();
    },
  };
}
