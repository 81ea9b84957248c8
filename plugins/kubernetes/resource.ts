import { errorText } from "../provider/errors.ts";
import {
  type CallContext,
  type CheckExtras,
  type CheckResult,
  type CreateResult,
  type DiffResult,
  InitializationError,
  type ReadResult,
  type ResourceHandler,
  type UpdateRequest,
} from "../provider/types.ts";
import { containsUnknown, isUnknown, type PropertyMap } from "../provider/values.ts";
import { deletionPropagation, replacesUnready, skipsAwait, timeoutOf, wantedFieldManager } from "./annotations.ts";
import { isConflict, isNotFound, NoSuchKindError, UnreachableError } from "../../kube/errors.ts";
import type { Call, Cluster } from "./cluster.ts";
import type { Options } from "./config.ts";
import { diffObject } from "./diff.ts";
import { refusal } from "./failures.ts";
import { forceNewPaths } from "./forceNew.ts";
import { builtInScope, type GroupVersionKind, gvkOf, isCrd, isList } from "./kinds.ts";
import { CREATOR, isAdoptedFrom } from "./managedFields.ts";
import { generatesName, uniqueName, withName } from "./naming.ts";
import { asDeclared, normalizeInputs } from "./normalize.ts";
import {
  apiVersionOf,
  at,
  describe,
  idOf,
  kindOf,
  nameOf,
  namespaceOf,
  parseId,
  withoutValue,
  withValue,
  type KubeObject,
} from "../../kube/object.ts";
import { isJudgedAtRefresh, kindKey } from "./readiness/index.ts";
import { annotateSecrets, checkpoint, parseCheckpoint, unmarked } from "./state.ts";
import { judgeNow, untilDeleted, untilReady, type Wait } from "./waiting.ts";
import { hasty, patient, Writer } from "./writer.ts";

/** Default of every wait, as in the official provider. */
const TIMEOUT_SECONDS = 600;
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Objects of one kind in one cluster: `kubernetes:GROUP/VERSION:KIND`. */
export class KubeResource implements ResourceHandler {
  readonly #type: GroupVersionKind;
  readonly #cluster: Cluster;
  readonly #options: Options;
  readonly #defaultNamespace: string;
  readonly #writer: Writer;

  constructor(type: GroupVersionKind, cluster: Cluster, options: Options, contextNamespace: string) {
    this.#type = type;
    this.#cluster = cluster;
    this.#options = options;
    this.#writer = new Writer(cluster, options);
    this.#defaultNamespace = options.namespace || contextNamespace || "default";
  }

  async check(news: PropertyMap, context: CallContext, extras: CheckExtras): Promise<CheckResult> {
    const refuse = (reason: string): CheckResult => ({ inputs: news, failures: [{ property: "", reason }] });
    if (isList(this.#type)) {
      return refuse(`${this.#type.kind} exists for YAML manifests only; make the objects in the list one by one.`);
    }
    if (this.#options.skipUpdateUnreachable && !(await this.#reaches(context))) {
      context.warn("The cluster is unreachable and skipUpdateUnreachable is set: left as it is.");
      return { inputs: extras.olds, failures: [] };
    }
    let inputs = normalizeInputs(unmarked(news));
    try {
      inputs = withName(inputs, context.name, extras, unmarked(extras.olds));
    } catch (error) {
      return refuse(errorText(error));
    }
    if (generatesName(inputs)) {
      return refuse(
        `${context.name} has metadata.generateName, which server-side apply does not know; leave both names out instead.`,
      );
    }
    const hasPlace = isUnknown(at(inputs, "metadata")) || at(inputs, "metadata", "namespace") !== undefined;
    if (!hasPlace && (await this.#isNamespaced(this.#kind(inputs), context))) {
      inputs = withValue(inputs, ["metadata", "namespace"], this.#defaultNamespace);
    }
    return { inputs: annotateSecrets(inputs, news), failures: [] };
  }

  async diff(request: UpdateRequest, context: CallContext): Promise<DiffResult> {
    const { inputs, live } = parseCheckpoint(request.olds);
    const newInputs = normalizeInputs(unmarked(request.news));
    const kind = this.#kind(newInputs);
    const mutability = {
      configMaps: this.#options.mutableConfigMaps,
      secrets: this.#options.mutableSecrets,
      immutable: at(newInputs, "immutable") === true,
    };
    const result = diffObject({
      oldInputs: normalizeInputs(inputs),
      oldLive: live,
      newInputs,
      namespaced: await this.#isNamespaced(kind, context),
      forceNew: forceNewPaths(kind, mutability),
      ignoreChanges: request.ignoreChanges,
    });
    return (await this.#isUnready(newInputs, live, context)) ? replacedAsUnready(result) : result;
  }

  async create(marked: PropertyMap, preview: boolean, context: CallContext): Promise<CreateResult> {
    const inputs = unmarked(marked);
    const fieldManager = this.#fieldManager(undefined, inputs, context);
    const kept = { fieldManager, initialApiVersion: apiVersionOf(inputs) };
    if (preview) {
      const guess = containsUnknown(marked) ? undefined : await this.#writer.tryCreate(inputs, fieldManager, context);
      return { id: "", properties: guess === undefined ? marked : checkpoint(inputs, guess, marked, kept) };
    }
    const made = (await this.#isThere(inputs, context))
      ? await this.#writer.adopt(inputs, fieldManager, context)
      : await this.#writer.make(inputs, fieldManager, context);
    const { live, reasons } = await this.#untilReady(inputs, made, context);
    if (isCrd(this.#kind(inputs))) {
      this.#cluster.forgetKinds();
    }
    return this.#finished(
      { id: idOf(live), properties: checkpoint(inputs, live, marked, kept), inputs: marked },
      reasons,
    );
  }

  async update(request: UpdateRequest, preview: boolean, context: CallContext): Promise<PropertyMap> {
    const old = parseCheckpoint(request.olds);
    const inputs = normalizeInputs(unmarked(request.news));
    const marked = request.news;
    const fieldManager = this.#fieldManager(old.fieldManager, inputs, context);
    const oldManager = this.#fieldManager(old.fieldManager ?? fieldManager, old.inputs, context);
    const kept = { fieldManager, initialApiVersion: old.initialApiVersion ?? apiVersionOf(inputs) };
    if (preview && containsUnknown(inputs)) {
      return marked;
    }
    if (preview) {
      const guess = await this.#writer.tryUpdate(inputs, request.ignoreChanges, fieldManager, context);
      return guess === undefined ? marked : checkpoint(inputs, guess, marked, kept);
    }
    const made = await this.#writer.change(inputs, request.ignoreChanges, fieldManager, context);
    const { live, reasons } = await this.#untilReady(inputs, made, context);
    if (isCrd(this.#kind(inputs))) {
      this.#cluster.forgetKinds();
    }
    const properties = checkpoint(inputs, live, marked, kept);
    const result = this.#finished({ id: request.id, properties, inputs: marked }, reasons);
    if (oldManager !== fieldManager) {
      await this.#writer.relinquish(live, oldManager, patient(context));
    }
    return result.properties;
  }

  async delete(_id: string, properties: PropertyMap, context: CallContext): Promise<void> {
    const { inputs, live, fieldManager } = parseCheckpoint(properties);
    const call = patient(context);
    try {
      const uid = at(live, "metadata", "uid");
      if (await this.#isAnothers(live, this.#fieldManager(fieldManager, inputs, context), call)) {
        context.warn(`${describe(live)} has been taken over by another resource and is left to it.`);
        return;
      }
      const preconditions = uid === undefined ? {} : { preconditions: { uid } };
      const options = { propagationPolicy: deletionPropagation(inputs), ...preconditions };
      await this.#cluster.delete(live, options, call).catch((error: unknown) => {
        // It is being deleted already, or another object has its name by now: the wait below tells.
        if (!isConflict(error)) throw error;
      });
      if (!(skipsAwait(inputs) && SKIPS_AWAIT_OF_DELETE.has(kindKey(live)))) {
        await untilDeleted(this.#cluster, live, this.#wait(inputs, context));
      }
    } catch (error) {
      // Gone, or its kind is.
      if (isNotFound(error) || error instanceof NoSuchKindError) {
        return;
      }
      if (!(error instanceof UnreachableError)) {
        throw refusal(error, live, "deleted");
      }
      if (!this.#options.deleteUnreachable) {
        throw new Error(
          `configured Kubernetes cluster is unreachable: ${error.message} ${describe(live)} is kept in the state; if the ` +
            "cluster is gone for good, set PULUMI_K8S_DELETE_UNREACHABLE=true to drop its objects from the state.",
          { cause: error },
        );
      }
      context.warn("The cluster is unreachable and deleteUnreachable is set: dropped from the state alone.");
    }
  }

  async read(
    id: string,
    properties: PropertyMap,
    markedInputs: PropertyMap,
    context: CallContext,
  ): Promise<ReadResult | undefined> {
    const old = parseCheckpoint(properties);
    const declared = normalizeInputs(unmarked(markedInputs));
    const isImport = apiVersionOf(declared) === "" && apiVersionOf(old.live) === "";
    const { namespace, name } = parseId(id);
    const wanted = this.#reference(apiVersionOf(declared) === "" ? old.live : declared, namespace, name);
    let live: KubeObject | undefined;
    try {
      live = await this.#cluster.find(wanted, patient(context));
    } catch (error) {
      if (error instanceof NoSuchKindError) return undefined;
      if (!(error instanceof UnreachableError)) throw refusal(error, wanted, "read");
      return this.#readUnreachable(error, { id, properties, inputs: markedInputs }, context);
    }
    if (live === undefined) {
      return undefined;
    }
    const inputs = isImport ? importedInputs(live) : asDeclared(live, declared);
    const kept = {
      fieldManager: this.#fieldManager(old.fieldManager, inputs, context),
      initialApiVersion: old.initialApiVersion ?? apiVersionOf(wanted),
    };
    const state = checkpoint(inputs, live, markedInputs, kept);
    const result = { id: id || idOf(live), properties: state, inputs: annotateSecrets(inputs, markedInputs) };
    const isJudged = !isImport && !skipsAwait(declared) && isJudgedAtRefresh(live);
    return this.#finished(result, isJudged ? await judgeNow(this.#cluster, live, patient(context)) : undefined);
  }

  #readUnreachable(error: UnreachableError, state: ReadResult, context: CallContext): ReadResult | undefined {
    context.warn(`configured Kubernetes cluster is unreachable: ${error.message}`);
    if (this.#options.deleteUnreachable) {
      return undefined;
    }
    if (this.#options.skipUpdateUnreachable) {
      return state;
    }
    throw new Error(
      `The state of ${state.id} cannot be read: ${error.message} If the cluster is gone for good, set ` +
        "PULUMI_K8S_DELETE_UNREACHABLE=true to drop its objects from the state.",
    );
  }

  #reference(object: KubeObject, namespace: string, name: string): KubeObject {
    const version = this.#type.group === "" ? this.#type.version : `${this.#type.group}/${this.#type.version}`;
    const own = namespaceOf(object) || namespace;
    return {
      apiVersion: apiVersionOf(object) || version,
      kind: kindOf(object) || this.#type.kind,
      metadata: { name: nameOf(object) || name, ...(own === "" ? {} : { namespace: own }) },
    };
  }

  async #untilReady(
    inputs: KubeObject,
    made: KubeObject,
    context: CallContext,
  ): Promise<{ live: KubeObject; reasons: string[] | undefined }> {
    return skipsAwait(inputs)
      ? { live: made, reasons: undefined }
      : untilReady(this.#cluster, made, this.#wait(inputs, context));
  }

  /** The result, thrown when the object did not become ready: then its state is kept and the reasons are shown. */
  #finished(result: ReadResult, reasons: string[] | undefined): ReadResult {
    if (reasons === undefined) {
      return result;
    }
    const [first = "it is not ready", ...others] = reasons;
    const { live } = parseCheckpoint(result.properties);
    throw new InitializationError(`${describe(live)}: ${first}`, result, [`${describe(live)}: ${first}`, ...others]);
  }

  #wait(inputs: KubeObject, context: CallContext): Wait {
    const { signal, progress } = context;
    return { signal, progress, timeoutSeconds: timeoutOf(inputs, context.timeoutSeconds, TIMEOUT_SECONDS) };
  }

  /**
   * The official rules: the annotation's, the one in the state, a new one. A new one is the same for the same resource of
   * the same cluster, so that the object of a lost state is still its own.
   */
  #fieldManager(stored: string | undefined, inputs: KubeObject, { urn }: CallContext): string {
    const seed = Buffer.from(`${this.#options.clusterIdentifier} ${urn}`);
    return wantedFieldManager(inputs) || (stored ?? uniqueName(`${CREATOR}-`, seed));
  }

  async #isAnothers(live: KubeObject, fieldManager: string, call: Call): Promise<boolean> {
    const now = await this.#cluster.find(live, call);
    return now !== undefined && isAdoptedFrom(now, fieldManager);
  }

  /** Whether the object to be made exists and is to be taken over. One that is being deleted is waited for. */
  async #isThere(inputs: KubeObject, context: CallContext): Promise<boolean> {
    if (!this.#options.upsert) {
      return false;
    }
    try {
      const there = await this.#cluster.find(inputs, patient(context));
      if (at(there, "metadata", "deletionTimestamp") === undefined) {
        return there !== undefined;
      }
      await untilDeleted(this.#cluster, there ?? inputs, this.#wait(inputs, context));
      return false;
    } catch (error) {
      // Its kind may come a little later.
      if (error instanceof NoSuchKindError) return false;
      throw refusal(error, inputs, "created");
    }
  }

  #kind(object: KubeObject): GroupVersionKind {
    return apiVersionOf(object) === "" ? this.#type : gvkOf(apiVersionOf(object), kindOf(object));
  }

  async #isNamespaced(kind: GroupVersionKind, context: CallContext): Promise<boolean> {
    const known = builtInScope(kind);
    if (known !== undefined) {
      return known === "namespace";
    }
    try {
      return (await this.#cluster.mapping(kind, hasty(context))).namespaced;
    } catch (error) {
      if (error instanceof NoSuchKindError || error instanceof UnreachableError) return true;
      throw error;
    }
  }

  async #isUnready(inputs: KubeObject, live: KubeObject, context: CallContext): Promise<boolean> {
    if (!replacesUnready(inputs)) {
      return false;
    }
    if (kindKey(inputs) !== "batch/Job") {
      context.warn(`pulumi.com/replaceUnready does nothing for ${kindOf(inputs)}.`);
      return false;
    }
    try {
      const call = hasty(context);
      const now = await this.#cluster.find(live, call);
      return now !== undefined && (await judgeNow(this.#cluster, now, call)) !== undefined;
    } catch (error) {
      context.warn(`Whether ${describe(live)} is ready cannot be told: ${errorText(error)}`);
      return false;
    }
  }

  async #reaches(context: CallContext): Promise<boolean> {
    try {
      await this.#cluster.mapping({ group: "", version: "v1", kind: "Namespace" }, hasty(context));
      return true;
    } catch {
      return false;
    }
  }
}

/** Kinds whose deletion `pulumi.com/skipAwait` does not wait for; that of others is always awaited. */
const SKIPS_AWAIT_OF_DELETE = new Set([
  "/Namespace",
  "/Pod",
  "/ReplicationController",
  "apps/DaemonSet",
  "apps/Deployment",
  "apps/StatefulSet",
  "batch/Job",
]);

function replacedAsUnready(result: DiffResult): DiffResult {
  const path = '.metadata.annotations["pulumi.com/replaceUnready"]';
  return { ...result, changed: [...result.changed, "metadata"], replaces: [...result.replaces, path] };
}

/** What an imported object would be declared as: all but what the server sets. */
function importedInputs(live: KubeObject): KubeObject {
  const inputs = normalizeInputs(withoutValue(live, ["status"]));
  const annotations = at(inputs, "metadata", "annotations");
  if (annotations === undefined) {
    return inputs;
  }
  const own = Object.entries(annotations as PropertyMap).filter(
    ([key]) => key !== LAST_APPLIED && key !== "deployment.kubernetes.io/revision",
  );
  return withValue(inputs, ["metadata", "annotations"], Object.fromEntries(own));
}
