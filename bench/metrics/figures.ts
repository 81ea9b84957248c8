/** A figure that grows, or falls, by the same from second to second. */
interface Moving {
  /** What stands before its value in a line. */
  name: string;
  from: number;
  perSecond: number;
}

/** What an endpoint tells, and how that goes on: parts in their order, of which texts stay as they are. */
export type Figures = readonly (string | Moving)[];

/** A line's name with labels, and its value; undefined for others. When it was looked at, which some tell besides, is left out. */
function sampleIn(line: string): { name: string; value: string } | undefined {
  const end = line.includes("}") ? line.lastIndexOf("}") + 1 : line.indexOf(" ");
  if (line.startsWith("#") || end <= 0) return undefined;
  const [value = ""] = line.slice(end).trim().split(" ");
  return { name: line.slice(0, end), value };
}

/**
 * From what an endpoint told twice, in Prometheus' text format.
 *
 * @param seconds between the two.
 */
export function figuresOf(first: string, second: string, seconds: number): Figures {
  const after = new Map(
    second
      .split("\n")
      .flatMap((line) => sampleIn(line) ?? [])
      .map(({ name, value }) => [name, value]),
  );
  const parts: (string | Moving)[] = [];
  const still = (text: string): void => {
    const last = parts.at(-1);
    if (typeof last === "string") parts[parts.length - 1] = `${last}${text}\n`;
    else parts.push(`${text}\n`);
  };
  for (const line of first.split("\n").filter((text) => text !== "")) {
    const sample = sampleIn(line);
    const [from, to] = [Number(sample?.value ?? Number.NaN), Number(after.get(sample?.name ?? "") ?? Number.NaN)];
    if (sample === undefined) still(line);
    else if (!Number.isFinite(from) || !Number.isFinite(to) || from === to) still(`${sample.name} ${sample.value}`);
    else parts.push({ name: sample.name, from, perSecond: (to - from) / seconds });
  }
  return parts;
}

/** What it tells some seconds after the first time. */
export function tell(figures: Figures, seconds: number): string {
  return figures
    .map((part) => (typeof part === "string" ? part : `${part.name} ${String(part.from + part.perSecond * seconds)}\n`))
    .join("");
}
