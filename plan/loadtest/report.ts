import { z } from "zod";
import { profileNames } from "./profiles.ts";
import { clientNames } from "./samples.ts";

const milliseconds = z.number().nonnegative();
const seconds = z.number();
const count = z.int().nonnegative();
const percentiles = z.object({ p50: milliseconds, p90: milliseconds, p99: milliseconds, max: milliseconds });
const errors = z.array(z.object({ error: z.string(), count })).describe("why requests failed, the most frequent first");
const writes = z.object({ count, p50: milliseconds.optional(), p99: milliseconds.optional() });

const load = z.object({
  profile: z.enum(profileNames),
  seconds: z.number().describe("for how long requests were sent"),
  rate: z.number().describe("requests per second for single objects"),
  objects: count.describe("ConfigMaps at a time, at most"),
  bytes: count.describe("bytes of data in each of them"),
  connections: count.describe("connections that requests shared"),
  podRate: z.number().describe("pods made per second"),
  pods: count.describe("pods at a time, at most"),
  nodes: count.describe("Nodes that pods ran on, at most"),
});

const operation = z.object({
  verb: z.string().describe("GET, POST, PATCH, DELETE or LIST"),
  resource: z.string(),
  scope: z.string().describe("resource, namespace or cluster, as in Kubernetes' objectives"),
  sent: count,
  failed: count.describe("without a good answer"),
  unanswered: count.describe("of these, without any answer in the time that they had"),
  latency: percentiles.optional().describe("milliseconds, as this machine saw them"),
  objective: milliseconds.describe("what 99 % must not exceed"),
  met: z.boolean().optional(),
});

const gap = z.object({
  begin: seconds.describe("since the load began"),
  length: seconds,
  failed: count,
  answered: count.describe("requests that were answered well all the same"),
  silence: seconds.describe("the longest time in it without a good answer"),
  errors,
});

const client = z.object({
  client: z.enum(clientNames),
  sent: count,
  failed: count,
  silence: seconds.describe("the longest time without a good answer"),
  errors,
  gaps: z.array(gap).describe("every time in which requests failed, or nothing was answered"),
});

const pods = z.object({
  made: count,
  started: count,
  late: count.describe("had not started after 60 s"),
  pulled: count.describe("an image was pulled for them: they do not count"),
  latency: percentiles.optional().describe("milliseconds from the creation until a watch told of the start"),
  objective: milliseconds,
  met: z.boolean().optional(),
  nodes: z.record(z.string(), count).describe("Node: pods that started there"),
  reasons: z.array(z.string()).describe("why pods were late"),
});

const member = z.object({
  host: z.string(),
  fsync: writes.optional().describe("writes of the log, milliseconds"),
  commit: writes.optional().describe("writes of the database, milliseconds"),
  grown: z.number().optional().describe("bytes on disk"),
  restarted: z.literal(true).optional().describe("figures are of the time since then"),
  leads: z.literal(true).optional(),
  error: z.string().optional(),
});

const comparison = z.object({
  runs: count.describe("earlier runs with the same load that are compared with"),
  rows: z.array(
    z.object({
      what: z.string(),
      now: milliseconds,
      before: milliseconds.describe("the median of these runs"),
      worse: z.boolean().describe("half as much again as before, and by 20 ms at least"),
    }),
  ),
});

/** What a load test has found: the document of `--json`, and what is kept of earlier runs. Its fields are documented and stay. */
export const reportSchema = z.object({
  format: z.literal(1),
  stack: z.string(),
  id: z.string().describe("of the run; its namespace was plinth-loadtest-ID"),
  begun: z.iso.datetime().describe("when the load began, by this machine's clock"),
  seconds: seconds.describe("that the load took"),
  endpoint: z.string().describe("URL by which the API was asked"),
  load,
  result: z.enum(["ok", "failed"]),
  problems: z.array(z.string()).describe("why it failed"),
  remarks: z.array(z.string()).describe("what to know besides"),
  operations: z.array(operation),
  pods: pods.optional().describe("missing where no Node takes pods of everybody"),
  clients: z.array(client),
  timeline: z.array(z.object({ at: seconds, sent: count, failed: count, p99: milliseconds.optional() })),
  etcd: z.array(member),
  nodes: z.object({ ready: count.describe("at the end"), all: count }).optional(),
  holders: z
    .record(z.string(), z.object({ first: z.string().optional(), last: z.string().optional() }))
    .describe("virtual IP: hosts that had it at the beginning and at the end"),
  changes: z
    .array(z.object({ at: seconds, about: z.enum(["node", "unit", "vip", "host", "api"]), what: z.string() }))
    .describe("what became another way meanwhile, as looks saw it"),
  balancer: z
    .array(z.object({ at: seconds, host: z.string(), text: z.string() }))
    .describe("what HAProxy said of API servers, and keepalived of its state"),
  generator: z.object({
    heldBack: count.describe("requests that were not sent, because too many were under way"),
    delay: milliseconds.describe("99th percentile of how late this machine was"),
    watches: count.describe("how often the watch of pods had to begin anew"),
  }),
  comparison: comparison.optional(),
});

export type LoadTestReport = z.output<typeof reportSchema>;

/** Reads a report that was kept; undefined where it is none. */
export function parseReport(json: string): LoadTestReport | undefined {
  try {
    return reportSchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/** Its form as JSON Schema, for who reads it by a machine: docs/loadtest.schema.json. */
export function reportJsonSchema(): Record<string, unknown> {
  return {
    title: "What ./plinth loadtest has found",
    ...(z.toJSONSchema(reportSchema, { io: "output" }) as Record<string, unknown>),
  };
}
