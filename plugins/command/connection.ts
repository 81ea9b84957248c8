import type { SshTarget } from "../../ssh/index.ts";
import {
  isMap,
  isUnknown,
  peel,
  plain,
  type PropertyMap,
  type PropertyValue,
  secret,
  text,
} from "../provider/values.ts";
import type { Fields } from "./fields.ts";

const endpointFields: Fields = {
  host: { type: "string", required: true },
  user: { type: "string", default: "root" },
  port: { type: "number", default: 22 },
  password: { type: "string", secret: true },
  privateKey: { type: "string", secret: true },
  privateKeyPassword: { type: "string", secret: true },
  agentSocketPath: { type: "string" },
  hostKey: { type: "string" },
  dialErrorLimit: { type: "number", default: 10 },
  perDialTimeout: { type: "number", default: 15 },
};

/** The input `connection`: how to reach a host, by way of one bastion or none. */
export const connectionFields: Fields = { ...endpointFields, proxy: { type: endpointFields } };

/** The checked input `connection` as a target of our SSH client. */
export function sshTarget(connection: PropertyValue | undefined): SshTarget {
  const bare = plain(connection ?? null);
  if (!isMap(bare)) {
    throw new Error("The resource has no connection in its inputs or state.");
  }
  const proxy = bare["proxy"];
  return isMap(proxy) ? { ...endpoint(bare), proxy: endpoint(proxy) } : endpoint(bare);
}

function endpoint(fields: PropertyMap): SshTarget {
  const target: SshTarget = { host: text(fields["host"]) };
  const given = privateKeys.get(endpointName(fields));
  if (given !== undefined) target.privateKey = given;
  for (const name of ["user", "password", "privateKey", "privateKeyPassword", "agentSocketPath", "hostKey"] as const) {
    const value = fields[name];
    if (typeof value === "string") {
      target[name] = value;
    }
  }
  for (const name of ["port", "dialErrorLimit", "perDialTimeout"] as const) {
    const value = fields[name];
    if (typeof value === "number") {
      target[name] = Math.trunc(value);
    }
  }
  return target;
}

/** Private keys that programs of this process gave, by endpoint. */
const privateKeys = new Map<string, string>();

function endpointName(fields: PropertyMap): string {
  return JSON.stringify(["host", "port", "user"].map((name) => plain(fields[name] ?? null)));
}

/**
 * Takes the private keys out of a checked connection and keeps them in this process, so that none gets into the engine's
 * state, and another key is no change of what runs on hosts. A command whose connection has no key, because it comes from
 * the state, is run with the key of its endpoint, else with that of the process ({@link sharedPool}).
 */
export function withoutKeys(inputs: PropertyMap): PropertyMap {
  const connection = peel(inputs["connection"] ?? null);
  if (!isMap(connection)) return inputs;
  const kept = withoutKey(connection);
  const proxy = peel(kept["proxy"] ?? null);
  return { ...inputs, connection: secret(isMap(proxy) ? { ...kept, proxy: withoutKey(proxy) } : kept) };
}

function withoutKey(endpoint: PropertyMap): PropertyMap {
  const { privateKey, ...rest } = endpoint;
  if (privateKey === undefined || isUnknown(peel(privateKey))) return rest;
  privateKeys.set(endpointName(rest), text(privateKey));
  return rest;
}
