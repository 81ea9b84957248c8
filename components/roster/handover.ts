import { sharedPool, type SshTarget } from "../../ssh/index.ts";
import { hostScriptPath } from "../../plan/names.ts";
import { asRoot, shellWord } from "../../plan/shell.ts";

/**
 * Lets hosts that leave hand over what they hold, one after the other: the VIP to another load balancer, leases to other
 * controllers, and open connections of their API server to others, which it asks its clients to do. A host that carries
 * nothing of ours any more has handed over already.
 *
 * @throws Error that names the host.
 */
export async function handOver(leaving: ReadonlyMap<string, SshTarget>): Promise<void> {
  for (const [name, target] of leaving) {
    const script = `if test -x ${hostScriptPath}; then ${asRoot} ${hostScriptPath} retire --host ${shellWord(name)}; fi`;
    const result = await sharedPool.exec(target, script);
    if (result.code !== 0) {
      const reason = result.stderr.trim().split("\n").at(-1) ?? `exit code ${result.code ?? "none"}`;
      throw new Error(`${name} could not hand over what it holds: ${reason}`);
    }
  }
}
