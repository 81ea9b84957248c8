import { sharedPool } from "../ssh/index.ts";
import { commandProvider } from "./command/index.ts";
import { kubernetesProvider } from "./kubernetes/index.ts";
import { serveProvider } from "./provider/server.ts";
import { randomProvider } from "./random/index.ts";
import { tlsProvider } from "./tls/index.ts";

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
 */
export async function startPlugins(): Promise<RunningPlugins> {
  sharedPool.resetBreakers();
  const definitions = [commandProvider, tlsProvider, randomProvider, kubernetesProvider];
  const servers = await Promise.all(definitions.map(serveProvider));
  return {
    debugProviders: servers.map(({ port }, index) => `${definitions[index]?.name ?? ""}:${port}`).join(","),
    close: async () => {
      await Promise.all(servers.map((server) => server.close()));
      await sharedPool.close();
    },
  };
}
