import { setTimeout as sleep } from "node:timers/promises";
import { errorText } from "../provider/errors.ts";
import type { CallContext } from "../provider/types.ts";
import { forcesPatch } from "./annotations.ts";
import {
  isAlreadyExists,
  isDryRunUnsupported,
  isForbidden,
  isImmutableField,
  isNamespaceMissing,
  isNotFound,
  NoSuchKindError,
  UnreachableError,
} from "../../kube/errors.ts";
import type { Answer, Call, Change, Cluster } from "./cluster.ts";
import type { Options } from "./config.ts";
import { refusal } from "./failures.ts";
import { gvkOf, isCrd } from "./kinds.ts";
import { adopt, isCreated, takeOver, withIgnored } from "./managedFields.ts";
import {
  apiVersionOf,
  at,
  describe,
  kindOf,
  nameOf,
  namespaceOf,
  withValue,
  type KubeObject,
} from "../../kube/object.ts";
import { withoutGuesses } from "./preview.ts";

/** For how long a preview and a real run try an unreachable server, in seconds. */
const PREVIEW_PATIENCE = 5;
const PATIENCE = 60;
/** For how long the object's kind or namespace may be missing: it may be made at the same time. */
const MISORDER_SECONDS = 30;

export const patient = ({ signal }: CallContext): Call => ({ signal, patienceSeconds: PATIENCE });
export const hasty = ({ signal }: CallContext): Call => ({ signal, patienceSeconds: PREVIEW_PATIENCE });

/** Creates and applies objects, or tries to. */
export class Writer {
  readonly #cluster: Cluster;
  readonly #options: Options;

  constructor(cluster: Cluster, options: Options) {
    this.#cluster = cluster;
    this.#options = options;
  }

  /** The object as the server would make it; undefined when that cannot be told. */
  async tryCreate(inputs: KubeObject, fieldManager: string, context: CallContext): Promise<KubeObject | undefined> {
    const change = { ...hasty(context), dryRun: true };
    try {
      const answer = this.#options.upsert
        ? await this.#cluster.apply(inputs, { ...change, fieldManager, force: true })
        : await this.#cluster.create(inputs, change);
      this.#showWarnings(answer, context);
      return withoutGuesses(answer.object, inputs);
    } catch (error) {
      if (error instanceof UnreachableError) {
        context.warn(`configured Kubernetes cluster is unreachable: ${error.message} This preview shows inputs only.`);
        return undefined;
      }
      const isTold =
        error instanceof NoSuchKindError ||
        isNamespaceMissing(error) ||
        isForbidden(error) ||
        isAlreadyExists(error) ||
        isImmutableField(error) ||
        isDryRunUnsupported(error);
      if (isTold) return undefined;
      throw refusal(error, inputs, "created");
    }
  }

  async tryUpdate(
    inputs: KubeObject,
    ignoreChanges: readonly string[],
    fieldManager: string,
    context: CallContext,
  ): Promise<KubeObject | undefined> {
    try {
      return await this.#apply(inputs, ignoreChanges, fieldManager, { ...hasty(context), dryRun: true }, context);
    } catch (error) {
      if (error instanceof UnreachableError) {
        context.warn(`configured Kubernetes cluster is unreachable: ${error.message} This preview shows inputs only.`);
        return undefined;
      }
      if (error instanceof NoSuchKindError || isForbidden(error) || isDryRunUnsupported(error)) return undefined;
      throw refusal(error, inputs, "updated", fieldManager);
    }
  }

  /** Makes the object. Its kind and its namespace may come a little later. */
  async make(inputs: KubeObject, fieldManager: string, context: CallContext): Promise<KubeObject> {
    const change = { ...patient(context), dryRun: false };
    const started = performance.now();
    for (let pause = 500; ; pause = Math.min(pause * 2, 4000)) {
      try {
        const force = forcesPatch(inputs) || this.#options.forcePatches;
        const answer = this.#options.upsert
          ? await this.#cluster.apply(inputs, { ...change, fieldManager, force })
          : await this.#cluster.create(inputs, change);
        this.#showWarnings(answer, context);
        return answer.object;
      } catch (error) {
        const mayCome = error instanceof NoSuchKindError || isNotFound(error);
        if (!mayCome || performance.now() - started > MISORDER_SECONDS * 1000) {
          throw refusal(error, inputs, "created", fieldManager);
        }
        context.progress(`waiting, as ${errorText(error)}`);
        await sleep(pause, undefined, { signal: context.signal });
      }
    }
  }

  /** Applies inputs to the object that is there. */
  async change(
    inputs: KubeObject,
    ignoreChanges: readonly string[],
    fieldManager: string,
    context: CallContext,
  ): Promise<KubeObject> {
    try {
      return await this.#apply(inputs, ignoreChanges, fieldManager, { ...patient(context), dryRun: false }, context);
    } catch (error) {
      throw refusal(error, inputs, "updated", fieldManager);
    }
  }

  /** Applies inputs to an object that another resource made: a lost one, or one that goes by another name now. */
  async adopt(inputs: KubeObject, fieldManager: string, context: CallContext): Promise<KubeObject> {
    context.warn(`${describe(inputs)} exists already and is taken over.`);
    try {
      return await this.#apply(inputs, [], fieldManager, { ...patient(context), dryRun: false }, context, adopt);
    } catch (error) {
      throw refusal(error, inputs, "taken over", fieldManager);
    }
  }

  async #apply(
    inputs: KubeObject,
    ignoreChanges: readonly string[],
    fieldManager: string,
    change: Change,
    context: CallContext,
    inherit = takeOver,
  ): Promise<KubeObject> {
    let live = await this.#cluster.get(inputs, change);
    if (isCrd(gvkOf(apiVersionOf(inputs), kindOf(inputs)))) {
      const version = at(live, "metadata", "resourceVersion") ?? "";
      const versioned = withValue(inputs, ["metadata", "resourceVersion"], version);
      return (await this.#cluster.replace(versioned, fieldManager, change)).object;
    }
    const taken = change.dryRun ? undefined : inherit(live, fieldManager);
    if (taken !== undefined) {
      live = await this.#cluster.jsonPatch(inputs, taken, change);
    }
    const isUntaken = change.dryRun && isCreated(live);
    const force = forcesPatch(inputs) || this.#options.forcePatches || isUntaken;
    const wanted = withIgnored(inputs, live, ignoreChanges, fieldManager);
    const answer = await this.#cluster.apply(wanted, { ...change, fieldManager, force });
    this.#showWarnings(answer, context);
    return answer.object;
  }

  /** Gives up all fields of an object; those that nobody else has fall back to their defaults. */
  async relinquish(live: KubeObject, fieldManager: string, call: Call): Promise<void> {
    const bare = identityOf(live);
    if ((await this.#cluster.find(bare, call)) !== undefined) {
      await this.#cluster.apply(bare, { ...call, dryRun: false, fieldManager, force: false });
    }
  }

  #showWarnings({ warnings }: Answer, context: CallContext): void {
    for (const warning of warnings) {
      if (!(this.#options.suppressDeprecationWarnings && warning.includes("deprecated"))) {
        context.warn(warning);
      }
    }
  }
}

function identityOf(live: KubeObject): KubeObject {
  const namespace = namespaceOf(live);
  const metadata = { name: nameOf(live), ...(namespace === "" ? {} : { namespace }) };
  return { apiVersion: apiVersionOf(live), kind: kindOf(live), metadata };
}
