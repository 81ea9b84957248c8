import type { SshTarget } from "../../ssh/index.ts";
import {
  isMap,
  isSecret,
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
  Object.assign(target, given.get(endpointName(fields)));
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
const given = new Map<string, Pick<SshTarget, "privateKey" | "privateKeyPassword">>();

function endpointName(fields: PropertyMap): string {
  return JSON.stringify(["host", "port", "user"].map((name) => plain(fields[name] ?? null)));
}

const keyFields = ["privateKey", "privateKeyPassword"] as const;

function withoutKey(endpoint: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(endpoint).filter(([name]) => !keyFields.some((field) => field === name)));
}

/** A connection whose endpoints, the host's and the bastion's, are changed one by one. */
function mapEndpoints(connection: PropertyMap, change: (endpoint: PropertyMap) => PropertyMap): PropertyMap {
  const changed = change(connection);
  const proxy = peel(changed["proxy"] ?? null);
  return isMap(proxy) ? { ...changed, proxy: change(proxy) } : changed;
}

/**
 * Takes the private keys out of a checked connection and keeps them in this process, so that none gets into the engine's
 * state, and another key is no change of what runs on hosts. A command whose connection has no key, because none was given
 * or it comes from the state, is run with the key of its endpoint, else as this process logs in ({@link sharedPool}).
 */
export function takeKeys(inputs: PropertyMap): PropertyMap {
  const connection = peel(inputs["connection"] ?? null);
  if (!isMap(connection)) return inputs;
  const take = (endpoint: PropertyMap): PropertyMap => {
    const kept = withoutKey(endpoint);
    const keys = keyFields.flatMap((field) => {
      const value = endpoint[field];
      return value === undefined || isUnknown(peel(value)) ? [] : [[field, text(value)]];
    });
    if (keys.length > 0) given.set(endpointName(kept), Object.fromEntries(keys) as Record<string, string>);
    return kept;
  };
  return { ...inputs, connection: secret(mapEndpoints(connection, take)) };
}

/**
 * Properties of a state as they are without what the official plugin keeps there, and is no difference to today's: private
 * keys, and the bastion where the program names none, because this process knows the way ({@link sharedPool}).
 *
 * @param news today's properties.
 */
export function comparable(properties: PropertyMap, news: PropertyMap): PropertyMap {
  const connection = properties["connection"] ?? null;
  const bare = peel(connection);
  if (!isMap(bare)) return properties;
  const kept = mapEndpoints(bare, withoutKey);
  const wanted = peel(news["connection"] ?? null);
  if (isMap(wanted) && wanted["proxy"] === undefined) delete kept["proxy"];
  return { ...properties, connection: isSecret(connection) ? secret(kept) : kept };
}
