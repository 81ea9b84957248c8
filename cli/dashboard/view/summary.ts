import { hostStates } from "../../../plan/dashboard/hosts.ts";
import type { Page } from "../../../plan/dashboard/page.ts";
import { el, table, when, type Element, type Inside } from "./tree.ts";
import { counted, list, section, sign, stateWords } from "./words.ts";

/** So many problems are shown at once; the rest is folded. */
const shownProblems = 20;

function sentences(of: readonly { host?: string; message: string }[]): Inside[] {
  return of.map(({ host, message }) =>
    host === undefined ? message : [el("a", { href: `#host-${host}` }, host), `: ${message}`],
  );
}

function problemList(all: readonly Inside[], kind: string): Inside {
  const rest = all.slice(shownProblems);
  return [
    list(all.slice(0, shownProblems), kind),
    rest.length > 0 && el("details", {}, el("summary", {}, `and ${rest.length} more`), list(rest, kind)),
  ];
}

/** Whether all is well; what a run takes down for a moment is as somebody wants it. */
function verdictView({ document, hosts, run }: Page): Inside {
  if (document === undefined) return undefined;
  const { problems, healthy } = document;
  const changing = new Set(hosts.flatMap(({ name, state }) => (state === "changing" ? [name] : [])));
  const isExpected = !healthy && problems.every(({ host }) => host !== undefined && changing.has(host));
  const state = healthy ? "ok" : isExpected ? "changing" : "problem";
  const count = counted(problems.length, "problem");
  return el(
    "p",
    { class: `verdict ${state}` },
    sign(state),
    healthy ? " Everything is healthy." : isExpected ? ` ${count}, all of hosts that are being changed.` : ` ${count}.`,
    run?.goesOn === true && [" A run is under way: ", el("a", { href: "#run" }, "see what it does"), "."],
  );
}

/** Whether all is well, and what is not. */
export function summarySection(page: Page): Element {
  const { document, statusError, counts, hosts } = page;
  const failed = statusError !== undefined && el("p", { class: "problems" }, sign("problem"), ` ${statusError}`);
  if (document === undefined) return section("summary", "Now", failed || el("p", {}, "The first look is under way."));
  const { problems, warnings, at } = document;
  const states = hostStates
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${stateWords[state]}`);
  return section(
    "summary",
    "Now",
    failed,
    verdictView(page),
    el("p", {}, `${counted(hosts.length, "host")}: ${states.join(", ")}. Looked at `, when(at), "."),
    problemList(sentences(problems), "problems"),
    problemList(sentences(warnings), "warnings"),
  );
}

/** The last look for drift on this machine. */
export function driftSection({ drift, document }: Page): Element | undefined {
  if (drift === undefined && document === undefined) return undefined;
  if (drift === undefined) {
    const how = ["Nobody has looked from this machine: ", el("code", {}, "./plinth drift"), " does."];
    return section("drift", "Drift", el("p", {}, ...how));
  }
  const { count, differences, unseen, at } = drift;
  const rows = differences.map(({ host = "cluster", bundle = "-", kind, name, detail }): Inside[] => [
    ...[host, bundle, kind, name, detail],
  ]);
  return section(
    "drift",
    "Drift",
    el(
      "p",
      {},
      sign(count === 0 && unseen.length === 0 ? "ok" : "problem"),
      count === 0 ? " No difference, looked at " : ` ${counted(count, "difference")}, looked at `,
      when(at),
      count === 0 ? "." : [". ", el("code", {}, "./plinth up --heal"), " puts them right."],
    ),
    list(
      unseen.map((sentence) => `Could not be looked at: ${sentence}`),
      "warnings",
    ),
    rows.length > 0 && table("Differences", ["Host", "Bundle", "Kind", "What", "Differs"], rows),
    count > rows.length && el("p", {}, `and ${count - rows.length} more`),
  );
}
