import { printable } from "../../plan/printable.ts";

/** Lines in which everything can be seen. */
function lines(text: string): string {
  return text
    .split("\n")
    .map((line) => printable(line))
    .join("\n");
}

/** Text as GitHub and GitLab show it: no markup, no mention of people, no link to an issue. */
export function plain(text: string): string {
  return lines(text)
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/[\\`*_[\]|~]/g, "\\$&")
    .replace(/@(?=\w)/g, "@<!-- -->")
    .replace(/([#!])(?=\w)/g, "$1<!-- -->")
    .replace(/\s*\n\s*/g, "<br>");
}

/** A name in a code span. Usable in tables. */
export function code(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const ticks = "`".repeat(longest + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${ticks}${pad}${printable(text).replaceAll("|", "\\|")}${pad}${ticks}`;
}

/** A fenced block whose fence is longer than any run of backticks inside. */
export function fenced(content: readonly string[], language: string): string[] {
  const longest = Math.max(2, ...(content.join("\n").match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return [`${fence}${language}`, ...content.map(lines), fence];
}

/** A table; cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** Whole lines as far as they fit. Only for text in which every line stands for itself. */
export function cut(lines: readonly string[], limit: number, closing: string): string {
  const kept: string[] = [];
  let used = closing.length + 2;
  for (const line of lines) {
    const length = line.length + 1;
    if (used + length > limit) break;
    used += length;
    kept.push(line);
  }
  return [...kept, "", closing].join("\n");
}
