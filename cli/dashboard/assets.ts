import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What a browser gets besides the page. */
export interface Asset {
  type: string;
  text: string;
}

function own(name: string): string {
  return readFileSync(new URL(`assets/${name}`, import.meta.url), "utf8");
}

/** The style of every page. */
export function style(): string {
  return own("page.css");
}

/** What every page does by itself: find hosts, go from one to the next, tell ages. */
export function pageScript(): string {
  return own("page.js");
}

/** The files that the live page asks for, by their names; nothing comes from anywhere else. */
export function assets(): Map<string, Asset> {
  const script = "text/javascript; charset=utf-8";
  return new Map<string, Asset>([
    ["page.css", { type: "text/css; charset=utf-8", text: style() }],
    ["page.js", { type: script, text: pageScript() }],
    ["live.js", { type: script, text: own("live.js") }],
    ["preact.js", { type: script, text: preact() }],
  ]);
}

/** Preact as one module without imports, as its package has it. */
function preact(): string {
  const text = readFileSync(fileURLToPath(import.meta.resolve("preact")), "utf8");
  // What it tells tools for debugging would be asked for, and is not served.
  return text.replace(/^\/\/# sourceMappingURL=.*$/m, "");
}

/** What a Content-Security-Policy calls a text. */
export function digestSource(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
