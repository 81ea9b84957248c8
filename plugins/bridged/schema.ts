import type { PropertyMap, PropertyValue } from "../provider/values.ts";

export type AttributeType = "string" | "int" | "number" | "bool" | "strings" | "stringMap" | "object";

/** Looks at one change of an attribute; unset is `undefined`. */
export interface AttributeChange {
  prior: PropertyValue | undefined;
  config: PropertyValue | undefined;
}

/** One attribute of a bridged resource, in the terms of the Terraform provider behind it. */
export interface Attribute {
  type: AttributeType;
  /** `required` and `optional` are inputs; `computed` is an output alone. */
  role: "required" | "optional" | "computed";
  /** Value of an input that is not set. */
  default?: PropertyValue;
  /** An input that the provider may fill in when it is not set, once, at creation. */
  filledIn?: true;
  /** Secret in inputs and outputs. */
  secret?: true;
  /** Whether a change replaces the resource. Defaults to never. */
  replace?: true | ((change: AttributeChange) => boolean);
  /** A computed value that an update does not carry over, so that a preview shows it as unknown. */
  volatile?: true;
  /** Says what is wrong with a known value, or undefined. Must not quote secrets. */
  check?(value: PropertyValue, inputs: PropertyMap): string | undefined;
}

/** The planned state of a resource: every attribute that is not null, `UNKNOWN` where only creation can tell. */
export interface Plan {
  /** State of the last run; undefined at creation. */
  prior: PropertyMap | undefined;
  config: PropertyMap;
  planned: PropertyMap;
  /** Attributes to replace for, whatever their own rule says. */
  replaces: Set<string>;
}

/** One bridged resource type. */
export interface BridgedResource {
  /** Marker kept in the state by the bridge; absent for version 0. */
  schemaVersion?: number;
  attributes: Record<string, Attribute>;
  /** Further rules over several inputs, all known or unset. */
  checkAll?(inputs: PropertyMap): string | undefined;
  /** Adjusts attributes after defaults and before replacement is decided. Throws with a sentence for what cannot be. */
  adjust?(plan: Plan): void;
  /** Marks replacements that no attribute's change explains. */
  modify?(plan: Plan): void;
  /** Makes the thing: takes the planned inputs, gives the id and the computed attributes. */
  create(inputs: PropertyMap, warn: (line: string) => void): Promise<{ id: string; computed: PropertyMap }>;
  /**
   * Takes over what exists outside of the state, in place of `create`: gives id and computed attributes.
   *
   * @param text the thing itself, such as a PEM.
   * @returns undefined where it is not what the inputs ask for, so that it is made anew.
   * @throws Error with a sentence, which quotes no secret, where it must not be made anew.
   */
  adopt?(text: string, inputs: PropertyMap): { id: string; computed: PropertyMap } | undefined;
  /** Brings a state up to date. Defaults to the state as it is. */
  refresh?(state: PropertyMap): PropertyMap;
  /** State for an existing thing. Without it an import is refused. */
  import?(id: string): { id: string; state: PropertyMap };
}
