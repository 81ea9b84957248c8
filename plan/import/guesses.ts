import { contains, isIPv4, parseNetwork } from "../addresses.ts";
import { configSchema } from "../config.ts";
import type { Imported } from "./imported.ts";
import { labelOf } from "./names.ts";

/** What no inventory says and every stack needs. */
export interface Surroundings {
  stack: string;
  /** IPv4 addresses of the operator's machine. */
  ownAddresses?: readonly string[];
}

/** The port at which `./plinth` serves binaries. */
const servedAt = 8410;
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
  const subnet = subnetOf(imported);
  if (subnet !== undefined)
    guess(
      "nodeSubnet",
      subnet,
      `plinth:nodeSubnet is ${subnet}, which has the control-plane hosts in it: compare it with your network`,
    );
  const network = subnet === undefined ? undefined : parseNetwork(subnet);
  const served = ownAddresses.find((address) => network !== undefined && contains(network, address));
  if (served !== undefined)
    guess(
      "artifactsUrl",
      `http://${served}:${servedAt}`,
      `plinth:artifactsUrl is http://${served}:${servedAt}, this machine: a mirror that stays is better (docs/artifacts.md)`,
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

/** The /24 that has all of them, else the smallest network that has, down to /16. */
function subnetOf({ hosts, config }: Imported): string | undefined {
  const balanced = hosts.filter(({ roles }) => roles.includes("control-plane") || roles.includes("load-balancer"));
  const addresses = [...balanced.map(({ line }) => line.address), config["vip"]].filter(
    (address): address is string => typeof address === "string" && isIPv4(address),
  );
  const [first] = addresses;
  if (first === undefined) return undefined;
  const bits = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  for (let prefix = 24; prefix >= 16; prefix -= 1) {
    const size = 2 ** (32 - prefix);
    const base = Math.floor(bits(first) / size) * size;
    const text = [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".");
    const network = parseNetwork(`${text}/${prefix}`);
    if (network !== undefined && addresses.every((address) => contains(network, address))) return `${text}/${prefix}`;
  }
  return undefined;
}
