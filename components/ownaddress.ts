import { networkInterfaces } from "node:os";

/** True when the URL's host is an address of this machine (in the network namespace of this process). */
export function isLocalUrl(url: string, interfaces = networkInterfaces()): boolean {
  const host = new URL(url).hostname;
  return Object.values(interfaces).some((addresses) => addresses?.some(({ address }) => address === host));
}

/** True when what answers there is this machine: nobody stands between it and this process. */
export function isOwnMachine(url: string, interfaces = networkInterfaces()): boolean {
  const host = new URL(url).hostname;
  return host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host) || isLocalUrl(url, interfaces);
}
