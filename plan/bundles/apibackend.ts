import { withRole, type Host } from "../inventory.ts";
import { ports } from "../ports.ts";

/**
 * Milliseconds that HAProxy waits for a server to take a connection before it tries another one. A check waits as long, or
 * for its own interval where that is shorter.
 */
export const connectTimeout = 400;
/** Milliseconds between two checks of an API server. */
const checkInterval = 500;
/** Milliseconds between two looks at whether an API server takes connections at all. */
const reachabilityInterval = 200;

/**
 * For each API server that is up but does not take connections any more: new ones go to one of the others that do, drawn by
 * lot, so that one host does not get all clients of another that lost power. Rules without a draw follow for what the
 * draws leave over where one of the others cannot be used either; HAProxy passes over those that are down.
 */
function renderDetours(names: readonly string[]): string[] {
  const facts = names.flatMap((name) => [
    `  acl ${name}-up srv_is_up(kube-apiserver/${name})`,
    `  acl ${name}-reachable srv_is_up(reachability/${name})`,
  ]);
  const detours = names.flatMap((name) => {
    const others = names.filter((other) => other !== name);
    const detour = (other: string): string =>
      `  use-server ${other} if ${name}-up !${name}-reachable ${other}-reachable`;
    const draws = others.slice(0, -1).map((other, n) => `${detour(other)} { rand(${others.length - n}) 0 }`);
    return [...draws, ...others.reverse().map(detour)];
  });
  return [...facts, ...detours];
}

function renderReachability(servers: readonly string[]): string {
  return `
# Takes no traffic: it tells the backend above which API servers take connections.
backend reachability
  default-server check inter ${reachabilityInterval}ms rise 2 fall 1
${servers.join("\n")}
`;
}

/**
 * HAProxy's part for the API servers.
 *
 * A server is judged by its /readyz:
 * - no answer (power loss, partition, crash): down after two checks; its sessions are cut, so that clients reconnect
 *   instead of waiting for TCP to give up;
 * - red because its etcd is gone: down, likewise;
 * - red for another reason, above all a clean stop: no new connections, open ones go on until the API server ends them.
 *
 * Cutting takes all sessions of the server, also those that it has not taken yet, which would have gone to another server
 * after {@link connectTimeout}. So new connections avoid a server long before it is down: the backend `reachability` opens a
 * connection to each every 200 ms, and one that is not taken is enough. In milliseconds after a power loss:
 * - at most 200 + 200 = 400: found unreachable, so that no connection begins with this server any more;
 * - at most 400 + 400 = 800: the last one that did has given up and goes to another server, by 1200 to a third one;
 * - at least 400 + 500 + 400 = 1300, at most 500 more: two checks have failed, and the sessions are cut. All were established.
 * When none is reachable, connections are distributed as if all were, and tried again. What began in the first 400 ms after
 * two hosts lost power at once may still be lost: a further try knows only which server took the last one in vain.
 *
 * @param authorityFile path of the certificate of the authority that signs the API servers' certificates
 */
export function renderApiBackend(hosts: readonly Host[], authorityFile: string): string {
  const members = withRole(hosts, "control-plane");
  const servers = members.map((host) => `  server ${host.name} ${host.address}:${ports.apiserver}`);
  const several = members.length > 1;
  const detours = several ? renderDetours(members.map(({ name }) => name)) : [];
  return `backend kube-apiserver
  balance leastconn
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host kubernetes
  http-check expect ! string [-]etcd error-status L7RSP
  http-check expect status 200 error-status L7OKC
${detours.map((line) => `${line}\n`).join("")}  default-server check check-ssl verify required ca-file ${authorityFile} verifyhost kubernetes check-sni kubernetes inter ${checkInterval}ms rise 2 fall 2 on-marked-down shutdown-sessions
${servers.join("\n")}
${several ? renderReachability(servers) : ""}`;
}
