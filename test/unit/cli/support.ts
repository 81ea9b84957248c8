import type { OpType } from "@pulumi/pulumi/automation/index.js";
import type { PlannedStep } from "../../../cli/pulumi/events.ts";

/** A terminal without colours. */
export const bare = { paint: (_style: string, text: string): string => text };

export function commandUrn(name: string): string {
  return `urn:pulumi:lab::plinth::plinth:etcd:Member$command:remote:Command::${name}`;
}

/** A command that a host does not have yet. */
export function newStep(name: string, inputs: Record<string, unknown>): PlannedStep {
  const { metadata, ...step } = commandStep("create", name, {}, inputs);
  delete metadata.old;
  return { ...step, metadata };
}

/** A planned change of a command on a host. */
export function commandStep(
  op: OpType,
  name: string,
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): PlannedStep {
  const urn = commandUrn(name);
  const type = "command:remote:Command";
  const state = { type, urn, custom: true, id: "x", parent: "", outputs: {}, provider: "" };
  const metadata = { op, urn, type, provider: "", old: { ...state, inputs: before }, new: { ...state, inputs: after } };
  return { op, urn, custom: true, metadata };
}
