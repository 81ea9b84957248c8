/** The longest label of DNS. */
const longestLabel = 63;

/** A name as a DNS-1123 label: in lower case, with dashes in place of what labels do not have. */
export function labelOf(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .slice(0, longestLabel)
    .replaceAll(/^-+|-+$/g, "");
}

/**
 * A name for each host that Plinth can have: the first label of its own where that is nobody else's, else all of it with dashes for
 * dots; an address becomes `host-192-0-2-1`. Where two come to the same, the later ones are numbered.
 */
export function hostNames(origins: readonly string[]): string[] {
  const isAddress = (name: string): boolean => /^[\d.]+$/.test(name) || name.includes(":");
  const short = (name: string): string => labelOf(isAddress(name) ? `host-${name}` : (name.split(".")[0] ?? ""));
  const counts = Map.groupBy(origins, short);
  const taken = new Set<string>();
  return origins.map((origin) => {
    const own = short(origin);
    const wanted = own !== "" && counts.get(own)?.length === 1 ? own : labelOf(origin) || "host";
    let name = wanted;
    for (let number = 2; taken.has(name); number += 1) name = `${wanted.slice(0, longestLabel - 6)}-${number}`;
    taken.add(name);
    return name;
  });
}
