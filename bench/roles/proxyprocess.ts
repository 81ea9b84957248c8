import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ProxyOptions } from "./proxy.ts";

/**
 * Starts the proxy in the hosts' network.
 *
 * @param enter prefix of a command that is to run there.
 * @returns ends it.
 * @throws Error when it cannot listen, with what it has said.
 */
export async function startProxyIn(enter: readonly string[], options: ProxyOptions): Promise<() => Promise<void>> {
  const [program = process.execPath, ...args] = [
    ...enter,
    ...[process.execPath, join(import.meta.dirname, "proxymain.ts"), JSON.stringify(options)],
  ];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  const ended = once(child, "close");
  const ready = await Promise.race([once(child.stdout, "data").then(() => true), ended.then(() => false)]);
  if (!ready) throw new Error(`the proxy that delays connections did not start: ${said.trim()}`);
  return async () => {
    child.stdin.end();
    await ended;
  };
}
