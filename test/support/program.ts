import type { ProgramArgs } from "../../components/preflight.ts";
import type { Host, HostInput } from "../../plan/inventory.ts";
import { noRequests } from "../../plan/requests.ts";
import { configOf, hostsOf, rawConfig, readingsOf, threeHosts } from "./cluster.ts";
import { digestsFor } from "./digests.ts";

/** An inventory with the key of each host pinned. */
export function pinned<Input extends HostInput>(inventory: readonly Input[]): (Input & { hostKey: string })[] {
  return inventory.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` }));
}

/**
 * What the program is given in tests: a first run of a stack, whose hosts answer and carry nothing.
 *
 * @param hosts who answers, and whose artifacts have digests.
 */
export function programArgs(given: Partial<ProgramArgs> = {}, hosts: Host[] = hostsOf()): ProgramArgs {
  return {
    stack: "demo",
    config: rawConfig,
    inventory: pinned(threeHosts),
    readHosts: () => Promise.resolve(readingsOf(hosts)),
    readDigests: () => Promise.resolve(digestsFor(hosts, configOf({ metrics: {} }))),
    lockedDigests: undefined,
    readPrevious: () => Promise.resolve({}),
    requests: noRequests,
    lock: () => Promise.resolve(() => Promise.resolve()),
    ...given,
  };
}

/** What providers answer for resources of a program: texts that tell whose they are. */
export function answered(type: string, name: string): Record<string, string> {
  if (type === "tls:index/privateKey:PrivateKey") return { privateKeyPem: `PRIVATE KEY ${name}`, publicKeyPem: name };
  if (type.startsWith("tls:")) return { certPem: `certificate ${name}`, certRequestPem: `request ${name}` };
  if (type.includes("randomPassword")) return { result: "k".repeat(32) };
  if (type.includes("randomId")) return { hex: "0123456789abcdef" };
  return { stdout: "", stderr: "" };
}
