/** A path from one host to another. */
export interface Pair {
  from: string;
  to: string;
}

/** Up to so many hosts, every host tries every other one. */
export const mostForAll = 8;
/** Beyond that, the number of others that each host tries, and by which it is tried. */
export const peersOfMany = 3;

/**
 * Which paths are tried: all of them among few hosts. Among many, each host goes to as many others as come to it, so that the effort
 * grows with the number of hosts and not with its square. The first of these rounds is one ring through all hosts: where every path of it
 * works, no host is cut off. Every run has other rings, so that in time all paths are tried.
 *
 * @param hosts names, each once.
 * @param random numbers from 0 to below 1.
 */
export function choosePairs(hosts: readonly string[], random: () => number): Pair[] {
  if (hosts.length <= mostForAll) {
    return hosts.flatMap((from) => hosts.filter((to) => to !== from).map((to) => ({ from, to })));
  }
  const ring = shuffled(hosts, random);
  const steps = [1, ...otherSteps(ring.length, random)];
  return steps.flatMap((step) => ring.map((from, index) => ({ from, to: ring[(index + step) % ring.length] ?? from })));
}

/** How far further rounds go along the ring: different, and neither to the neighbour nor to the host itself. */
function otherSteps(length: number, random: () => number): number[] {
  const possible = Array.from({ length: length - 2 }, (_, index) => index + 2);
  return shuffled(possible, random).slice(0, peersOfMany - 1);
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const chosen = Math.floor(random() * (last + 1));
    const [a, b] = [result[last], result[chosen]];
    if (a === undefined || b === undefined) continue;
    result[last] = b;
    result[chosen] = a;
  }
  return result;
}
