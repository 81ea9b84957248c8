import { z } from "zod";
import type { NodeDeclaration } from "./roster.ts";
import { parseRosterText } from "./rostertext.ts";

/** A value of JSON. */
export type Json = string | number | boolean | null | Json[] | JsonMap;

export interface JsonMap {
  [key: string]: Json;
}

/** An object in the cluster as the stack's last run has declared it. */
export interface DeclaredObject {
  /** Of its resource. */
  urn: string;
  /** What is applied: nothing but fields of ours. */
  object: JsonMap;
  /** Name under which the fields are owned; undefined where the state does not tell. */
  manager: string | undefined;
  /** Whether something of it is a secret: then no value of it is shown. */
  secret: boolean;
}

/** A Node as the stack's last run has declared it. */
export interface DeclaredNode extends NodeDeclaration {
  name: string;
  /** /etc/machine-id of its host; undefined where the run did not know it. */
  machineId: string | undefined;
}

/** What a stack's last run has declared in the cluster. */
export interface Declared {
  objects: DeclaredObject[];
  nodes: DeclaredNode[];
}

/** Marks a secret in a state; it takes the place of a type: sdk/go/common/resource/sig of pulumi/pulumi. */
const signature = { key: "4dabf18193072939515e22adb298388d", secret: "1b47061264138c4ac30d75fd1eb44270" } as const;

const json: z.ZodType<Json> = z.json();
const jsonMap: z.ZodType<JsonMap> = z.record(z.string(), json);

const resource = z.object({
  urn: z.string(),
  type: z.string(),
  delete: z.boolean().default(false),
  external: z.boolean().default(false),
  inputs: jsonMap.default({}),
  outputs: jsonMap.default({}),
});

type Resource = z.infer<typeof resource>;

const state = z.object({
  deployment: z.object({ resources: z.array(resource).nullish() }).nullish(),
});

/** Kinds of objects: `kubernetes:GROUP/VERSION:KIND`. Charts, lists and patches have that form and are none. */
const objectType = /^kubernetes:(?!helm\.sh|kustomize|yaml)[^:]+:(?!\w*(?:List|Patch)$)\w+$/;

const isMap = (value: Json): value is JsonMap => typeof value === "object" && value !== null && !Array.isArray(value);

/** A value without marks of secrecy, and whether there were any. */
function revealed(value: Json): { value: Json; secret: boolean } {
  if (Array.isArray(value)) {
    const items = value.map(revealed);
    return { value: items.map((item) => item.value), secret: items.some(({ secret }) => secret) };
  }
  if (!isMap(value)) return { value, secret: false };
  const { plaintext } = value;
  if (value[signature.key] === signature.secret) {
    if (typeof plaintext !== "string") throw new Error("a secret of the stack's state is not in clear");
    return { value: json.parse(JSON.parse(plaintext)), secret: true };
  }
  const entries = Object.entries(value).map(([key, inner]) => [key, revealed(inner)] as const);
  return {
    value: Object.fromEntries(entries.map(([key, inner]) => [key, inner.value])),
    secret: entries.some(([, inner]) => inner.secret),
  };
}

function objectOf({ urn, type, inputs, outputs }: Resource): DeclaredObject[] {
  if (!objectType.test(type)) return [];
  const { value, secret } = revealed(inputs);
  if (!isMap(value)) return [];
  const manager = outputs["__fieldManager"];
  return [
    {
      urn,
      object: value,
      manager: typeof manager === "string" ? manager : undefined,
      secret: secret || value["kind"] === "Secret",
    },
  ];
}

const texts = z.record(z.string(), z.string()).default({});
const manifest = z.object({ metadata: z.object({ name: z.string(), labels: texts, annotations: texts }) });

function nodeOf({ urn, type, inputs }: Resource): DeclaredNode[] {
  const { create } = inputs;
  if (type !== "command:remote:Command" || !urn.endsWith("-register") || typeof create !== "string") return [];
  const variables = parseRosterText(create);
  const { metadata } = manifest.parse(JSON.parse(variables.get("MANIFEST") ?? "null"));
  const machineId = variables.get("MACHINE_ID") ?? "";
  const taints = (variables.get("TAINTS") ?? "").split("\n").flatMap((line) => {
    const [key = "", value = "", effect = ""] = line.split("|");
    return key === "" ? [] : [{ key, value, effect: effect as DeclaredNode["taints"][number]["effect"] }];
  });
  return [{ ...metadata, taints, machineId: machineId === "" || machineId === "-" ? undefined : machineId }];
}

/**
 * Reads what a stack has declared in the cluster out of its exported state.
 *
 * @param exported what `pulumi stack export --show-secrets` prints.
 * @throws Error with a sentence when it makes no sense.
 */
export function readDeclared(exported: string): Declared {
  const { success, data } = state.safeParse(JSON.parse(exported));
  if (!success) throw new Error("the stack's state makes no sense");
  const resources = (data.deployment?.resources ?? []).filter((one) => !one.delete && !one.external);
  return { objects: resources.flatMap(objectOf), nodes: resources.flatMap(nodeOf) };
}
