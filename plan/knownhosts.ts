import { createHmac } from "node:crypto";

/** Key types in the order of preference, when a host has several. */
const preference = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

/** OpenSSH hides host names as `|1|salt|HMAC-SHA1(salt, name)`. */
function matches(pattern: string, name: string): boolean {
  const [, magic, salt, digest] = pattern.split("|");
  if (magic !== "1" || salt === undefined) return pattern === name;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === digest;
}

/**
 * Looks a host up in the text of an OpenSSH known_hosts file.
 *
 * @returns `TYPE BASE64`, or undefined when the file does not know the address. Marked lines (@cert-authority, @revoked)
 * and wildcard patterns are not used: a pin names one host.
 */
export function lookUpHostKey(knownHosts: string, address: string, port: number): string | undefined {
  const name = port === 22 ? address : `[${address}]:${port}`;
  const keys = knownHosts
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([patterns = ""]) => patterns !== "" && !/^[#@]/.test(patterns))
    .filter(([patterns = ""]) => patterns.split(",").some((pattern) => matches(pattern, name)))
    .flatMap(([, type, key]) => (type !== undefined && key !== undefined ? [{ type, key }] : []));
  const rank = (type: string) => (preference.includes(type) ? preference.indexOf(type) : preference.length);
  const best = keys.sort((a, b) => rank(a.type) - rank(b.type))[0];
  return best === undefined ? undefined : `${best.type} ${best.key}`;
}
