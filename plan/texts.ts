import { z } from "zod";
import { hasOddAddress, isIPv4 } from "./addresses.ts";
import { printable } from "./printable.ts";

/**
 * Texts that people write and that end in files, units, command lines or paths. Each schema takes what means one thing there,
 * and nothing that could end the line, the word or the folder that it stands in.
 */

/** Half of a surrogate pair is nothing that a file could hold. */
const anyLine = /^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u;

/** One line of text. */
export const oneLine = z.string().regex(anyLine, "must be one line, without control characters");

/** The same, of at least one character. */
export const words = oneLine.min(1, "must not be empty");

/** Name of a network interface, as Linux takes it, less what configuration files and shells could misread. */
export const interfaceName = z
  .string()
  .regex(/^[A-Za-z0-9_][\w.-]{0,14}$/, "must be the name of a network interface such as eth0 (at most 15 characters)");

/** An account on a host; those of a directory may have their domain behind an @. */
export const loginName = z
  .string()
  .regex(/^[A-Za-z0-9_][\w.@-]{0,63}$/, "must be the name of an account such as admin");

/** A file on the operator's machine. */
export const localFile = words.regex(/^[^"]*$/, 'must be a path without "');

/** Public key of an SSH server. Type and key are words of OpenSSH's configuration, a comment behind them is not read. */
export const sshHostKey = oneLine.regex(
  /^(ssh|ecdsa|sk|rsa)-[a-z0-9@.-]+ [\w+/=-]+( .*)?$/,
  "must be a public host key as one line TYPE BASE64, such as ssh-ed25519 AAAA…, without the host in front",
);

const dnsLabel = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const dnsName = new RegExp(`^${dnsLabel}(\\.${dnsLabel})*$`);

/** Whether a text ends as addresses do: some programs take `0x7f.1` or `10.1` for one. */
const endsInNumber = (text: string): boolean => /(^|\.)(\d+|0x[\da-f]*)$/i.test(text);

/** An IPv4 address or a DNS name. */
export function isHostAddress(text: string): boolean {
  return endsInNumber(text) ? isIPv4(text) : text.length <= 253 && dnsName.test(text);
}

/** Where the operator's machine finds a host: also a name that is known there alone. */
export const sshAddress = z
  .string()
  .refine(isHostAddress, "must be an IPv4 address or a DNS name such as w7.example.net, without user and port");

/** A DNS name, as opposed to an address. */
export const serverName = z
  .string()
  .refine(
    (text) => isHostAddress(text) && !isIPv4(text),
    "must be a DNS name such as api.example.net, without scheme and port",
  );

/** An address or a name for which a certificate is good. */
export const certifiedName = z
  .string()
  .refine(
    (text) => isHostAddress(text.replace(/^\*\.(?=.*[^\d.])/, "")),
    "must be an IPv4 address or a DNS name such as api.example.net or *.example.net, without scheme and port",
  );

function portOf(text: string): number | undefined {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
}

/** Where a server is: an IPv4 address or a DNS name, and a port where it is not the usual one. */
export interface ServerPlace {
  host: string;
  port?: number;
}

/** The text of one, `HOST` or `HOST:PORT`. */
export const serverPlace = z.string().transform((text, context): ServerPlace => {
  const [host = "", port, ...more] = text.split(":");
  const number = port === undefined ? undefined : portOf(port);
  if (isHostAddress(host) && more.length === 0 && (port === undefined) === (number === undefined))
    return { host, ...(number === undefined ? {} : { port: number }) };
  context.addIssue({
    code: "custom",
    message:
      "must be an IPv4 address or a DNS name such as api.example.net, without scheme, and with a port where it is not 6443 (api.example.net:443)",
  });
  return z.NEVER;
});

/** A domain of the cluster's DNS. */
export const dnsDomain = z
  .string()
  .refine(
    (text) => text.length <= 253 && dnsName.test(text) && text === text.toLowerCase() && !endsInNumber(text),
    "must be a DNS domain in lower case such as cluster.local",
  );

/** Characters of a URL that no shell, line or table takes for anything else. */
const webAddress = /^https?:\/\/[\w.~:/@%+,=[\]-]+$/;

/** Base of the addresses of a server. */
export const webUrl = z
  .string()
  .refine(
    (text) => webAddress.test(text) && URL.canParse(text),
    "must be a URL such as http://192.0.2.1:8410, with http or https and without a query",
  )
  .refine(
    (text) => !URL.canParse(text) || !hasOddAddress(text),
    "must have an IPv4 address as four numbers without leading zeros, such as http://192.0.2.1:8410",
  );

function isServer(text: string): boolean {
  const [host = "", port, ...more] = text.split(":");
  const isPort = port === undefined || portOf(port) !== undefined;
  return isHostAddress(host) && isPort && more.length === 0 && text === text.toLowerCase();
}

const registryForm =
  "must be a registry such as registry.example.net or registry.example.net:5000, in lower case, without scheme and path";

/** The host of a registry or of a mirror, with its port if it has one. It is the name of a folder. */
export const serverRegistry = z.string().refine(isServer, registryForm);

/**
 * The name of a registry as images have it, or `_default` for all others. Of `HOST/IMAGE` containerd takes HOST for a registry where
 * it has a dot or a port or is localhost; anything else is a part of Docker Hub's.
 */
export const registryHost = z
  .string()
  .refine(
    (text) => text === "_default" || (isServer(text) && (/[.:]/.test(text) || text === "localhost")),
    `${registryForm}, or _default for all others`,
  );

/** An image with a tag, a digest or both. */
export const imageReference = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.-]*(:\d+)?(\/[\w.-]+)*(:[\w.-]+|(:[\w.-]+)?@[a-z0-9]+:[0-9a-f]{32,})$/,
    "must be an image with a tag or digest",
  );

/** An amount of memory, disk or processors. */
export const quantity = z
  .string()
  .regex(/^\d+(\.\d+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/, "must be a quantity such as 500m, 4 or 8Gi");

/** Name of a label, of an annotation or of a taint of a Node. */
export const labelName = z
  .string()
  .regex(
    /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
    "must be a name such as rack or example.net/rack",
  );
/** Value of a label. */
export const labelValue = z
  .string()
  .regex(
    /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/,
    "must be a label value (at most 63 of A-Z a-z 0-9 - _ .)",
  );

/** Extra command line arguments of one service: name without dashes → value. They win over Plinth's own. */
export const extraArgs = z.record(
  z.string().regex(/^[a-z][a-z0-9-]*$/, "must be the name of an argument in lower case, without dashes in front"),
  oneLine,
);

/** Of etcd. The path of its data is a word of a host's instructions as well. */
export const etcdArguments = extraArgs.superRefine(({ "data-dir": directory }, context) => {
  if (directory === undefined || /^(\/[\w-][\w.-]*)+$/.test(directory)) return;
  context.addIssue({ code: "custom", path: ["data-dir"], message: "must be an absolute path without blanks" });
});

/** Value of a kernel parameter. Any blank between its words is as good as another. */
export const parameterValue = z
  .union([z.string(), z.number(), z.null()], "must be a text or a number")
  // A key without a value is an empty one.
  .transform((value) =>
    String(value ?? "")
      .trim()
      .replaceAll(/\s+/g, " "),
  )
  .pipe(oneLine.regex(/^[^*?[\]]*$/, "must have none of * ? [ ]"));

/** For `superRefine` of a structure: every text in it, keys included, is one line. */
export function refineLines(structure: unknown, context: z.core.$RefinementCtx): void {
  const report = (path: string[]): void => {
    context.addIssue({ code: "custom", path, message: "must be one line, without control characters" });
  };
  const look = (value: unknown, path: string[]): void => {
    if (typeof value === "string" && !anyLine.test(value)) report(path);
    if (typeof value !== "object" || value === null) return;
    for (const [key, one] of Object.entries(value)) {
      if (anyLine.test(key)) look(one, [...path, key]);
      else report([...path, key]);
    }
  };
  look(structure, []);
}

/** What values are called in a sentence. */
const kinds: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

/** What a value is, for a sentence. */
function kindOf(input: unknown): string {
  if (input === null) return "nothing";
  if (Array.isArray(input)) return "a list";
  if (typeof input === "number" && Number.isNaN(input)) return "no number";
  return kinds[typeof input] ?? "something else";
}

/** Says in a sentence what is wrong where a schema has no words of its own. For `safeParse`. */
export const plainly: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type": {
      if (issue.input === undefined) return "is missing";
      const quoted = issue.expected === "string" && ["number", "boolean"].includes(typeof issue.input);
      return `must be ${kinds[issue.expected] ?? issue.expected}, and is ${kindOf(issue.input)}${quoted ? ": write it in quotes" : ""}`;
    }
    case "unrecognized_keys":
      return `has ${issue.keys.join(", ")}, which is unknown here`;
    case "invalid_value":
      return `must be one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "invalid_union":
      return "has a form that it cannot have";
    default:
      return undefined;
  }
};

/** What an issue of a schema says, without its place: of a name in a map what is wrong with the name. */
export function reasonOf(issue: z.core.$ZodIssue): string {
  const [inner] = issue.code === "invalid_key" ? issue.issues : [];
  return printable(inner === undefined ? issue.message : reasonOf(inner), 500);
}

/** The place of an issue, `tenants.shop.quota`; what people have written there is shown escaped. */
export function placeOf(issue: Pick<z.core.$ZodIssue, "path">): string {
  return printable(issue.path.map(String).join("."), 200);
}
