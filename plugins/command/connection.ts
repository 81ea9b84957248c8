import type { SshTarget } from "../../ssh/index.ts";
import { isMap, plain, type PropertyMap, type PropertyValue, text } from "../provider/values.ts";
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
