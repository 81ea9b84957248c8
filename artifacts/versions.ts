/** Compares dotted versions (`1.26`, `1.26.8`, `v3.259.0`, `go1.26.8`): negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): number[] {
  const match = /\d+(\.\d+)*/.exec(version);
  return (match?.[0] ?? "0").split(".").map(Number);
}

/** Whether `text` states `version` as a whole: 1.36.3 is in "Kubernetes v1.36.3" but not in "v1.36.30". */
export function statesVersion(text: string, version: string): boolean {
  const escaped = version.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\d.])${escaped}(?![\\d])(?!\\.\\d)`).test(text);
}
