import type { FileChange } from "../../plan/bundlechanges.ts";
import { wordingOf } from "../render/steps.ts";
import { code, cut, fenced, plain, table } from "./markdown.ts";
import { maskLines, maskText } from "./mask.ts";
import { describeWave, effectsOf, hasEffect, membershipOf, type ReviewHost, type ReviewItem } from "./model.ts";
import type { Review } from "./review.ts";

/** GitHub takes 65,536 characters per comment; some are left for what a workflow adds. */
export const LIMIT = 64_000;

/** A diff under its heading. */
interface Block {
  host: string;
  heading: string;
  diff: string[];
  /** The smaller, the earlier it is left out. */
  worth: number;
}

interface Section {
  host: ReviewHost | undefined;
  notes: string[];
  blocks: Block[];
}

const COUNTED = ["create", "update", "replace", "delete"] as const;

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function fileHeading(item: ReviewItem, { path, kind, form, attributes }: FileChange): string {
  const details = [kind, ...(form === "contents" ? [] : [form === "public" ? "certificate or public key" : form])];
  if (attributes !== undefined) details.push(attributes);
  return `${item.what}: ${code(path)} (${details.map(plain).join(", ")})`;
}

/** What an item has to show below its own line. */
function blocksOf(item: ReviewItem, host: ReviewHost | undefined): Block[] {
  const worth = host?.change === "joins" ? 1 : 3;
  const block = (heading: string, diff: readonly string[], value = worth): Block => ({
    host: host?.name ?? "",
    heading,
    diff: maskLines(diff),
    worth: value,
  });
  const blocks = (item.bundle?.files ?? []).map((file) =>
    block(fileHeading(item, file), file.diff, file.kind === "changed" ? worth : Math.min(worth, 2)),
  );
  const lines = [
    ...(item.bundle?.checks === undefined ? [] : [item.bundle.checks]),
    ...(item.bundle?.preparations ?? []),
  ];
  // Of a host that joins, everything is new.
  if (host?.change !== "joins") {
    for (const { directive, removed, added } of lines) {
      const diff = [...removed.map((line) => `-${directive} ${line}`), ...added.map((line) => `+${directive} ${line}`)];
      blocks.push(block(`${item.what}: ${directive}`, diff));
    }
  }
  // The same goes for a step of the roster that is new.
  const variables = item.op === "create" ? [] : (item.roster?.variables ?? []);
  for (const { name, diff } of variables) blocks.push(block(`${item.what}: ${code(name)}`, diff));
  if (item.text !== undefined && item.text.length > 0) blocks.push(block(`${item.what}: text`, item.text, 0));
  return blocks;
}

function noteOf(item: ReviewItem): string {
  const { plan } = wordingOf(item.op);
  const effects = effectsOf(item);
  const others = item.inputs.length > 0 ? [`also ${item.inputs.map(code).join(", ")}`] : [];
  const rest = [...effects.map(plain), ...others].join("; ");
  return `- ${plain(plan)} **${plain(item.what)}**${rest === "" ? "" : `: ${rest}`}`;
}

function sectionOf(items: readonly ReviewItem[], host: ReviewHost | undefined): Section {
  return { host, notes: items.map(noteOf), blocks: items.flatMap((item) => blocksOf(item, host)) };
}

function describeChange(host: ReviewHost): string {
  const roles = host.roles.length === 0 ? "" : ` (${host.roles.join(", ")})`;
  return `${host.change === "replaced" ? "another machine" : host.change}${roles}`;
}

function hostEffects(host: ReviewHost, review: Review): string {
  const certificates = host.items.filter(({ sort }) => sort === "certificate").length;
  const shown = host.items.filter(
    ({ sort, op }) => sort !== "certificate" && !(host.change === "joins" && op === "create"),
  );
  const parts = shown.flatMap((item) => {
    const effects = effectsOf(item);
    return effects.length > 0 ? [`${plain(item.what)}: ${plain(effects.join("; "))}`] : [];
  });
  if (host.change === "joins")
    parts.unshift(
      `set up: ${host.items
        .filter(({ bundle }) => bundle !== undefined)
        .map(({ what }) => plain(what))
        .join(", ")}`,
    );
  parts.unshift(...membershipOf(host.name, review.items).map(plain));
  if (certificates > 0) parts.push(count(certificates, "certificate"));
  return parts.join("<br>");
}

function headline(review: Review): string {
  const counts = COUNTED.flatMap((op) => {
    const number = review.summary[op] ?? 0;
    return number === 0 ? [] : [`${number} to ${op}`];
  });
  const named = (change: ReviewHost["change"]): string =>
    review.hosts
      .filter((host) => host.change === change)
      .map(({ name }) => code(name))
      .join(", ");
  const changing = review.hosts.filter(({ change }) => change === "changes").length;
  const parts = [
    changing > 0 ? `${count(changing, "host")} ${changing === 1 ? "changes" : "change"}` : "",
    named("joins") === "" ? "" : `joining: ${named("joins")}`,
    named("leaves") === "" ? "" : `leaving: ${named("leaves")}`,
    named("replaced") === "" ? "" : `another machine: ${named("replaced")}`,
  ].filter((part) => part !== "");
  const hosts = parts.length === 0 ? "no host changes" : parts.join("; ");
  return `**${hosts}** · ${count(review.waves.length, "wave")} · time: ${plain(review.duration)} · resources: ${counts.join(", ")}`;
}

function findingsTable(review: Review): string[] {
  const rows = review.findings.map(({ rule, hosts, message, remedy }) => [
    code(rule),
    hosts.map(plain).join(", ") || "–",
    plain(message),
    plain(remedy),
  ]);
  return table(["rule", "hosts", "reason", "way out"], rows);
}

function wavesSection(review: Review): string[] {
  if (review.waves.length === 0) return [];
  const lines = review.waves.map((wave, index) => {
    const deletes = wave.every(({ op }) => op === "delete");
    return `${index + 1}. ${deletes ? "At the end, " : ""}${describeWave(wave).map(plain).join("; ")}`;
  });
  const { unknown } = review.estimate;
  const never = unknown.length === 0 ? "" : `; never done before on this stack: ${unknown.map(plain).join(", ")}`;
  const expected = [`Expected time, from past runs: ${plain(review.duration)}${never}.`, ""];
  return [
    "### Waves",
    "",
    ...lines,
    "",
    ...expected,
    "What is in one wave may change at the same time. A failure stops what follows, and `up` says what was not done.",
    "",
  ];
}

/** Steps that are updates for the engine alone. */
function movedSection(review: Review): string[] {
  const moved = review.items.filter((item) => item.sort === "roster" && !hasEffect(item));
  if (moved.length === 0) return [];
  const names = moved.map(({ what, host }) => plain(host === undefined ? what : `${what} on ${host}`));
  return [`Run on another control-plane host from now on, nothing to do: ${names.join(", ")}.`, ""];
}

function hostsSection(review: Review): string[] {
  if (review.hosts.length === 0) return [];
  const rows = review.hosts.map((host) => [
    code(host.name),
    plain(describeChange(host)),
    hostEffects(host, review) || "–",
  ]);
  return ["### Hosts", "", ...table(["host", "", "what happens"], rows), ""];
}

function bulleted(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`### ${title}`, "", ...lines.map((line) => `- ${plain(line)}`), ""];
}

function renderSection(section: Section, hidden: ReadonlySet<Block>, same: ReadonlyMap<Block, string>): string[] {
  const { host } = section;
  const name = host === undefined ? "The cluster" : `<code>${plain(host.name)}</code> ${plain(describeChange(host))}`;
  const lines = ["<details>", `<summary>${name}</summary>`, "", ...section.notes, ""];
  for (const block of section.blocks) {
    const first = same.get(block);
    const number = block.diff.filter((line) => /^[-+]/.test(line)).length;
    if (block.diff.length === 0) lines.push(block.heading, "");
    else if (first !== undefined) lines.push(`${block.heading}: as on ${code(first)}`, "");
    else if (hidden.has(block)) lines.push(`${block.heading}: ${count(number, "line")}, left out`, "");
    else lines.push(block.heading, "", ...fenced(block.diff, "diff"), "");
  }
  return [...lines, "</details>", ""];
}

/** Diffs that an earlier host has, too: the same lines change, whatever stands around them. */
function repeated(blocks: readonly Block[]): Map<Block, string> {
  const first = new Map<string, Block>();
  const same = new Map<Block, string>();
  for (const block of blocks) {
    if (block.diff.length === 0) continue;
    const key = [block.heading, ...block.diff.filter((line) => /^[-+]/.test(line))].join("\n");
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, block);
    else if (earlier.host !== block.host) same.set(block, earlier.host);
  }
  return same;
}

const titles: Readonly<Record<Review["result"], string>> = {
  changes: "",
  unchanged: "Nothing would change.",
  invalid: "The inventory, the configuration or the access to a host is not valid. No host would be touched:",
  refused: "A guard would refuse this. No host would be touched:",
  failed: "The preview could not be made:",
};

/**
 * A review as Markdown for a pull request, in at most `limit` characters. What does not fit is left out, least important
 * first: diffs that another host has already shown, the host script's own text, the files of hosts that are new, then the
 * longest diffs.
 */
export function renderReview(review: Review, limit = LIMIT): string {
  const flag = review.stack === "lab" ? "" : ` --stack ${review.stack}`;
  const begin = [
    `<!-- plinth-review ${review.stack.replace(/[^\w.-]/g, "")} -->`,
    `## Plinth: review of stack ${code(review.stack)}`,
    "",
    review.result === "changes" ? headline(review) : titles[review.result],
    "",
    ...(review.findings.length > 0 ? [...findingsTable(review), ""] : []),
    ...(review.failure === undefined ? [] : [...review.failure.split("\n").map((line) => `> ${plain(line)}`), ""]),
    ...bulleted("Guards set aside", review.setAside),
  ];
  const top = [...hostsSection(review), ...wavesSection(review), ...movedSection(review)];
  const end = bulleted("Warnings", review.warnings);
  const clusterWide = review.items.filter(({ host }) => host === undefined);
  const sections = [
    ...review.hosts.map((host) => sectionOf(host.items, host)),
    ...(clusterWide.length > 0 ? [sectionOf(clusterWide, undefined)] : []),
  ];
  const details = sections.filter(({ notes, blocks }) => notes.length + blocks.length > 0);
  const blocks = details.flatMap((section) => section.blocks);
  const everything = `./plinth preview${flag} --diff`;
  const hidden = new Set<Block>();
  let same = new Map<Block, string>();

  const compose = (parts: readonly Section[]): string => {
    const gone = hidden.size + same.size;
    const leftOut =
      parts.length < details.length
        ? [
            `The changes themselves are left out, because a comment holds ${LIMIT} characters; \`${everything}\` shows them.`,
            "",
          ]
        : gone > 0
          ? [
              `${count(gone, "diff")} left out or told by reference to stay within a comment; \`${everything}\` shows all.`,
              "",
            ]
          : [];
    const changes = parts.length === 0 ? [] : ["### Changes", ""];
    const body = parts.flatMap((section) => renderSection(section, hidden, same));
    const lines = [...begin, ...top, ...changes, ...body, ...leftOut, ...end];
    // Once more over everything: a secret in a name or a message is one, too.
    return `${maskText(lines.join("\n").trimEnd())}\n`;
  };

  let text = compose(details);
  if (text.length <= limit) return text;
  same = repeated(blocks);
  text = compose(details);
  const candidates = blocks
    .filter((block) => block.diff.length > 0 && !same.has(block))
    .sort((a, b) => a.worth - b.worth || b.diff.join("\n").length - a.diff.join("\n").length);
  let over = text.length - limit;
  for (const block of candidates) {
    if (text.length <= limit) break;
    hidden.add(block);
    over -= block.diff.join("\n").length;
    // Composing is dear: only when enough seems to be gone.
    if (over > 0) continue;
    text = compose(details);
    over = text.length - limit;
  }
  text = compose(details);
  if (text.length > limit) text = compose([]);
  if (text.length <= limit) return text;
  const closing = `The rest is left out, because a comment holds ${LIMIT} characters; \`${everything}\` shows it.`;
  const lines = maskText([...begin, ...top, ...end].join("\n")).split("\n");
  return `${cut(lines, limit - 1, closing)}\n`;
}
