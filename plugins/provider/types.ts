import type { PropertyMap } from "./values.ts";

/** What every call carries besides its properties. */
export interface CallContext {
  /** URN of the resource; empty for invokes. */
  urn: string;
  /** Last part of the URN: the resource's name in the program. */
  name: string;
  /** Aborted when the run is cancelled or `customTimeouts` has passed. */
  signal: AbortSignal;
  /** Shows a line of progress beside the resource. It is not kept in the run's log. */
  progress: (line: string) => void;
  warn: (line: string) => void;
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
}

/** One resource type. `preview` calls must not touch anything outside of the process. */
export interface ResourceHandler {
  check(news: PropertyMap, context: CallContext): CheckResult;
  diff(request: UpdateRequest): DiffResult;
  create(inputs: PropertyMap, preview: boolean, context: CallContext): Promise<CreateResult>;
  update(request: UpdateRequest, preview: boolean, context: CallContext): Promise<PropertyMap>;
  delete(id: string, properties: PropertyMap, context: CallContext): Promise<void>;
  /** Refresh when there are properties, import when there are none. */
  read(id: string, properties: PropertyMap, inputs: PropertyMap): Promise<ReadResult>;
}

export type InvokeHandler = (args: PropertyMap, context: CallContext) => Promise<PropertyMap>;

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
  /** By function token. */
  invokes?: Record<string, InvokeHandler>;
}
