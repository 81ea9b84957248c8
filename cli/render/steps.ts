import { isChange, type FinishedStep, type UnfinishedStep } from "../pulumi/events.ts";
import { formatDuration } from "./duration.ts";
import { displayNameOf, formatDisplayName } from "./display-name.ts";
import type { Terminal } from "./terminal.ts";

interface Wording {
  sign: string;
  /** For a step that is planned. */
  plan: string;
  /** For a step that is over. */
  done: string;
  style: "green" | "yellow" | "red" | "cyan";
}

const WORDINGS: Readonly<Record<string, Wording>> = {
  create: { sign: "+", plan: "create", done: "created", style: "green" },
  update: { sign: "~", plan: "update", done: "updated", style: "yellow" },
  delete: { sign: "-", plan: "delete", done: "deleted", style: "red" },
  replace: { sign: "±", plan: "replace", done: "replaced", style: "yellow" },
  "create-replacement": {
    sign: "+",
    plan: "create the replacement of",
    done: "created the replacement of",
    style: "green",
  },
  "delete-replaced": { sign: "-", plan: "delete the replaced", done: "deleted the replaced", style: "red" },
  import: { sign: "=", plan: "import", done: "imported", style: "cyan" },
  "remove-pending-replace": { sign: "-", plan: "forget the replaced", done: "forgot the replaced", style: "red" },
};

export function wordingOf(op: string): Wording {
  return WORDINGS[op] ?? { sign: "·", plan: op, done: op, style: "cyan" };
}

/** Providers are how the engine talks to plugins; they change nothing on hosts. */
export function isProvider(urn: string): boolean {
  return urn.includes("::pulumi:providers:");
}

/** A key or a certificate request that belongs to a certificate: the certificate's line stands for all three. */
export function isPartOfCertificate(urn: string): boolean {
  return /plinth:pki:(Leaf|Authority)\$tls:index\/(privateKey|certRequest):/.test(urn);
}

/** Whether people are told of a step that changes something. Components and providers exist in the state only; `replace` heads a create and a delete. */
export function isShownStep({ op, urn, custom }: UnfinishedStep): boolean {
  return isChange(op) && custom && !isProvider(urn) && !isPartOfCertificate(urn) && op !== "replace";
}

/** One line for a step that is over: `  + created etcd on cp1 (12.3 s)`; undefined for what users need not see. */
export function stepLine(
  step: FinishedStep,
  hosts: readonly string[],
  terminal: Pick<Terminal, "paint">,
): string | undefined {
  const name = formatDisplayName(displayNameOf(step.urn, hosts));
  const took = formatDuration(step.ended - step.started);
  if (step.failed) return `  ${terminal.paint("red", "x")} ${wordingOf(step.op).plan} ${name} failed (${took})`;
  if (!isShownStep(step)) return undefined;
  const { sign, done, style } = wordingOf(step.op);
  return `  ${terminal.paint(style, sign)} ${done} ${name} (${took})`;
}
