import { randomInt } from "node:crypto";
import { type PropertyMap, type PropertyValue, text } from "../provider/values.ts";

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/** Bits of randomness of a text by the same inputs, minimums aside. */
export function randomBits(inputs: PropertyMap): number {
  const allowed = classesOf(inputs).flatMap(({ characters, use }) => (use === true ? characters : []));
  return count(inputs["length"]) * Math.log2(new Set(allowed).size || 1);
}

/** A random text by the inputs of RandomPassword, all defaults filled in. */
export function randomText(inputs: PropertyMap): string {
  const classes = classesOf(inputs);
  const allowed = classes.flatMap(({ characters, use }) => (use === true ? characters : []));
  if (allowed.length === 0) {
    throw new Error("No characters to choose from: set one of upper, lower, numeric and special to true.");
  }
  // A minimum takes its characters even from a class that is switched off, as in the official plugin.
  const result = classes.flatMap(({ characters, least }) => Array.from({ length: least }, () => pick(characters)));
  while (result.length < count(inputs["length"])) {
    result.push(pick(allowed));
  }
  return shuffle(result).join("");
}

interface CharacterClass {
  characters: string[];
  /** Whether it is switched on. */
  use: PropertyValue | undefined;
  least: number;
}

function classesOf(inputs: PropertyMap): CharacterClass[] {
  const override = text(inputs["overrideSpecial"]);
  const special = Array.from(override === "" ? SPECIAL : override);
  return [
    { characters: Array.from(UPPER), use: inputs["upper"], least: count(inputs["minUpper"]) },
    { characters: Array.from(LOWER), use: inputs["lower"], least: count(inputs["minLower"]) },
    { characters: Array.from(DIGITS), use: inputs["numeric"], least: count(inputs["minNumeric"]) },
    { characters: special, use: inputs["special"], least: count(inputs["minSpecial"]) },
  ];
}

function count(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function pick(characters: string[]): string {
  return characters[randomInt(characters.length)] ?? "";
}

function shuffle(items: string[]): string[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [items[last], items[other]] = [items[other] ?? "", items[last] ?? ""];
  }
  return items;
}
