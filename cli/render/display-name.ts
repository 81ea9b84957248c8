import { parseUrn } from "./urn.ts";

/** How people call a resource. */
export interface DisplayName {
  /** For example `etcd`, `etcd-server certificate`, `VirtualMachine web`. */
  what: string;
  /** The host it is on, if its name tells. */
  host: string | undefined;
}

/** Types that need no mention beside the resource's name, or a friendlier one. */
const NOUNS: Readonly<Record<string, string>> = {
  "command:remote:Command": "",
  "tls:index/privateKey:PrivateKey": "key",
  "tls:index/selfSignedCert:SelfSignedCert": "CA certificate",
  "tls:index/certRequest:CertRequest": "certificate request",
  "tls:index/locallySignedCert:LocallySignedCert": "certificate",
  "random:index/randomPassword:RandomPassword": "random secret",
  "random:index/randomId:RandomId": "random id",
  "pulumi:pulumi:StackReference": "stack reference",
  "pulumi:pulumi:Stack": "stack",
};

function nounOf(type: string): string {
  const known = NOUNS[type];
  if (known !== undefined) return known;
  if (type.startsWith("pulumi:providers:")) return `${type.slice("pulumi:providers:".length)} provider`;
  return type.split(":").at(-1) ?? type;
}

/** Splits a host's name off a resource name: `etcd-cp1` → `etcd` on `cp1`. The longest host name wins. */
function splitHost(name: string, hosts: readonly string[]): { rest: string; host: string | undefined } {
  const longestFirst = [...hosts].sort((a, b) => b.length - a.length);
  for (const host of longestFirst) {
    if (name === host) return { rest: "", host };
    if (name.endsWith(`-${host}`)) return { rest: name.slice(0, -host.length - 1), host };
    if (name.startsWith(`${host}-`)) return { rest: name.slice(host.length + 1), host };
  }
  return { rest: name, host: undefined };
}

export function displayNameOf(urnText: string, hosts: readonly string[]): DisplayName {
  const urn = parseUrn(urnText);
  if (urn === undefined) return { what: urnText, host: undefined };
  const { rest, host } = splitHost(urn.name, hosts);
  const noun = nounOf(urn.type);
  const what = [rest, noun].filter((part) => part !== "").join(" ");
  return { what: what === "" ? "host" : what, host };
}

/** `etcd on cp1`. */
export function formatDisplayName({ what, host }: DisplayName): string {
  return host === undefined ? what : `${what} on ${host}`;
}
