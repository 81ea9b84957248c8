import type { HostState } from "../../../plan/dashboard/hosts.ts";
import { el, type Element, type Inside } from "./tree.ts";

/** A sign for each state, so that no state is told by its colour alone. */
const signs: Readonly<Record<string, string>> = {
  down: "✕",
  problem: "✕",
  failed: "✕",
  ended: "✕",
  warning: "!",
  soon: "!",
  changing: "↻",
  running: "↻",
  planned: "·",
  ok: "✓",
  done: "✓",
};

export const stateWords: Readonly<Record<HostState, string>> = {
  down: "does not answer",
  problem: "has a problem",
  changing: "is being changed",
  warning: "to see to in time",
  ok: "healthy",
};

/** The sign of a state, with its word for those who do not see it. */
export function sign(state: string, word = state): Element {
  return el("span", { class: `sign ${state}`, role: "img", "aria-label": word, title: word }, signs[state] ?? "?");
}

export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A section of the page; whoever looks for it finds it by its id. */
export function section(id: string, title: string, ...inside: readonly Inside[]): Element {
  return el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), ...inside);
}

export function list(items: readonly Inside[], kind = ""): Element | undefined {
  if (items.length === 0) return undefined;
  return el("ul", kind === "" ? {} : { class: kind }, ...items.map((item) => el("li", {}, item)));
}
