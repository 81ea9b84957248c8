import { configSchema } from "../config.ts";
import { addressIn, servedUrl, subnetOf } from "../served.ts";
import type { Imported } from "./imported.ts";
import { labelOf } from "./names.ts";

/** What no inventory says and every stack needs. */
export interface Surroundings {
  stack: string;
  /** IPv4 addresses of the operator's machine. */
  ownAddresses?: readonly string[];
}

/** The longest name of a cluster, which is part of names in certificates. */
const longestName = 40;

/** Fills in what the inventory has not said, and says that it was guessed. */
export function guessTheRest(imported: Imported, { stack, ownAddresses = [] }: Surroundings): void {
  const { config, checks } = imported;
  const guess = (key: string, value: unknown, check: string): void => {
    if (config[key] !== undefined) return;
    imported.configure({ [key]: value });
    checks.push(check);
  };
  const name = labelOf(stack).slice(0, longestName).replace(/-+$/, "");
  if (configSchema.shape.clusterName.safeParse(name).success)
    guess("clusterName", name, `plinth:clusterName is ${name}, after the stack: it cannot be changed later`);
  const subnet = subnetOf(balanced(imported));
  if (subnet !== undefined)
    guess(
      "nodeSubnet",
      subnet,
      `plinth:nodeSubnet is ${subnet}, which has the control-plane hosts in it: compare it with your network`,
    );
  const served = addressIn(ownAddresses, subnet);
  if (served !== undefined)
    guess(
      "artifactsUrl",
      servedUrl(served),
      `plinth:artifactsUrl is ${servedUrl(served)}, this machine: a mirror that stays is better (docs/artifacts.md)`,
    );
  else if (config["artifactsUrl"] === undefined)
    checks.push(
      "plinth:artifactsUrl is missing: from where hosts fetch binaries, this machine or a mirror (docs/artifacts.md)",
    );
  if (config["vip"] !== undefined && config["virtualRouterId"] === undefined)
    checks.push(
      "plinth:virtualRouterId is 51, the default: it must be unique in the subnet, also beside the old cluster",
    );
  if (!imported.hosts.some(({ line }) => line.interface !== undefined))
    checks.push("plinth:interface is eth0, the default: set it, or interface of a host, to what carries the addresses");
  checks.push(
    "pin the hosts' SSH keys in ~/.ssh/known_hosts, in plinth:sshKnownHostsFile, or as hostKey of each host",
    "hosts of another cluster are refused: this makes a new cluster, on new hosts or after the old one is taken off them",
  );
}

/** The addresses that are to be in the subnet: of the hosts that hold the virtual IP, and that itself. */
function balanced({ hosts, config }: Imported): string[] {
  const holders = hosts.filter(({ roles }) => roles.includes("control-plane") || roles.includes("load-balancer"));
  return [...holders.map(({ line }) => line.address), config["vip"]].filter((address) => typeof address === "string");
}
