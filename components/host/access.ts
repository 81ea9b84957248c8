import type { types } from "@pulumi/command";
import type { SshTarget } from "../../ssh/index.ts";
import { dialErrorLimit, dialSeconds } from "./targets.ts";

// Apart, because loading the SDK takes most of a second, which `status` has no use for.
export { chosenFrom, resolveAccess, type HostAccess } from "./targets.ts";

/**
 * The connection of @pulumi/command for a target: what the state may hold, and no key. The bundled plugin logs in as this
 * process does, the official one by the SSH agent (`$SSH_AUTH_SOCK`). Nothing in it tells who runs it.
 */
export function connectionOf(target: SshTarget): types.input.remote.ConnectionArgs {
  // Of bastions only a plugin of others is told, see `resolveAccess`.
  return { ...endpointOf(target), ...(target.proxy === undefined ? {} : { proxy: endpointOf(target.proxy) }) };
}

function endpointOf(target: SshTarget): types.input.remote.ProxyConnectionArgs {
  return {
    host: target.host,
    port: target.port ?? 22,
    user: target.user ?? "root",
    hostKey: target.hostKey ?? "",
    dialErrorLimit: target.dialErrorLimit ?? dialErrorLimit,
    perDialTimeout: target.perDialTimeout ?? dialSeconds,
  };
}
