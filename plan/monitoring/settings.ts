import { z } from "zod";
import { paths } from "../names.ts";
import { imageReference, oneLine, quantity, webUrl } from "../texts.ts";

const name = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/, "must be a DNS-1123 label of at most 32 characters");
const duration = z.string().regex(/^[1-9]\d*[smhdwy]$/, "must be a time of Prometheus such as 30s or 15d");
const secret = oneLine.min(1, "must not be empty");

/** What the pods of a program ask for, and the memory that they may take. */
const demand = (cpu: string, memory: string) =>
  z
    .strictObject({
      cpu: quantity.default(cpu),
      memory: quantity.default(memory),
      /** Default: by the number of Nodes. */
      memoryLimit: quantity.optional(),
    })
    .prefault({});

/** Where a program keeps its data: two replicas, each with data of its own. */
const storage = z
  .strictObject({
    /** Directory on the two Nodes that are chosen for it. A lost host loses one of two copies. */
    directory: z
      .string()
      .regex(/^(\/[\w.@+-]+)+$/, "must be an absolute path of letters, digits and ._@+-")
      .default(paths.monitoring),
    /** A StorageClass of the cluster in place of the directory. */
    class: name.optional(),
    /** What Prometheus asks for, and keeps below: the oldest data goes when four fifths are full. */
    size: quantity.default("20Gi"),
  })
  .prefault({});

const severity = z.enum(["critical", "warning"]);

const mail = z.strictObject({
  to: z.array(z.email()).nonempty("must have at least one address"),
  from: z.email(),
  /** `mail.example.com:587`. */
  server: z.string().regex(/^[A-Za-z0-9.-]+:\d{1,5}$/, "must be a server and its port such as mail.example.com:587"),
  user: oneLine.optional(),
  /** A secret. */
  password: secret.optional(),
  /** Whether the server has to speak TLS. */
  requireTls: z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]).default(true),
});

/** Who is told of alerts, and by what. */
const receiver = z
  .strictObject({
    name,
    /** Of which alerts. */
    severities: z.array(severity).nonempty("must have at least one severity").default(["critical", "warning"]),
    /** Alertmanager's document of JSON is posted there. The address may be a secret. */
    webhook: z.strictObject({ url: webUrl, token: secret.optional() }).optional(),
    mail: mail.optional(),
    /** An incoming webhook of a chat that takes what Slack takes. The address is a secret. */
    chat: z.strictObject({ url: webUrl, channel: oneLine.optional() }).optional(),
  })
  .refine(
    ({ webhook, mail, chat }) => [webhook, mail, chat].filter((one) => one !== undefined).length === 1,
    "must have exactly one of webhook, mail and chat",
  );

/** Another storage that Prometheus sends everything to. */
const remote = z
  .strictObject({
    name,
    url: webUrl,
    /** A secret. */
    token: secret.optional(),
    user: oneLine.optional(),
    /** A secret. */
    password: secret.optional(),
  })
  .refine(({ token, user }) => token === undefined || user === undefined, "must have one of token and user, not both")
  .refine(
    ({ user, password }) => (user === undefined) === (password === undefined),
    "must have user and password, or neither",
  );

const unique = (list: readonly { name: string }[]): boolean =>
  new Set(list.map((one) => one.name)).size === list.length;

/** `plinth:monitoring`: Prometheus, Alertmanager and kube-state-metrics in the cluster (docs/monitoring.md). */
export const monitoringSchema = z.strictObject({
  /** How often figures are read and rules are looked at. */
  interval: duration.default("30s"),
  /** How long Prometheus keeps them. */
  retention: duration.default("15d"),
  storage,
  prometheus: demand("100m", "400Mi"),
  alertmanager: demand("10m", "32Mi"),
  kubeStateMetrics: demand("10m", "64Mi"),
  images: z
    .strictObject({
      prometheus: imageReference.default("quay.io/prometheus/prometheus:v3.16.0"),
      alertmanager: imageReference.default("quay.io/prometheus/alertmanager:v0.35.0"),
      kubeStateMetrics: imageReference.default("registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.16.0"),
      /** Archives of them that Nodes are given beforehand, as by `plinth:images`. */
      archives: z.array(name).default([]),
    })
    .prefault({}),
  receivers: z.array(receiver).refine(unique, "must give each receiver a name of its own").default([]),
  /** Who is told every few minutes that alerts arrive, and raises an alarm when that stops. The address may be a secret. */
  watchdog: z
    .strictObject({ url: webUrl, everyMinutes: z.coerce.number().int().min(1).max(1440).default(5) })
    .optional(),
  remoteWrite: z.array(remote).refine(unique, "must give each storage a name of its own").default([]),
  /** Address of the folder with the pages of alerts, which each alert names. */
  pages: webUrl.optional(),
});

export type MonitoringSettings = z.output<typeof monitoringSchema>;
export type Receiver = MonitoringSettings["receivers"][number];
export type Demand = MonitoringSettings["prometheus"];
