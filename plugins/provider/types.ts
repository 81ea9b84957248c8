import type { PropertyMap } from "./values.ts";

/** What every call carries besides its properties. */
export interface CallContext {
  /** URN of the resource. */
  urn: string;
  /** Last part of the URN: the resource's name in the program. */
  name: string;
  /** Aborted when the run is cancelled or `customTimeouts` has passed. */
  signal: AbortSignal;
  /** From `customTimeouts`; 0 when there is none. */
  timeoutSeconds: number;
  /** Shows a line of progress beside the resource. It is not kept in the run's log. */
  progress: (line: string) => void;
  warn: (line: string) => void;
}

/** What a check carries besides the new inputs. */
export interface CheckExtras {
  /** Inputs of the last run; empty for a new resource. */
  olds: PropertyMap;
  /** The same for the same resource in preview and `up`, so that made-up names agree; empty from older engines. */
  randomSeed: Uint8Array;
  /** What the stack's `pulumi:autonaming` says, if anything. */
  autonaming: { disabled: boolean; proposed: string } | undefined;
}

export interface CheckFailure {
  /** Input at fault; empty when it is not one alone. Never sent as such: the sentence names it. */
  property: string;
  /** A sentence; it must never contain the value of a secret. */
  reason: string;
}

export interface CheckResult {
  inputs: PropertyMap;
  failures: CheckFailure[];
}

/** Kinds of a property's change, by their number on the wire. */
export const DiffKind = { add: 0, addReplace: 1, delete: 2, deleteReplace: 3, update: 4, updateReplace: 5 } as const;
export type DiffKind = (typeof DiffKind)[keyof typeof DiffKind];

export interface DiffResult {
  /** Top-level properties that differ. */
  changed: string[];
  /** Those of them that need a replacement. */
  replaces: string[];
  /** Changes by property path; absent where the provider gives none. */
  detailed?: Record<string, DiffKind>;
  /** Whether `detailed` compares with the inputs of the last run. Default: with its outputs. */
  ofInputs?: boolean;
  /** Whether a replacement must delete first, because old and new have the same name. */
  deleteBeforeReplace?: boolean;
}

export interface CreateResult {
  id: string;
  properties: PropertyMap;
}

export interface ReadResult extends CreateResult {
  inputs: PropertyMap;
}

export interface UpdateRequest {
  id: string;
  /** Outputs of the last run. */
  olds: PropertyMap;
  /** Checked inputs. */
  news: PropertyMap;
  /** Inputs of the last run; undefined from engines that do not send them. */
  oldInputs: PropertyMap | undefined;
  /** Property paths whose changes do not count. For a configured provider's resources alone; others get news without them. */
  ignoreChanges: readonly string[];
}

/** One resource type. `preview` calls must not touch anything outside of the process. */
export interface ResourceHandler {
  check(news: PropertyMap, context: CallContext, extras: CheckExtras): CheckResult | Promise<CheckResult>;
  diff(request: UpdateRequest, context: CallContext): DiffResult | Promise<DiffResult>;
  create(inputs: PropertyMap, preview: boolean, context: CallContext): Promise<CreateResult>;
  update(request: UpdateRequest, preview: boolean, context: CallContext): Promise<PropertyMap>;
  delete(id: string, properties: PropertyMap, context: CallContext): Promise<void>;
  /** Refresh when there are properties, import when there are none. Undefined: it is gone. */
  read(id: string, properties: PropertyMap, inputs: PropertyMap, context: CallContext): Promise<ReadResult | undefined>;
}

/**
 * Thrown by create, update and read when the object is there but did not become ready: the engine keeps the state, reports
 * the reasons, and tries an update at the next run.
 */
export class InitializationError extends Error {
  override name = "InitializationError";
  readonly result: ReadResult;
  readonly reasons: readonly string[];

  constructor(message: string, result: ReadResult, reasons: readonly string[]) {
    super(message);
    this.result = result;
    this.reasons = reasons;
  }
}

/** A package whose provider resource has inputs of its own, and any number of instances. */
export interface ConfigurableProvider {
  /** Inputs of the provider resource as they shall be kept; here secrets are marked. */
  checkConfig(news: PropertyMap): PropertyMap;
  /** Whether the provider resource changes; a replaced one replaces all that it made. */
  diffConfig(olds: PropertyMap, news: PropertyMap): DiffResult;
  /** Must not fail for a server that cannot be reached: deletes from the state may still be wanted. */
  configure(config: PropertyMap): ConfiguredProvider;
}

/** One configured instance. */
export interface ConfiguredProvider {
  /** Handler of a type token; undefined when the package has no such type. */
  resource(type: string): ResourceHandler | undefined;
  close(): void;
}

/** A package of resource types, served by one gRPC server. */
export interface ProviderDefinition {
  name: string;
  version: string;
  /** Whether secrets arrive marked; without it the engine strips and restores the marks by itself. */
  acceptSecrets: boolean;
  /** Inputs added to the provider resource's own. */
  extraConfig?: PropertyMap;
  /** By type token. */
  resources: Record<string, ResourceHandler>;
  /** For packages with a configuration; it serves the types that `resources` does not have. */
  configurable?: ConfigurableProvider;
}
