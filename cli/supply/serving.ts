import { setTimeout as delay } from "node:timers/promises";
import { isLocalUrl } from "../../components/ownaddress.ts";

/** How long a run that changes hosts waits for another one's server to go, seconds. */
const WAIT_SECONDS = 60;

/**
 * Environment variable with the addresses of artifact servers that outlive this process, separated by spaces: a command for
 * several stacks serves for all their runs.
 */
export const servedVariable = "PLINTH_SERVED";

export interface ServingOptions {
  /** True for runs in which hosts download: they need a server that lives as long as they do. */
  own: boolean;
  say: (line: string) => void;
}

function isTaken(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && (cause as NodeJS.ErrnoException).code === "EADDRINUSE";
}

/** True when something that serves artifacts as we do answers there. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(new URL("/SHA256SUMS", url), { signal: AbortSignal.timeout(3000) });
    await response.text();
    return response.ok;
  } catch {
    return false; // Whatever is there, it is not an artifact server; the caller reports that the port is taken.
  }
}

/**
 * Serves artifacts while a command runs, when the configured URL is an address of this machine. A preview is content
 * with the server of a run beside it; a run that changes hosts waits until it has the address for itself.
 */
export async function serveIfLocal(url: string, { own, say }: ServingOptions): Promise<() => Promise<void>> {
  const served = (process.env[servedVariable] ?? "").split(" ");
  if (!isLocalUrl(url) || served.includes(url)) return () => Promise.resolve();
  const { hostname, port, protocol } = new URL(url);
  const { serveArtifacts } = await import("../../artifacts/index.ts");
  const options = { host: hostname, port: Number(port || (protocol === "https:" ? 443 : 80)) };
  const deadline = Date.now() + WAIT_SECONDS * 1000;
  let told = false;
  for (;;) {
    try {
      const server = await serveArtifacts(options);
      return () => server.close();
    } catch (error) {
      if (!isTaken(error) || Date.now() > deadline || !(await answers(url))) throw error;
      if (!own) return () => Promise.resolve();
      if (!told) say(`Another run serves artifacts on ${url}; waiting for its end.`);
      told = true;
      await delay(500);
    }
  }
}

/**
 * Serves artifacts for the runs of several stacks, at those of their addresses that are this machine's. Each run still makes
 * sure by itself that what its hosts fetch is there.
 */
export async function serveSite(
  urls: readonly string[],
  say: (line: string) => void,
): Promise<{ served: string[]; close: () => Promise<void> }> {
  const served = [...new Set(urls)].filter((url) => isLocalUrl(url));
  const closers: (() => Promise<void>)[] = [];
  for (const url of served) closers.push(await serveIfLocal(url, { own: true, say }));
  return {
    served,
    close: async () => {
      for (const close of closers) await close();
    },
  };
}
