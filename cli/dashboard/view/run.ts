import type { Bar, BarLine } from "../../../plan/dashboard/bars.ts";
import type { Page, RunView } from "../../../plan/dashboard/page.ts";
import type { EventOf, Thing } from "../../../plan/runs/event.ts";
import type { PastRun } from "../../../plan/runs/progress.ts";
import { formatDuration } from "../../render/duration.ts";
import { wordingOf } from "../../render/steps.ts";
import { el, table, when, type Element, type Inside } from "./tree.ts";
import { counted, list, section, sign } from "./words.ts";

function named({ what, host }: Thing): string {
  return host === undefined ? what : `${what} on ${host}`;
}

function barView({ start, width, op, what, state, duration }: Bar): Element {
  const { plan } = wordingOf(op);
  return el(
    "g",
    { class: `bar ${state}` },
    el("title", {}, `${plan} ${what}: ${state}, ${formatDuration(duration)}`),
    el("rect", { x: `${start.toFixed(2)}%`, width: `${width.toFixed(2)}%`, y: 3, height: 14, rx: 2 }),
  );
}

function lineView({ host, bars }: BarLine): Element {
  const last = bars.at(-1);
  const label = last === undefined ? "" : `${last.what}: ${last.state}`;
  return el(
    "div",
    { class: "lane" },
    el("span", { class: "lane-title" }, host === "" ? "cluster" : host),
    el(
      "svg",
      { class: "line", height: 20, role: "img", "aria-label": `${counted(bars.length, "change")}, the last ${label}` },
      ...bars.map(barView),
    ),
  );
}

/** What is under way, and what waits for what. */
function waitingView({ state, goesOn }: RunView, now: number): Inside {
  if (!goesOn) return undefined;
  const running = state.steps.filter(({ ended }) => ended === undefined);
  const underWay = running
    .slice(0, 20)
    .map((step): Inside => [
      sign("running"),
      ` ${wordingOf(step.op).plan} ${named(step)}, wave ${step.wave}, since `,
      when(Math.min(step.begun, now)),
    ]);
  return [
    el("h3", {}, "Under way"),
    running.length === 0 ? el("p", {}, "Nothing at this moment.") : list(underWay),
    running.length > underWay.length && el("p", {}, `and ${running.length - underWay.length} more`),
    state.waiting !== undefined && state.waiting.count > 0 && whatWaits(state.waiting),
  ];
}

function whatWaits({ things, count }: EventOf<"waiting">): Inside {
  const lines = things.map((thing) => {
    const more = thing.more > 0 ? ` and ${thing.more} more` : "";
    return `${named(thing)} waits for ${thing.for.map(named).join(", ")}${more}`;
  });
  return [
    el("h3", {}, `Waiting (${count})`),
    list(lines, "waiting"),
    count > lines.length && el("p", {}, "Of each host the first is told; what comes after it waits for it."),
  ];
}

function progressView({ state, goesOn, elapsed, expected }: RunView): Element {
  const { waiting, end } = state;
  const times = [
    `${goesOn ? "for" : "took"} ${formatDuration(goesOn ? Math.floor(elapsed / 1000) * 1000 : (end?.duration ?? elapsed))}`,
    ...(goesOn && expected !== undefined ? [`runs like it have taken ${formatDuration(expected)}`] : []),
  ];
  const changed = state.steps.filter(({ ended, failed }) => ended !== undefined && !failed).length;
  return el(
    "div",
    { class: "progress" },
    waiting !== undefined &&
      el("progress", {
        value: waiting.done,
        max: Math.max(1, waiting.total),
        "aria-label": "Resources that are through",
      }),
    el(
      "p",
      {},
      waiting === undefined ? "" : `${waiting.done} of ${waiting.total} resources are through; `,
      `${counted(changed, "change")} done; ${times.join(", ")}.`,
    ),
  );
}

/** Results that are as somebody has asked for it, and still tell that there is something to do. */
const toSeeTo: ReadonlySet<string> = new Set(["changes", "drift", "declined"]);

function resultSign(result: PastRun["result"]): Element {
  return sign(result === "done" ? "done" : toSeeTo.has(result) ? "warning" : "failed", result);
}

function headingOf({ state, goesOn }: RunView): Inside {
  const { command, begun, end } = state;
  const what = [el("code", {}, command), " began ", when(begun)];
  if (goesOn)
    return [
      sign("running"),
      " ",
      ...what,
      " and goes on",
      state.operation === undefined ? "" : ` (${state.operation})`,
    ];
  if (end === undefined)
    return [sign("failed"), " ", ...what, " and was killed; the next run goes on where it stopped"];
  return [resultSign(end.result), " ", ...what, ` and ended: ${end.result}`];
}

/** The run that goes on, or the last one. */
export function runSection({ run, now }: Page): Element {
  if (run === undefined) return section("run", "Run", el("p", {}, "No run is known on this machine."));
  const { state, bars } = run;
  const failed = state.steps
    .filter((step) => step.failed)
    .map((step) => `${wordingOf(step.op).plan} ${named(step)} failed`);
  return section(
    "run",
    run.goesOn ? "Run under way" : "Last run",
    el("p", {}, headingOf(run)),
    progressView(run),
    list(failed, "problems"),
    state.end?.message !== undefined && el("pre", {}, state.end.message),
    list(state.warnings, "warnings"),
    waitingView(run, now),
    bars.lines.length > 0 && [
      el("h3", {}, "What changed when"),
      el("div", { class: "timeline" }, ...bars.lines.map(lineView)),
      bars.hidden > 0 && el("p", {}, `Not shown: ${counted(bars.hidden, "host")} that were done before.`),
    ],
  );
}

function changesOf({ changes }: PastRun): string {
  const told = Object.entries(changes).map(([op, count]) => `${count} ${wordingOf(op).done}`);
  return told.join(", ") || "-";
}

function phasesOf({ phases }: PastRun): string {
  return phases.map(({ name, duration }) => `${name} ${formatDuration(duration)}`).join(", ");
}

/** Runs that are over, the newest first, with a bar for how long each took. */
export function historySection({ history }: Page): Element | undefined {
  if (history.length === 0) return undefined;
  const longest = Math.max(1, ...history.map(({ duration = 0 }) => duration));
  const rows = history.map((past): Inside[] => {
    const { command, began, duration, result } = past;
    const bar = el(
      "svg",
      { class: "line", height: 8, "aria-hidden": "true" },
      el("rect", {
        class: "took",
        x: "0",
        y: 0,
        height: 8,
        width: `${((100 * (duration ?? 0)) / longest).toFixed(1)}%`,
      }),
    );
    return [
      el("code", {}, command),
      [resultSign(result), ` ${result}`],
      when(Date.parse(began)),
      [duration === undefined ? "-" : formatDuration(duration), bar],
      changesOf(past),
      phasesOf(past),
    ];
  });
  const head = ["Command", "Result", "Began", "Took", "Changes", "Where the time went"];
  return section("history", "History of runs", table("History of runs", head, rows));
}
