import type { Page } from "../../../plan/dashboard/page.ts";
import type { Cell, PictureItem, PlanPicture, Row } from "../../../plan/dashboard/planpicture.ts";
import { wordingOf } from "../../render/steps.ts";
import { el, when, type Element } from "./tree.ts";
import { counted, section, sign } from "./words.ts";

function itemView({ op, what, effects, state }: PictureItem): Element {
  const { sign: mark, plan } = wordingOf(op);
  const told = `${plan} ${what}${effects.length === 0 ? "" : ` (${effects.join("; ")})`}`;
  return el(
    "span",
    { class: `change op-${op} ${state}`, title: told },
    state === "planned" ? `${mark} ` : [sign(state), " "],
    what,
    effects.length > 0 && el("small", {}, ` ${effects.join("; ")}`),
  );
}

function cellView(cell: Cell | undefined): Element {
  if (cell === undefined) return el("td");
  return el("td", {}, ...cell.items.map(itemView), cell.more > 0 && el("small", {}, `and ${cell.more} more`));
}

/** `cp1`, `w1, w2, w3 and 47 more`. */
function labelOf({ hosts }: Row): string {
  if (hosts.length === 0) return "cluster";
  const more = hosts.length > 3 ? ` and ${hosts.length - 3} more` : "";
  return `${hosts.slice(0, 3).join(", ")}${more}`;
}

function pictureView({ columns, rows, hiddenColumns, hiddenHosts }: PlanPicture): Element[] {
  const head = columns.map((count, index) =>
    el("th", { scope: "col", title: counted(count, "change") }, `Wave ${index + 1}`),
  );
  const body = rows.map((row) => {
    const cells = new Map(row.cells.map((cell) => [cell.column, cell]));
    return el(
      "tr",
      {},
      el("th", { scope: "row", title: row.hosts.slice(0, 50).join(", ") }, labelOf(row)),
      ...columns.map((_count, column) => cellView(cells.get(column))),
    );
  });
  const hidden = [
    ...(hiddenColumns > 0 ? [counted(hiddenColumns, "later wave")] : []),
    ...(hiddenHosts > 0 ? [counted(hiddenHosts, "host")] : []),
  ];
  return [
    el(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Plan by waves" },
      el(
        "table",
        { class: "plan" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Host"), ...head)),
        el("tbody", {}, ...body),
      ),
    ),
    ...(hidden.length > 0 ? [el("p", {}, `Not shown: ${hidden.join(" and ")}.`)] : []),
  ];
}

/** What the newest preview has found: who changes in which wave. */
export function planSection({ plan }: Page): Element | undefined {
  if (plan === undefined) return undefined;
  const { picture, at, command } = plan;
  const about = el(
    "p",
    {},
    `${counted(picture.changes, "change")} in ${counted(picture.columns.length + picture.hiddenColumns, "wave")}, as `,
    el("code", {}, command),
    " has found ",
    when(at),
    ". What is in one wave may change at the same time; each wave waits for what it needs of those before.",
  );
  return section("plan", "Plan", about, ...(picture.rows.length === 0 ? [] : pictureView(picture)));
}
