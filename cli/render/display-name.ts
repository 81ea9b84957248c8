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

const knownNames = new WeakMap<readonly string[], ReadonlySet<string>>();

/** The names of hosts as a set, made once for each list: lists have hundreds of hosts, and stacks thousands of resources. */
function setOf(hosts: readonly string[]): ReadonlySet<string> {
  const known = knownNames.get(hosts) ?? new Set(hosts);
  knownNames.set(hosts, known);
  return known;
}

/** Splits a host's name off a resource name: `etcd-cp1` → `etcd` on `cp1`. The longest host name wins. */
function splitHost(name: string, hosts: readonly string[]): { rest: string; host: string | undefined } {
  const known = setOf(hosts);
  if (known.has(name)) return { rest: "", host: name };
  let longest: { rest: string; host: string } | undefined;
  for (let dash = name.indexOf("-"); dash !== -1; dash = name.indexOf("-", dash + 1)) {
    const [before, behind] = [name.slice(0, dash), name.slice(dash + 1)];
    for (const [host, rest] of [
      [behind, before],
      [before, behind],
    ] as const) {
      if (known.has(host) && host.length > (longest?.host.length ?? 0)) longest = { rest, host };
    }
  }
  return longest ?? { rest: name, host: undefined };
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

/** What runs are compared by, whichever host it is: `update etcd`. */
export function kindOf(op: string, { what }: Pick<DisplayName, "what">): string {
  return `${op} ${what}`;
}
