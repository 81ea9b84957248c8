import ipaddr from "ipaddr.js";
import { isIn, type Segment } from "./layout.ts";
import { LabError, type LabHost } from "./types.ts";

/** An interface name has 15 characters, of which systemd-nspawn takes `vb-`. */
const longestName = 12;

/** Every reason why this host cannot be in the lab, each a sentence. */
export function hostProblems(host: LabHost, segments: readonly Segment[]): string[] {
  const problems: string[] = [];
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(host.name) || host.name.length > longestName) {
    problems.push(
      `lab host "${host.name}": expected a name of at most ${longestName} lower-case letters, digits and inner hyphens ` +
        `that begins with a letter`,
    );
  }
  if (!ipaddr.IPv4.isValidFourPartDecimal(host.address)) {
    problems.push(`lab host "${host.name}": "${host.address}" is not an IPv4 address`);
  } else if (!segments.some((segment) => isIn(host.address, segment))) {
    const networks = segments.map(({ network }) => network);
    const where = networks.length === 1 ? "subnet" : "networks";
    problems.push(
      `lab host "${host.name}": address ${host.address} is outside of the lab's ${where} ${networks.join(" and ")}`,
    );
  } else if (segments.some(({ router }) => host.address === router)) {
    problems.push(`lab host "${host.name}": address ${host.address} is the operator's own`);
  }
  return problems;
}

/**
 * Checks all hosts together.
 * @throws LabError with all findings, one a line
 */
export function validateHosts(hosts: readonly LabHost[], segments: readonly Segment[]): void {
  const problems = hosts.flatMap((host) => hostProblems(host, segments));
  for (const key of ["name", "address"] as const) {
    const seen = new Set<string>();
    for (const host of hosts) {
      if (seen.has(host[key])) problems.push(`lab host "${host.name}": ${key} ${host[key]} is taken by another host`);
      seen.add(host[key]);
    }
  }
  if (problems.length > 0) throw new LabError(problems.join("\n"));
}

/**
 * Checks that hosts that were deleted from the inventory have not kept addresses that others are to have.
 * @throws LabError with all findings, one a line
 */
export function mustNotCollide(wanted: readonly LabHost[], unlisted: readonly LabHost[]): void {
  const taken = unlisted.flatMap(({ name, address }) =>
    wanted
      .filter((host) => host.address === address)
      .map(
        (host) =>
          `lab host "${host.name}": address ${address} is taken by host ${name}, which is not in the inventory any more: \`lab remove ${name}\` frees it`,
      ),
  );
  if (taken.length > 0) throw new LabError(taken.join("\n"));
}
