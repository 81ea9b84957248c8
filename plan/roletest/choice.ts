/**
 * What is tried: of each role the first that is offered, in that order.
 *
 * @param offered a role on a host that has it, in the order of hosts.
 * @param names of roles; none: all.
 * @returns a sentence where somebody asks for a role that no host has, or where no host has any.
 */
export function chooseTrials<Offer extends { role: string }>(
  offered: readonly Offer[],
  names: readonly string[],
): { trials: Offer[] } | { problem: string } {
  const first = new Map<string, Offer>();
  for (const offer of offered) if (!first.has(offer.role)) first.set(offer.role, offer);
  const unknown = names.filter((name) => !first.has(name));
  if (unknown.length > 0) {
    const known = [...first.keys()].join(", ") || "none";
    return { problem: `No host has the role ${unknown.join(", ")}; they have ${known}.` };
  }
  if (first.size === 0) return { problem: "No host has a role of the project." };
  return { trials: [...first.values()].filter(({ role }) => names.length === 0 || names.includes(role)) };
}
