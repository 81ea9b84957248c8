import type { Attribute, AttributeChange, Plan } from "../bridged/schema.ts";
import type { PropertyMap, PropertyValue } from "../provider/values.ts";

/** Arbitrary values that replace the resource when they change; from unset to empty is no reason to. */
export const keepers: Attribute = {
  type: "stringMap",
  role: "optional",
  replace: ({ prior, config }: AttributeChange) => size(prior) > 0 || size(config) > 0,
};

function size(value: PropertyValue | undefined): number {
  return typeof value === "object" && value !== null ? Object.keys(value).length : typeof value === "string" ? 1 : 0;
}

const flag: Attribute = { type: "bool", role: "optional", default: true, replace: true };
const minimum: Attribute = { type: "int", role: "optional", default: 0, replace: true };
const digits: Attribute = { type: "bool", role: "optional", filledIn: true, replace: true };

/** Inputs of RandomPassword. */
export const textInputs: Record<string, Attribute> = {
  keepers,
  length: {
    type: "int",
    role: "required",
    replace: true,
    check: (value, inputs) => {
      const names = ["minUpper", "minLower", "minNumeric", "minSpecial"];
      const least = names.reduce((sum, name) => sum + Number(inputs[name] ?? 0), 0);
      return Number(value) >= Math.max(1, least)
        ? undefined
        : `length must be at least ${Math.max(1, least)}` + (least > 0 ? `, the sum of ${names.join(", ")}.` : ".");
    },
  },
  special: flag,
  upper: flag,
  lower: flag,
  number: digits,
  numeric: digits,
  minNumeric: minimum,
  minUpper: minimum,
  minLower: minimum,
  minSpecial: minimum,
  overrideSpecial: {
    type: "string",
    role: "optional",
    replace: ({ prior, config }) => config !== undefined || prior !== "",
  },
};

/** `number` is the old name of `numeric`: one that is set gives both, none means true. */
export function syncDigits({ config, planned }: Plan): void {
  const { number, numeric } = config;
  if (number !== undefined && numeric !== undefined && number !== numeric) {
    throw new Error("number and numeric are both set, to different values. Drop number: it is deprecated.");
  }
  planned["number"] = planned["numeric"] = numeric ?? number ?? true;
}

/** As the official plugin: with upper, lower and special switched off, digits must stay. */
export function someClass(inputs: PropertyMap): string | undefined {
  const others = [inputs["special"], inputs["upper"], inputs["lower"]];
  const off = (inputs["numeric"] === false || inputs["number"] === false) && others.every((value) => value === false);
  return off ? "At least one of special, upper, lower and numeric must be true." : undefined;
}
