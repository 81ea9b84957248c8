import type { Lane, Mark } from "../../../plan/dashboard/timeline.ts";
import type { Page } from "../../../plan/dashboard/page.ts";
import { el, type Element } from "./tree.ts";
import { counted, list, section, sign } from "./words.ts";

function titleOf({ count, first, names }: Mark): string {
  const more = count > names.length ? [`and ${count - names.length} more`] : [];
  return [`${counted(count, "certificate")}, the first ends ${first.slice(0, 10)}`, ...names, ...more].join("\n");
}

function markView(mark: Mark): Element {
  const { position, count, urgency } = mark;
  // One that is due has its sign in it, so that it is not told by its colour alone.
  const text = urgency === "ok" ? (count > 1 ? String(count) : "") : "!";
  return el(
    "g",
    { class: `mark ${urgency}` },
    el("title", {}, titleOf(mark)),
    el("circle", { cx: `${position.toFixed(1)}%`, cy: 12, r: count > 1 || text !== "" ? 9 : 6 }),
    text !== "" && el("text", { x: `${position.toFixed(1)}%`, y: 16, "text-anchor": "middle" }, text),
  );
}

function laneView({ title, marks }: Lane): Element {
  const total = marks.reduce((sum, { count }) => sum + count, 0);
  const [first] = marks;
  const label = `${counted(total, "certificate")} of ${title}, the first ends ${first?.first.slice(0, 10) ?? ""}`;
  return el(
    "div",
    { class: "lane" },
    el("span", { class: "lane-title" }, `${title} (${total})`),
    el(
      "svg",
      { class: "line", height: 24, role: "img", "aria-label": label },
      el("line", { x1: "0", x2: "100%", y1: 12, y2: 12 }),
      ...marks.map(markView),
    ),
  );
}

/** When certificates end: soon is wide, and far is narrow. */
export function certificatesSection({ timeline }: Page): Element | undefined {
  if (timeline === undefined || timeline.lanes.length === 0) return undefined;
  const marks = timeline.lanes.flatMap((lane) => lane.marks);
  const due = marks.filter(({ urgency }) => urgency !== "ok");
  return section(
    "certificates",
    "Certificates",
    due.length === 0
      ? el("p", {}, sign("ok", "healthy"), " None ends soon.")
      : list(
          due.map((mark) => [sign(mark.urgency), ` ${titleOf(mark).replaceAll("\n", "; ")}`]),
          "problems",
        ),
    el(
      "div",
      { class: "timeline" },
      ...timeline.lanes.map(laneView),
      el(
        "div",
        { class: "lane" },
        el("span", { class: "lane-title" }),
        el(
          "svg",
          { class: "line ticks", height: 20, "aria-hidden": "true" },
          ...timeline.ticks.map(({ position, text }) =>
            el(
              "text",
              {
                x: `${position.toFixed(1)}%`,
                y: 14,
                "text-anchor": position < 5 ? "start" : position > 95 ? "end" : "middle",
              },
              text,
            ),
          ),
        ),
      ),
    ),
  );
}
