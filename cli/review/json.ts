import { maskLines } from "./mask.ts";
import { describeWave, effectsOf, type ReviewItem } from "./model.ts";
import type { Review } from "./review.ts";

function itemJson(item: ReviewItem): Record<string, unknown> {
  const { bundle, roster } = item;
  return {
    op: item.op,
    what: item.what,
    ...(item.host === undefined ? {} : { host: item.host }),
    effects: effectsOf(item),
    ...(item.credentials ? { credentials: "changed" } : {}),
    ...(bundle === undefined
      ? {}
      : { bundle: { ...bundle, files: bundle.files.map((file) => ({ ...file, diff: maskLines(file.diff) })) } }),
    ...(roster === undefined
      ? {}
      : {
          roster: {
            ...roster,
            variables: roster.variables.map(({ name, diff }) => ({ name, diff: maskLines(diff) })),
          },
        }),
    ...(item.text === undefined ? {} : { diff: maskLines(item.text) }),
  };
}

/** A review for a machine to read. Secrets are never in it. */
export function reviewJson(review: Review): Record<string, unknown> {
  const { stack, result, summary, estimate, duration, findings, failure, setAside, warnings } = review;
  return {
    stack,
    result,
    summary,
    hosts: review.hosts.map(({ name, roles, change, items }) => ({
      name,
      roles,
      fate: change,
      changes: items.map(itemJson),
    })),
    cluster: review.items.filter(({ host }) => host === undefined).map(itemJson),
    waves: review.waves.map((wave) => ({
      text: describeWave(wave),
      changes: wave.map(({ op, what, host }) => ({ op, what, ...(host === undefined ? {} : { host }) })),
    })),
    duration: { text: duration, milliseconds: estimate.known, unknown: estimate.unknown },
    guards: { findings, setAside },
    ...(failure === undefined ? {} : { failure }),
    warnings,
  };
}
