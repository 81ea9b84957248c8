/** Attributes of an element; those that are false or undefined are left out, of those that are true the name stands alone. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * A part of the page as plain data: a text, or a name, attributes and what is inside. The file that `status --html` writes, the page's first
 * answer and what the browser draws anew (assets/live.js) are made of the same. Texts are texts wherever they come from: whatever makes
 * elements of it escapes them.
 */
export type Tree = string | Element;
export type Element = readonly [name: string, attributes: Attributes, ...inside: (string | Element)[]];

/** What may stand inside of an element when it is built; what is false or undefined is left out. */
export type Inside = Tree | number | false | undefined | readonly Inside[];

function isElement(inside: Inside): inside is Element {
  return Array.isArray(inside) && typeof inside[0] === "string" && isAttributes(inside[1]);
}

function isAttributes(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function flat(inside: Inside): Tree[] {
  if (inside === false || inside === undefined) return [];
  if (typeof inside === "number") return [String(inside)];
  if (typeof inside === "string" || isElement(inside)) return [inside];
  return inside.flatMap(flat);
}

/** Builds an element. */
export function el(name: string, attributes: Attributes = {}, ...inside: readonly Inside[]): Element {
  const known = Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== undefined && value !== false),
  );
  return [name, known, ...inside.flatMap(flat)];
}

/** A time, which the page tells as an age where its script runs. @param at milliseconds since the epoch. */
export function when(at: number): Element {
  const iso = new Date(at).toISOString();
  return el("time", { datetime: iso, title: iso }, `${iso.slice(0, 16).replace("T", " ")} UTC`);
}

/** A table with a head. */
export function table(caption: string, head: readonly string[], rows: readonly (readonly Inside[])[]): Element {
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col" }, text)))),
      el(
        "tbody",
        {},
        ...rows.map(([first, ...others]) =>
          el("tr", {}, el("th", { scope: "row" }, first), ...others.map((cell) => el("td", {}, cell))),
        ),
      ),
    ),
  );
}
