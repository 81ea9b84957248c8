import { taints } from "./names.ts";
import type { NodeContent } from "./nodes.ts";
import { printable } from "./printable.ts";
import type { NodeDeclaration } from "./roster.ts";

const shown = (text: string): string => printable(JSON.stringify(text), 80);

function compareTexts(
  what: string,
  live: Readonly<Record<string, string>>,
  declared: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(declared).flatMap(([key, value]) => {
    const now = live[key];
    if (now === value) return [];
    return [
      `the ${what} ${key} ${now === undefined ? "is gone" : `is ${shown(now)} and was declared ${shown(value)}`}`,
    ];
  });
}

/**
 * What of a Node is not as declared, each as a part of a sentence. What others have put there is theirs, but for the taint
 * with which a kubelet registers: nothing is scheduled on such a Node until it is registered by us, too.
 */
export function nodeDifferences(live: NodeContent, declared: NodeDeclaration): string[] {
  const missing = declared.taints
    .filter(({ key, effect, value }) =>
      live.taints.every((taint) => taint.key !== key || taint.effect !== effect || taint.value !== value),
    )
    .map(({ key, effect }) => `the taint ${key}:${effect} is gone or has another value`);
  const uninitialized = live.taints.some(({ key }) => key === taints.uninitialized)
    ? [`it still has the taint ${taints.uninitialized}, with which nothing is scheduled there`]
    : [];
  return [
    ...compareTexts("label", live.labels, declared.labels),
    ...compareTexts("annotation", live.annotations, declared.annotations),
    ...missing,
    ...uninitialized,
  ];
}
