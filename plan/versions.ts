/** The numbers at the beginning of a version, such as 6, 1, 0, 18 of `6.1.0-18-amd64`. */
function numbersOf(version: string): number[] {
  const [numbers = ""] = /^\d+(?:[.-]\d+)*/.exec(version.replace(/^v/, "")) ?? [];
  return numbers === "" ? [] : numbers.split(/[.-]/).map(Number);
}

/**
 * Whether a version is another one or a later one, by their numbers: `6.1.0-18-amd64` is at least `6.1`.
 *
 * @returns undefined when one of them does not begin with a number.
 */
export function atLeast(actual: string, wanted: string): boolean | undefined {
  const has = numbersOf(actual);
  const needs = numbersOf(wanted);
  if (has.length === 0 || needs.length === 0) return undefined;
  for (const [index, need] of needs.entries()) {
    const number = has[index] ?? 0;
    if (number !== need) return number > need;
  }
  return true;
}
