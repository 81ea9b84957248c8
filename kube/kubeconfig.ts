import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { isMap, type Json, type JsonMap } from "./json.ts";
import { listAt, mapAt, textAt } from "./object.ts";

/** How to reach one API server. */
export interface Access {
  /** Base URL, without a slash at its end. */
  server: string;
  /** PEM texts. */
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  token: string | undefined;
  /** Name that the server's certificate must have, when it is not the URL's. */
  serverName: string | undefined;
  insecure: boolean;
  /** The context's; empty when it names none. */
  namespace: string;
}

/** Parts of the kubeconfig that the provider's configuration chooses; empty for the kubeconfig's own choice. */
export interface Choice {
  context: string;
  cluster: string;
}

interface Kubeconfig {
  content: JsonMap;
  /** Folder that relative paths in it start from. */
  folder: string;
}

/** The access that a kubeconfig grants: its text, or the path of its file; `$KUBECONFIG` or `~/.kube/config` when empty. */
export function loadAccess(pathOrText: string, choice: Choice): Access {
  const config = load(pathOrText);
  const contextName = choice.context || textAt(config.content, "current-context");
  const context = named(config, "contexts", contextName, "context");
  const cluster = named(config, "clusters", choice.cluster || textAt(context, "cluster"), "cluster");
  const user = named(config, "users", textAt(context, "user"), "user");
  for (const key of ["exec", "auth-provider"]) {
    if (user[key] !== undefined) {
      throw new Error(
        `The kubeconfig's user ${textAt(context, "user")} logs in by ${key}, which the bundled kubernetes plugin does not run; ` +
          "give it a client certificate or a token, or run with --plugins official.",
      );
    }
  }
  const optional = (value: string): string | undefined => (value === "" ? undefined : value);
  const tokenFile = textAt(user, "tokenFile");
  return {
    server: serverOf(cluster),
    ca: material(config, cluster, "certificate-authority"),
    cert: material(config, user, "client-certificate"),
    key: material(config, user, "client-key"),
    token: optional(textAt(user, "token")) ?? (tokenFile === "" ? undefined : readText(config, tokenFile).trim()),
    serverName: optional(textAt(cluster, "tls-server-name")),
    insecure: cluster["insecure-skip-tls-verify"] === true,
    namespace: textAt(context, "namespace"),
  };
}

/** Whether two kubeconfigs lead to different clusters; false when one of them names none. */
export function clusterDiffers(before: [string, Choice], after: [string, Choice]): boolean {
  const [old, now] = [before, after].map(([text, choice]) => activeCluster(text, choice));
  return old !== undefined && now !== undefined && !isDeepStrictEqual(old, now);
}

function activeCluster(text: string, choice: Choice): JsonMap | undefined {
  if (text === "") {
    return undefined;
  }
  try {
    const config = load(text);
    const context = named(config, "contexts", choice.context || textAt(config.content, "current-context"), "context");
    return named(config, "clusters", choice.cluster || textAt(context, "cluster"), "cluster");
  } catch {
    return undefined;
  }
}

function load(pathOrText: string): Kubeconfig {
  const ambient = process.env["KUBECONFIG"] ?? "";
  const source = pathOrText === "" ? ambient || join(homedir(), ".kube", "config") : pathOrText;
  const path = source.startsWith("~/") ? join(homedir(), source.slice(2)) : source;
  const isFile = !path.includes("\n") && path.length < 4096 && existsSync(path);
  if (pathOrText === "" && !isFile) {
    throw new Error("The kubernetes provider has no kubeconfig, and neither $KUBECONFIG nor ~/.kube/config exists.");
  }
  const content: unknown = parseText(isFile ? readFileSync(path, "utf8") : source);
  if (!isMap(content as Json)) {
    throw new Error("The kubeconfig of the kubernetes provider is neither the path of a file nor YAML.");
  }
  return { content: content as JsonMap, folder: isFile ? dirname(path) : process.cwd() };
}

/** The parser's message would quote the line, which may hold a key. */
function parseText(text: string): unknown {
  try {
    return parse(text, { logLevel: "error" });
  } catch {
    throw new Error("The kubeconfig of the kubernetes provider is not valid YAML.");
  }
}

function named(config: Kubeconfig, list: string, name: string, part: string): JsonMap {
  const found = listAt(config.content, list).find((entry) => entry["name"] === name);
  if (found === undefined) {
    throw new Error(`The kubeconfig has no ${part} "${name}".`);
  }
  return mapAt(found, part);
}

function serverOf(cluster: JsonMap): string {
  const server = textAt(cluster, "server");
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    throw new Error(
      `The kubeconfig's cluster has the server "${server}"; a URL like https://10.0.0.5:6443 is expected.`,
    );
  }
  return server.replace(/\/+$/, "");
}

/** PEM given as base64 in `name-data`, or as the path of a file in `name`. */
function material(config: Kubeconfig, from: JsonMap, name: string): string | undefined {
  const data = textAt(from, `${name}-data`);
  if (data !== "") {
    return Buffer.from(data, "base64").toString("utf8");
  }
  const path = textAt(from, name);
  return path === "" ? undefined : readText(config, path);
}

const readText = ({ folder }: Kubeconfig, path: string): string =>
  readFileSync(isAbsolute(path) ? path : join(folder, path), "utf8");
