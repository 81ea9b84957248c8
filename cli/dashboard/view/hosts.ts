import type { ProbeSeen } from "../../../plan/dashboard/document.ts";
import { hostStates, type HostView, type Rack, type Site } from "../../../plan/dashboard/hosts.ts";
import type { Page } from "../../../plan/dashboard/page.ts";
import { el, type Element, type Inside } from "./tree.ts";
import { counted, list, section, sign, stateWords } from "./words.ts";

/** Short names of roles, for tiles. */
const roleLetters: Readonly<Record<string, string>> = {
  etcd: "e",
  "control-plane": "c",
  "load-balancer": "l",
  worker: "w",
};

/** The place of a host on the page. */
function anchorOf(host: string): string {
  return `host-${host}`;
}

function markSentence(mark: string): string {
  return mark.startsWith("VIP ") ? `has the ${mark}` : `is the ${mark}`;
}

/** `VIP`, `scheduler`: what a tile has room for. */
function shortMark(mark: string): string {
  return mark.replace(/^VIP .*/, "VIP").replace(/^leader of (?:kube-)?/, "");
}

function tile({ name, roles, state, marks }: HostView): Element {
  const letters = roles.map((role) => roleLetters[role] ?? "r").join("");
  const told = [name, roles.join(", "), stateWords[state], ...marks].filter((part) => part !== "").join("; ");
  return el(
    "a",
    { class: `tile ${state}`, href: `#${anchorOf(name)}`, title: told, "data-host": name },
    sign(state, stateWords[state]),
    el("b", {}, name),
    el("small", {}, letters, marks.length > 0 && ` ★ ${marks.map(shortMark).join(", ")}`),
  );
}

function rackView({ name, hosts }: Rack): Element {
  const tiles = el("div", { class: "tiles" }, ...hosts.map(tile));
  return el("div", { class: "rack" }, name !== "" && el("h4", {}, `Rack ${name}`), tiles);
}

function siteView({ name, racks, counts }: Site): Element {
  const told = hostStates.flatMap((state) => (counts[state] > 0 ? [`${counts[state]} ${stateWords[state]}`] : []));
  return el(
    "div",
    { class: "site" },
    el("h3", {}, name === "" ? "All hosts" : `Site ${name}`, el("small", {}, ` ${told.join(", ")}`)),
    el("div", { class: "racks" }, ...racks.map(rackView)),
  );
}

function bundleLine({ bundle, state, reason, units, drift }: NonNullable<ProbeSeen["bundles"]>[number]): Inside {
  const down = Object.entries(units).flatMap(([unit, active]) => (active === "active" ? [] : [`${unit} is ${active}`]));
  const wrong = [...(reason === undefined ? [] : [reason]), ...down, ...drift.map((name) => `${name} differs`)];
  const good = state === "complete" && wrong.length === 0;
  if (good) return undefined;
  return [sign("problem", state), ` ${bundle} is ${state}${wrong.length > 0 ? `: ${wrong.join("; ")}` : ""}`];
}

function bundlesView(bundles: ProbeSeen["bundles"]): Inside {
  if (bundles === undefined) return "Belongs to no cluster.";
  const lines = bundles.map(bundleLine).filter((line) => line !== undefined);
  return [`${counted(bundles.length, "bundle")}: ${bundles.map(({ bundle }) => bundle).join(", ")}`, list(lines)];
}

/** What is told of a host besides its tile. */
function hostDetails(host: HostView, at: number): Element {
  const { name, address, roles, state, problems, warnings, marks, changing, probe } = host;
  const notable = problems.length + warnings.length > 0;
  // To the minute, so that it is the same at the next look.
  const booted = probe === undefined ? undefined : new Date(Math.round((at - probe.uptime * 1000) / 60_000) * 60_000);
  return el(
    "details",
    { id: anchorOf(name), class: `host ${state}`, open: notable, "data-host": name },
    el(
      "summary",
      {},
      sign(state, stateWords[state]),
      el("b", {}, name),
      ` ${address} `,
      el("small", {}, roles.join(", ")),
    ),
    list(problems, "problems"),
    list(warnings, "warnings"),
    changing.length > 0 && el("p", {}, `Being changed: ${changing.join(", ")}.`),
    marks.length > 0 && el("p", {}, `It ${marks.map(markSentence).join(" and ")}.`),
    probe !== undefined && el("p", {}, bundlesView(probe.bundles)),
    booted !== undefined && el("p", {}, `Up since ${booted.toISOString().slice(0, 16).replace("T", " ")} UTC.`),
  );
}

/** Hosts by site and rack, and each of them; those with problems first. */
export function hostsSection({ hosts, sites, document }: Page): Element {
  if (document === undefined) return section("hosts", "Hosts", el("p", {}, "Nobody has looked yet."));
  const rank = ({ state }: HostView): number => hostStates.indexOf(state);
  const sorted = hosts.toSorted((a, b) => rank(a) - rank(b));
  return section(
    "hosts",
    "Hosts",
    el(
      "p",
      { class: "filter" },
      el("label", { for: "filter" }, "Find hosts "),
      el("input", { id: "filter", type: "search", placeholder: "name, role, state", autocomplete: "off" }),
      el("small", {}, " press / to come here; arrow keys go from host to host"),
    ),
    el(
      "p",
      {},
      el(
        "small",
        {},
        "e etcd, c control plane, l load balancer, w worker, r a role of the project; ★ has the VIP or leads",
      ),
    ),
    ...sites.map(siteView),
    el("h3", {}, "Each host"),
    el("div", { class: "details" }, ...sorted.map((host) => hostDetails(host, document.at))),
  );
}
