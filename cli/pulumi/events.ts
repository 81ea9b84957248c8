import type { DiagnosticEvent, EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation/index.js";
import { eventOutputs } from "./masked.ts";

/** One step of the engine that is over. */
export interface FinishedStep {
  op: string;
  urn: string;
  /** False for components, which exist in the state only. */
  custom: boolean;
  /** Milliseconds since the epoch. */
  started: number;
  ended: number;
  failed: boolean;
}

/** One step of the engine that has begun. */
export type UnfinishedStep = Pick<FinishedStep, "op" | "urn" | "custom" | "started">;

/** One resource that a preview would change. */
export interface PlannedStep {
  op: string;
  urn: string;
  custom: boolean;
  metadata: StepEventMetadata;
}

export interface Diagnostic {
  urn: string | undefined;
  severity: "info" | "warning" | "error";
  message: string;
}

/** Type of the resource that stands for the stack itself. */
export const stackType = "pulumi:pulumi:Stack";

/** Steps that leave everything as it is. */
const QUIET = new Set(["same", "read", "refresh", "read-replacement", "discard", "import-same"]);

export function isChange(op: string): boolean {
  return !QUIET.has(op);
}

/** Takes the colour directives (`<{%fg 1%}>`, `<{%reset%}>`) and terminal sequences out of an engine message. */
export function plainText(message: string): string {
  // eslint-disable-next-line no-control-regex -- terminal sequences begin with the escape character
  return message.replace(/<\{%[^%]*%\}>/g, "").replace(/\u001b\[[0-9;]*m/g, "");
}

function severityOf(event: DiagnosticEvent): Diagnostic["severity"] {
  if (event.severity === "error" || event.severity === "warning") return event.severity;
  return "info";
}

/** Is told of what a run of the engine does while it does it. */
export interface RunWatcher {
  /** A step begins, whether it changes something or not. */
  onBegin: (step: UnfinishedStep) => void;
  onEnd: (step: FinishedStep) => void;
  onWarning: (message: string) => void;
}

/**
 * Collects the events of one run of the engine: which steps ended how and when, what a preview plans, what was said.
 * `onStep` is called when a step that changes something has ended, `onWarning` when the program or a plugin warns.
 */
export class RunEvents {
  readonly steps: FinishedStep[] = [];
  readonly planned: PlannedStep[] = [];
  readonly diagnostics: Diagnostic[] = [];
  /** Operation → number of resources, from the engine's closing summary. */
  changes: Record<string, number> = {};
  /** The stack's outputs, secrets as `[secret]`; undefined when the program did not come so far, or in a preview. */
  outputs: Readonly<Record<string, unknown>> | undefined;
  readonly #onStep: (step: FinishedStep) => void;
  readonly #onWarning: (message: string) => void;
  readonly #running = new Map<string, { started: number; custom: boolean; op: string }>();
  readonly #now: () => number;
  readonly #watchers = new Set<RunWatcher>();

  constructor(
    options: {
      onStep?: (step: FinishedStep) => void;
      onWarning?: (message: string) => void;
      now?: () => number;
    } = {},
  ) {
    this.#onStep = options.onStep ?? (() => undefined);
    this.#onWarning = options.onWarning ?? (() => undefined);
    this.#now = options.now ?? Date.now;
  }

  /** The function to hand to the engine as `onEvent`. */
  readonly handle = (event: EngineEvent): void => {
    if (event.resourcePreEvent) this.#begin(event.resourcePreEvent.metadata, event.resourcePreEvent.planning === true);
    else if (event.resOutputsEvent)
      this.#end(event.resOutputsEvent.metadata, event.resOutputsEvent.planning === true, false);
    else if (event.resOpFailedEvent) this.#end(event.resOpFailedEvent.metadata, false, true);
    else if (event.diagnosticEvent) this.#say(event.diagnosticEvent);
    else if (event.summaryEvent) this.changes = { ...event.summaryEvent.resourceChanges };
  };

  /** Tells somebody else, too. Returns how that ends. */
  watch(watcher: RunWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Steps that have begun and not ended. */
  unfinished(): UnfinishedStep[] {
    return [...this.#running].map(([key, { custom, op, started }]) => ({
      op,
      urn: key.slice(key.indexOf(" ") + 1),
      custom,
      started,
    }));
  }

  #begin(metadata: StepEventMetadata, planning: boolean): void {
    const { op, urn } = metadata;
    const custom = (metadata.new ?? metadata.old)?.custom === true;
    if (planning) {
      if (isChange(op)) this.planned.push({ op, urn, custom, metadata });
      return;
    }
    const started = this.#now();
    this.#running.set(`${op} ${urn}`, { started, custom, op });
    for (const { onBegin } of this.#watchers) onBegin({ op, urn, custom, started });
  }

  #end(metadata: StepEventMetadata, planning: boolean, failed: boolean): void {
    const { op, urn } = metadata;
    if (planning) return;
    const key = `${op} ${urn}`;
    const begun = this.#running.get(key);
    this.#running.delete(key);
    const ended = this.#now();
    // At a deletion the engine says null.
    if (!failed && metadata.type === stackType && metadata.new) this.outputs = eventOutputs(metadata.new.outputs);
    const custom = begun?.custom ?? (metadata.new ?? metadata.old)?.custom === true;
    const step: FinishedStep = { op, urn, custom, started: begun?.started ?? ended, ended, failed };
    this.steps.push(step);
    if (isChange(op)) this.#onStep(step);
    for (const { onEnd } of this.#watchers) onEnd(step);
  }

  #say(event: DiagnosticEvent): void {
    const message = plainText(event.message).trim();
    if (message === "") return;
    const severity = severityOf(event);
    this.diagnostics.push({ urn: event.urn, severity, message });
    if (severity !== "warning") return;
    const warning = message.replace(/^warning: /, "");
    this.#onWarning(warning);
    for (const { onWarning } of this.#watchers) onWarning(warning);
  }
}

/** Number of resources that the engine's summary counts as changed. */
export function countChanges(changes: Readonly<Record<string, number>>): number {
  return Object.entries(changes).reduce((sum, [op, count]) => (isChange(op) ? sum + count : sum), 0);
}
