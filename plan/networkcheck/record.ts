import { z } from "zod";
import { printable } from "../printable.ts";
import { ownerOf } from "../roster.ts";
import type { NetworkVerdict } from "./judge.ts";
import { defaultMaxAgeHours, type NetworkCheckSettings } from "./settings.ts";

/** The ConfigMap in kube-system that holds the last result of each stack of the cluster. */
export const recordName = "plinth-network-check";

/** Findings that are kept; more of them say nothing new. */
const mostKept = 50;

const text = (longest: number) => z.string().transform((value) => printable(value, longest));

const recordSchema = z.object({
  format: z.literal(1),
  /** When the test ended, by the API server's clock. */
  at: z.iso.datetime(),
  paths: z.int().min(0),
  /** How many there were. */
  failed: z.int().min(0),
  /** The first of them. */
  findings: z.array(z.object({ from: text(100), message: text(1000) })).max(mostKept),
  untested: z.array(z.object({ host: text(100), reason: text(500) })),
});

/** The last result of a stack. */
export type NetworkRecord = z.output<typeof recordSchema>;

/** The key of a stack's result in the ConfigMap. */
export function recordKey(stack: string): string {
  return ownerOf(stack);
}

/** @param at milliseconds since the epoch, by the API server's clock. */
export function recordOf(
  { paths, findings, untested }: Pick<NetworkVerdict, "paths" | "findings" | "untested">,
  at: number,
): NetworkRecord {
  return {
    format: 1,
    at: new Date(at).toISOString(),
    paths,
    failed: findings.length,
    findings: findings.slice(0, mostKept).map(({ from, message }) => ({ from, message })),
    untested: untested.slice(0, mostKept),
  };
}

const configMap = z.object({ data: z.record(z.string(), z.string()).default({}) });

/**
 * The result of a stack in the ConfigMap; undefined where there is none.
 *
 * @param json the API's answer.
 * @throws Error with a sentence when it is not what a test writes.
 */
export function parseRecord(json: string, stack: string): NetworkRecord | undefined {
  try {
    const own = configMap.parse(JSON.parse(json)).data[recordKey(stack)];
    return own === undefined ? undefined : recordSchema.parse(JSON.parse(own));
  } catch (error) {
    throw new Error(`the ConfigMap kube-system/${recordName} makes no sense: test anew`, { cause: error });
  }
}

/** What is known of the last test. */
export type NetworkReading =
  /** `age`: seconds, by the API server's clock. */
  { record: NetworkRecord; age: number } | { record: undefined } | { error: string };

/** `3 h`, `12 min`, `2 d`, from seconds. */
export function ageText(seconds: number): string {
  const minutes = Math.floor(Math.max(0, seconds) / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

/** One line for people. */
export function recordLine(reading: NetworkReading): string {
  if ("error" in reading) return `unknown: ${reading.error}`;
  if (reading.record === undefined) return "never tested";
  const { paths, failed, untested } = reading.record;
  const result = failed === 0 ? `all ${paths} paths work` : `${failed} of ${paths} paths do not work`;
  const without = untested.length === 0 ? "" : ` (without ${untested.map(({ host }) => host).join(", ")})`;
  return `tested ${ageText(reading.age)} ago, ${result}${without}`;
}

/**
 * What an operator should look at: a test that failed, one that is too old, and with an age in the configuration also that there was none.
 *
 * @param command how to test anew.
 */
export function judgeRecord(
  reading: NetworkReading,
  { maxAgeHours }: Pick<NetworkCheckSettings, "maxAgeHours">,
  command: string,
): { host: string | undefined; message: string }[] {
  const about = (message: string) => [{ host: undefined, message }];
  if ("error" in reading) return about(`the last test of the network is not known: ${reading.error}`);
  if (reading.record === undefined) {
    return maxAgeHours === undefined ? [] : about(`the network has never been tested: ${command}`);
  }
  const { failed, findings } = reading.record;
  const tooOld = reading.age > (maxAgeHours ?? defaultMaxAgeHours) * 3600;
  const [first] = findings;
  return [
    ...(failed === 0
      ? []
      : about(
          `the network did not work ${ageText(reading.age)} ago: ${first?.message ?? "no finding was kept"}${failed > 1 ? ` (and ${failed - 1} more)` : ""}; test anew: ${command}`,
        )),
    ...(tooOld ? about(`the network was last tested ${ageText(reading.age)} ago: ${command}`) : []),
  ];
}
