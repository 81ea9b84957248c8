// A client of the API server, or of any http URL, that keeps asking at a fixed rate and writes down every attempt. Runs as a process of its own
// inside the lab's network namespace: node probe.ts KUBECONFIG OUTPUT INTERVAL_MS PATH|URL [--write PREFIX] [--http2]
//
// Without --http2 every attempt has a connection of its own; with it they share one HTTP/2 connection, as client-go does,
// and a connection that the server closes or announces to close (GOAWAY) is followed by a new one.
//
// An answer with Retry-After is no failure but a request to ask again, which client-go heeds for 429 and 5xx, up to ten
// times (k8s.io/client-go/rest/with_retry.go): an API server that stops has an instant at which it answers what comes in
// on open connections with 503 and Retry-After (k8s.io/apiserver/pkg/server/filters/waitgroup.go).
import { appendFileSync, readFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { parseArgs } from "node:util";
import { parse } from "yaml";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: "string" }, http2: { type: "boolean", default: false } },
});
const [kubeconfig = "", output = "", interval = "50", target = "/readyz"] = positionals;
const config = parse(readFileSync(kubeconfig, "utf8")) as {
  clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
  users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
};
const cluster = config.clusters[0]?.cluster;
const user = config.users[0]?.user;
if (cluster === undefined || user === undefined) throw new Error(`${kubeconfig} is not a kubeconfig`);
const server = cluster.server;
const decode = (text: string) => Buffer.from(text, "base64");
const tls = {
  ca: decode(cluster["certificate-authority-data"]),
  cert: decode(user["client-certificate-data"]),
  key: decode(user["client-key-data"]),
};
const deadline = 10_000;
const retries = 10;
type Done = (ok: boolean, detail: string) => void;
/** What came back: the status, how long to wait before asking again, if the server asks for that, and what it says beside. */
interface Answer {
  status: number;
  retryAfterMs: number | undefined;
  text: string;
}

/** One request over a connection of its own. */
function askAlone(body: string | undefined, done: Done, retriesLeft = retries): void {
  const length =
    body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const options = {
    ...tls,
    agent: false as const,
    method: body === undefined ? "GET" : "POST",
    timeout: deadline,
    headers: length,
  };
  const url = new URL(target, server);
  const request = (url.protocol === "http:" ? http : https).request(url, options, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    response.on("end", () => {
      const answer = { ...answerOf(response.statusCode ?? 0, response.headers["retry-after"]), text };
      judge(answer, body, done, retriesLeft, () => {
        askAlone(body, done, retriesLeft - 1);
      });
    });
    response.on("error", (error) => {
      done(false, error.message);
    });
  });
  request.on("timeout", () => request.destroy(new Error(`no answer within ${deadline} ms`)));
  request.on("error", (error) => {
    done(false, error.message);
  });
  request.end(body);
}

let session: http2.ClientHttp2Session | undefined;

/**
 * The shared connection. One that is going away is not used for new requests, nor one that was destroyed: its `close` comes
 * only once what it last wrote has left, which on a dead path is never.
 */
function shared(): http2.ClientHttp2Session {
  if (session === undefined || session.destroyed) {
    const opened = http2.connect(server, tls);
    const forget = () => {
      if (session === opened) session = undefined;
    };
    opened.on("goaway", forget);
    opened.on("close", forget);
    opened.on("error", forget);
    session = opened;
  }
  return session;
}

/**
 * One request over the shared connection. A stream that the server refuses was not processed (RFC 9113, 8.7): it meets a
 * connection that is going away, and is sent again over a new one, as every HTTP/2 client does.
 */
function askShared(done: Done, refusalsLeft = 3, retriesLeft = retries): void {
  const connection = shared();
  const stream = connection.request({ ":path": target });
  let answer = answerOf(0, undefined);
  let failure: string | undefined;
  stream.setTimeout(deadline, () => {
    stream.destroy(new Error(`no answer within ${deadline} ms`));
    // As client-go does with a connection that no longer answers.
    connection.destroy();
  });
  stream.on("response", (headers) => {
    answer = answerOf(headers[":status"] ?? 0, headers["retry-after"]);
  });
  stream.on("error", (error: Error) => (failure = error.message));
  stream.on("close", () => {
    if (answer.status === 0 && stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM && refusalsLeft > 0) {
      if (session === connection) session = undefined;
      askShared(done, refusalsLeft - 1, retriesLeft);
    } else if (failure !== undefined) {
      done(false, failure);
    } else {
      judge(answer, undefined, done, retriesLeft, () => {
        askShared(done, refusalsLeft, retriesLeft - 1);
      });
    }
  });
  stream.resume();
}

function answerOf(status: number, retryAfter: string | undefined): Answer {
  const seconds = status === 429 || status >= 500 ? Number(retryAfter ?? NaN) : NaN;
  return { status, retryAfterMs: Number.isNaN(seconds) ? undefined : seconds * 1000, text: "" };
}

function judge(answer: Answer, body: string | undefined, done: Done, retriesLeft: number, again: () => void): void {
  const { status, retryAfterMs, text } = answer;
  if (retryAfterMs !== undefined && retriesLeft > 0) {
    setTimeout(again, retryAfterMs);
    return;
  }
  // A name that exists means that an earlier try of the same write had landed.
  const ok = (status >= 200 && status < 300) || (body !== undefined && status === 409);
  const tries = retriesLeft < retries ? ` after ${retries - retriesLeft} retries` : "";
  const said = ok || text === "" ? "" : `: ${messageOf(text)}`;
  done(ok, (status === 0 ? "closed without an answer" : String(status)) + said + tries);
}

/** The message of a Status of the API, or the text itself, cut. */
function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === "string") return message.slice(0, 300);
  } catch {
    // It is no JSON; what it says is shown as it is.
  }
  return text.slice(0, 300);
}

let sequence = 0;
let stopping = false;
let open = 0;

function attempt(): void {
  const n = ++sequence;
  const started = Date.now();
  const name = `${values.write ?? "probe"}-${n}`;
  open += 1;
  let finished = false;
  const done: Done = (ok, detail) => {
    if (finished) return;
    finished = true;
    appendFileSync(output, `${JSON.stringify({ n, name, started, ended: Date.now(), ok, detail })}\n`);
    open -= 1;
    if (stopping && open === 0) process.exit(0);
  };
  if (values.http2) {
    askShared(done);
    return;
  }
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { n: String(n) } };
  askAlone(values.write === undefined ? undefined : JSON.stringify(object), done);
}

const timer = setInterval(attempt, Number(interval));
process.on("SIGTERM", () => {
  stopping = true;
  clearInterval(timer);
  if (open === 0) process.exit(0);
});
