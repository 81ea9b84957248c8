import type { Gap } from "./gaps.ts";
import type { Cell } from "./objectives.ts";

// Pictures of characters: they are seen wherever a report is read, in a pull request, a mail or a terminal.

const bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const nothing = "·";

/** A bar for each value, the highest as high as a line; what is not known is a dot. */
export function barsOf(values: readonly (number | undefined)[]): string {
  const most = values.reduce<number>((highest, value = 0) => Math.max(highest, value), 0);
  return values
    .map((value) => {
      if (value === undefined) return nothing;
      const level = most === 0 ? 0 : Math.min(bars.length - 1, Math.floor((value / most) * bars.length));
      return bars[level] ?? nothing;
    })
    .join("");
}

/** A digit for each number, `+` above nine, a dot for none. */
export function digitsOf(numbers: readonly number[]): string {
  return numbers.map((number) => (number === 0 ? nothing : number > 9 ? "+" : String(number))).join("");
}

/** Where gaps are. @param cells when pieces of the time begin, seconds. @param end of the last one. */
export function gapMarks(cells: readonly Pick<Cell, "at">[], gaps: readonly Gap[], end: number): string {
  return cells
    .map(({ at }, index) => {
      const until = cells[index + 1]?.at ?? Math.max(end, at);
      return gaps.some(({ begin, length }) => begin < until && begin + length > at) ? "█" : nothing;
    })
    .join("");
}

/** The axis below: when it begins and ends. */
export function axisOf(width: number, seconds: number): string {
  const [left, right] = ["0 s", `${Math.round(seconds)} s`];
  return left + " ".repeat(Math.max(1, width - left.length - right.length)) + right;
}

/** Rows with titles of the same width in front, and the axis below. */
export function chart(rows: readonly (readonly [title: string, picture: string])[], seconds: number): string[] {
  const width = Math.max(...rows.map(([title]) => title.length));
  const picture = Math.max(...rows.map(([, text]) => text.length));
  return [
    ...rows.map(([title, text]) => `${title.padEnd(width)}  ${text}`),
    `${" ".repeat(width)}  ${axisOf(picture, seconds)}`,
  ];
}
