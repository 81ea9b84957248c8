import { h, type VNode } from "preact";
import { renderToString } from "preact-render-to-string";
import { digestSource, pageScript, style } from "./assets.ts";
import { el, type Element, type Tree } from "./view/tree.ts";

function nodeOf(tree: Tree): VNode | string {
  if (typeof tree === "string") return tree;
  const [name, attributes, ...inside] = tree;
  return h(name, { ...attributes }, ...inside.map(nodeOf));
}

/** Text of a tree, with everything escaped that is not ours. */
export function htmlOf(tree: Element): string {
  return renderToString(nodeOf(tree) as VNode);
}

const names: Readonly<Record<string, string>> = {
  summary: "Now",
  run: "Run",
  plan: "Plan",
  hosts: "Hosts",
  cluster: "Cluster",
  nodes: "Nodes",
  certificates: "Certificates",
  drift: "Drift",
  backups: "Backups",
  history: "History",
};

/** All places where a section may come to be, in their order, and the sections that are there. */
function mainOf(sections: ReadonlyMap<string, Element>): Element {
  return el(
    "main",
    { id: "main" },
    ...Object.keys(names).map((id) => el("div", { "data-section": id }, sections.get(id))),
  );
}

function bodyOf(stack: string, sections: ReadonlyMap<string, Element>): string {
  const links = Object.entries(names).map(([id, name]) => el("a", { href: `#${id}` }, name));
  return [
    el("a", { class: "skip", href: "#main" }, "To the content"),
    el(
      "header",
      {},
      el("h1", {}, `Stack ${stack}`),
      el("p", { id: "connection", role: "status" }),
      el("nav", { "aria-label": "Sections" }, ...links),
    ),
    mainOf(sections),
  ]
    .map(htmlOf)
    .join("\n");
}

/** @param head texts of elements that are ours. */
function documentOf(stack: string, head: readonly string[], body: string): string {
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="referrer" content="no-referrer">',
    ...head,
    htmlOf(el("title", {}, `Plinth: ${stack}`)),
    '<link rel="icon" href="data:,">',
    "</head>",
    "<body>",
    body,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

/** The page that a browser keeps up to date. */
export function livePage(stack: string, sections: ReadonlyMap<string, Element>): string {
  const head = [
    '<link rel="stylesheet" href="page.css">',
    '<script type="module" src="page.js"></script>',
    '<script type="module" src="live.js"></script>',
  ];
  return documentOf(stack, head, bodyOf(stack, sections));
}

/** A page that needs nothing but itself: a browser that shows it asks nobody for anything. */
export function filePage(stack: string, sections: ReadonlyMap<string, Element>): string {
  const [css, script] = [style(), pageScript()];
  const policy = [
    "default-src 'none'",
    `style-src ${digestSource(css)}`,
    `script-src ${digestSource(script)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const head = [`<meta http-equiv="Content-Security-Policy" content="${policy}">`, `<style>${css}</style>`];
  const body = `${bodyOf(stack, sections)}\n<script type="module">${script}</script>`;
  return documentOf(stack, head, body);
}
