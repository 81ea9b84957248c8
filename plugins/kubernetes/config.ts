import { DiffKind, type DiffResult } from "../provider/types.ts";
import { containsUnknown, equal, isUnknown, plainMap, type PropertyMap, secret, text } from "../provider/values.ts";
import { type Choice, clusterDiffers } from "../../kube/kubeconfig.ts";

/** What the provider's inputs say, with the environment variables that stand in for them. */
export interface Options {
  /** Text or path; empty for the ambient one. */
  kubeconfig: string;
  choice: Choice;
  /** What names the cluster; empty when nothing does. */
  clusterIdentifier: string;
  /** For namespaced objects without one; empty for the context's. */
  namespace: string;
  forcePatches: boolean;
  /** Whether creating what exists takes it over. */
  upsert: boolean;
  mutableConfigMaps: boolean;
  mutableSecrets: boolean;
  /** Whether objects of an unreachable cluster are dropped from the state. */
  deleteUnreachable: boolean;
  /** Whether objects of an unreachable cluster are left as they are. */
  skipUpdateUnreachable: boolean;
  suppressDeprecationWarnings: boolean;
}

const IDENTIFIER = "clusterIdentifier";

/** Inputs that ask for what the bundled plugin does not do. */
const UNSUPPORTED: Record<string, string> = {
  renderYamlToDirectory: "writes no YAML files",
};

export function readOptions(config: PropertyMap, environment: NodeJS.ProcessEnv = process.env): Options {
  for (const [name, lack] of Object.entries(UNSUPPORTED)) {
    if (text(config[name]) !== "") {
      throw new Error(`The bundled kubernetes plugin ${lack} (${name}); run with --plugins official.`);
    }
  }
  const flag = (name: string, variable: string, fallback = false): boolean => {
    const value = text(config[name]) || (environment[`PULUMI_K8S_${variable}`] ?? "");
    return value === "" ? fallback : value === "true";
  };
  if (!flag("enableServerSideApply", "ENABLE_SERVER_SIDE_APPLY", true)) {
    throw new Error(
      "The bundled kubernetes plugin works by server-side apply alone; leave enableServerSideApply on, or run with --plugins official.",
    );
  }
  return {
    kubeconfig: text(config["kubeconfig"]),
    choice: choiceOf(config),
    clusterIdentifier: text(config[IDENTIFIER]),
    namespace: text(config["namespace"]),
    forcePatches: flag("enablePatchForce", "ENABLE_PATCH_FORCE"),
    upsert: flag("upsertExistingObjects", "UPSERT_EXISTING_OBJECTS"),
    mutableConfigMaps: flag("enableConfigMapMutable", "ENABLE_CONFIGMAP_MUTABLE"),
    mutableSecrets: flag("enableSecretMutable", "ENABLE_SECRET_MUTABLE"),
    deleteUnreachable: flag("deleteUnreachable", "DELETE_UNREACHABLE"),
    skipUpdateUnreachable: flag("skipUpdateUnreachable", "SKIP_UPDATE_UNREACHABLE"),
    suppressDeprecationWarnings: flag("suppressDeprecationWarnings", "SUPPRESS_DEPRECATION_WARNINGS"),
  };
}

/** The kubeconfig grants access to the cluster, whether the program marks it as secret or not. */
export function checkConfig(news: PropertyMap): PropertyMap {
  const { kubeconfig } = news;
  return kubeconfig === undefined || isUnknown(kubeconfig) ? news : { ...news, kubeconfig: secret(kubeconfig) };
}

const choiceOf = (config: PropertyMap): Choice => ({
  context: text(config["context"]),
  cluster: text(config["cluster"]),
});

const WHERE = ["kubeconfig", "context", "cluster"];

/**
 * A provider is replaced, and with it all that it made, when it leads to another cluster: by `clusterIdentifier` where that
 * is set, else by the active cluster's entry in the kubeconfig, also when that is not yet known.
 */
export function diffConfig(olds: PropertyMap, news: PropertyMap): DiffResult {
  const [old, now] = [plainMap(olds), plainMap(news)];
  const changed = [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((key) => !equal(old[key], now[key]))
    .sort();
  const detailed = Object.fromEntries(changed.map((key) => [key, kindOf(old, now, key)]));
  const result = { changed, detailed };
  const identified = text(old[IDENTIFIER]) !== "" && text(now[IDENTIFIER]) !== "";
  if (identified) {
    return replacing(result, changed.includes(IDENTIFIER) ? [IDENTIFIER] : []);
  }
  const unknown = WHERE.filter((key) => containsUnknown(now[key] ?? ""));
  if (unknown.length > 0) {
    return replacing(result, unknown);
  }
  const other = clusterDiffers([text(old["kubeconfig"]), choiceOf(old)], [text(now["kubeconfig"]), choiceOf(now)]);
  return replacing(result, other ? changed.filter((key) => WHERE.includes(key)) : []);
}

function kindOf(old: PropertyMap, now: PropertyMap, key: string): DiffKind {
  if (old[key] === undefined) {
    return DiffKind.add;
  }
  return now[key] === undefined ? DiffKind.delete : DiffKind.update;
}

function replacing(result: { changed: string[]; detailed: Record<string, DiffKind> }, replaces: string[]): DiffResult {
  const detailed = { ...result.detailed };
  for (const key of replaces) {
    detailed[key] = DiffKind.updateReplace;
  }
  return { changed: result.changed, replaces, detailed };
}
