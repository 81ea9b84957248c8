import { request } from "node:https";
import { parse } from "yaml";
import { parseNodes } from "./nodes.ts";
import type { ApiserverStatus, LeaderStatus, NodesReading } from "./types.ts";

/** What it takes to talk to the API as administrator. */
export interface ApiCredentials {
  authority: string;
  certificate: string;
  key: string;
  /** URL of the API's endpoint, e.g. `https://10.27.0.10:6443`. */
  server: string;
}

interface Kubeconfig {
  clusters?: { cluster?: { server?: string; "certificate-authority-data"?: string } }[];
  users?: { user?: { "client-certificate-data"?: string; "client-key-data"?: string } }[];
}

/** Takes the credentials out of a kubeconfig that carries its certificates. */
export function parseKubeconfig(text: string): ApiCredentials | undefined {
  const value = parse(text) as Kubeconfig | null;
  const cluster = value?.clusters?.[0]?.cluster;
  const user = value?.users?.[0]?.user;
  const decode = (data: string | undefined): string | undefined =>
    data === undefined ? undefined : Buffer.from(data, "base64").toString("utf8");
  const authority = decode(cluster?.["certificate-authority-data"]);
  const certificate = decode(user?.["client-certificate-data"]);
  const key = decode(user?.["client-key-data"]);
  const server = cluster?.server;
  if (authority === undefined || certificate === undefined || key === undefined || server === undefined)
    return undefined;
  return { authority, certificate, key, server };
}

/** How long one answer may take, milliseconds. */
const TIMEOUT = 4000;

interface Answer {
  status: number;
  body: string;
}

function get(url: string, credentials: ApiCredentials): Promise<Answer> {
  const { authority: ca, certificate: cert, key } = credentials;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT);
    const req = request(url, { ca, cert, key, agent: false, signal }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
      response.on("error", reject);
    });
    req.on("error", (error) => {
      reject(signal.aborted ? new Error(`no answer within ${TIMEOUT / 1000} s`) : error);
    });
    req.end();
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Asks one API server whether it is ready. */
export async function readApiserver(url: string, credentials: ApiCredentials): Promise<ApiserverStatus> {
  try {
    const { status, body } = await get(`${url}/readyz?verbose`, credentials);
    if (status === 200) return { ready: true, message: "ok" };
    const failing = body
      .split("\n")
      .filter((line) => line.startsWith("[-]"))
      .map((line) => line.slice(3));
    return { ready: false, message: failing.length > 0 ? failing.join("; ") : `HTTP ${status}` };
  } catch (error) {
    return { ready: false, message: reasonOf(error) };
  }
}

interface Lease {
  spec?: { holderIdentity?: string; renewTime?: string };
}

/** Reads who holds a lease in kube-system, through the endpoint. */
export async function readLeader(lease: string, credentials: ApiCredentials): Promise<LeaderStatus> {
  const unknown = { lease, holder: undefined, age: undefined };
  const url = `${credentials.server}/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${lease}`;
  try {
    const { status, body } = await get(url, credentials);
    if (status !== 200) return { ...unknown, message: status === 404 ? "nobody has led yet" : `HTTP ${status}` };
    const { spec } = JSON.parse(body) as Lease;
    // The identity is the host's name, an underscore, and a random part.
    const holder = spec?.holderIdentity?.replace(/_.*$/, "");
    if (holder === undefined || holder === "") return { ...unknown, message: "nobody leads" };
    const renewed = spec?.renewTime === undefined ? undefined : Date.parse(spec.renewTime);
    return {
      lease,
      holder,
      age: renewed === undefined ? undefined : (Date.now() - renewed) / 1000,
      message: undefined,
    };
  } catch (error) {
    return { ...unknown, message: reasonOf(error) };
  }
}

/** Reads all Nodes and their heartbeats, through the endpoint. */
export async function readNodes(credentials: ApiCredentials): Promise<NodesReading> {
  // From the API servers' memory (resourceVersion=0): these are large objects, and seconds do not matter.
  const paths = [
    "/api/v1/nodes?resourceVersion=0",
    "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases?resourceVersion=0",
  ];
  try {
    const [nodes, leases] = await Promise.all(paths.map((path) => get(credentials.server + path, credentials)));
    const wrong = [nodes, leases].find((answer) => answer?.status !== 200);
    if (nodes === undefined || leases === undefined || wrong !== undefined)
      return { error: `HTTP ${wrong?.status ?? 0}` };
    return { nodes: parseNodes(nodes.body, leases.body, Date.now()) };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}

/** The API's list of Nodes as JSON, or why it could not be had. */
export async function readNodeList(credentials: ApiCredentials): Promise<{ json: string } | { error: string }> {
  try {
    const { status, body } = await get(`${credentials.server}/api/v1/nodes?resourceVersion=0`, credentials);
    return status === 200 ? { json: body } : { error: `HTTP ${status}` };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}
