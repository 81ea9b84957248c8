import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";

/** IPv4 addresses of this machine by which others reach it. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address),
  );
}

/** The IPv4 addresses of names as this machine finds them, all at the same time; names that it does not find are left out. */
export async function lookUpAddresses(
  names: readonly string[],
  find: (name: string) => Promise<{ address: string }> = (name) => lookup(name, { family: 4 }),
): Promise<Map<string, string>> {
  const found = await Promise.allSettled(names.map(find));
  return new Map(
    found.flatMap((result, index): [string, string][] =>
      result.status === "fulfilled" ? [[names[index] ?? "", result.value.address]] : [],
    ),
  );
}
