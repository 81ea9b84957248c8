import type { Finding } from "../findings.ts";
import { isNode } from "../inventory.ts";
import { guard, input, mebibytes, type HostRule } from "./rule.ts";

/**
 * Swap that the baseline cannot turn off. All other swap is turned off without a word: it comes back when the host is
 * released.
 */
export const swapFindings: HostRule = (host, facts, config) => {
  if (!isNode(host) || facts.swapKiB === 0) return [];
  if (facts.container !== undefined) {
    if (config.kubeletConfig["failSwapOn"] === false) return [];
    const message = `the host is a container (${facts.container}) on a machine with ${mebibytes(facts.swapKiB)} of swap, with which the kubelet does not start`;
    const remedy = "turn swap off on that machine, or set failSwapOn: false in plinth:kubeletConfig";
    return [guard("swap", [host.name], message, remedy)];
  }
  if (facts.swapUsedKiB <= facts.memoryAvailableKiB) return [];
  const message = `${mebibytes(facts.swapUsedKiB)} of its swap are in use and only ${mebibytes(facts.memoryAvailableKiB)} of memory are available, so swap cannot be turned off`;
  return [guard("swap", [host.name], message, "stop what takes the memory, or add some")];
};

/** Whether anything keeps the clock right. The clock of a container is its machine's. */
export const timeSyncFindings: HostRule = (host, facts) => {
  if (facts.timeSync.length > 0 || facts.container !== undefined) return [];
  const message = "no service keeps its clock right, which certificates, leases and logs rely on";
  const remedy = "install and start chrony or systemd-timesyncd, with a server that the host reaches";
  return [guard("time-sync", [host.name], message, remedy)];
};

/** The host's own idea of its name and address. */
export const nameFindings: HostRule = (host, facts) => {
  const findings: Finding[] = [];
  if (facts.hostname !== host.name && !facts.hostname.startsWith(`${host.name}.`)) {
    const message = `the host calls itself ${facts.hostname}, the inventory ${host.name}`;
    const remedy = `run hostnamectl set-hostname ${host.name} on it, or correct the inventory`;
    findings.push(guard("host-name", [host.name], message, remedy));
  }
  const known = (address: string): boolean =>
    address === host.address ||
    address in facts.addresses ||
    address.startsWith("127.") ||
    // Nothing of ours uses IPv6.
    address.includes(":");
  const wrong = facts.ownAddresses.filter((address) => !known(address));
  if (wrong.length > 0) {
    const message = `its /etc/hosts says that ${facts.hostname} is ${wrong.join(", ")}, which is none of its addresses`;
    findings.push(guard("hosts-file", [host.name], message, `correct that line to ${host.address}, or remove it`));
  }
  return findings;
};

/** Whether the host has the address by which the cluster knows it. One that tells no address at all is not judged. */
export const addressFindings: HostRule = (host, facts) => {
  const found = Object.entries(facts.addresses).filter(([address]) => !/^(127\.|169\.254\.)/.test(address));
  if (found.length === 0 || facts.addresses[host.address] !== undefined) return [];
  const named = found.slice(0, 5).map(([address, name]) => `${address} on ${name}`);
  if (found.length > named.length) named.push("others");
  const message = `${host.address}, by which the cluster is to know it, is on none of its interfaces (it has ${named.join(", ")})`;
  const remedy = `set address to one that it has and that all other hosts reach; where you reach it by another one, set sshAddress: "${host.sshAddress ?? host.address}" besides`;
  return [input("address-missing", [host.name], message, remedy)];
};

/** The interface that is to carry the VIP. */
export const interfaceFindings: HostRule = (host, facts, config) => {
  if (!host.roles.includes("load-balancer") || config.vip === undefined) return [];
  const expected = host.interface ?? config.interface;
  const actual = facts.addresses[host.address];
  if (actual === undefined || actual === expected) return [];
  const message = `${host.address} is on interface ${actual}, not on ${expected} where the VIP would go`;
  return [
    input("interface", [host.name], message, `set interface: "${actual}" for the host, or plinth:interface for all`),
  ];
};
