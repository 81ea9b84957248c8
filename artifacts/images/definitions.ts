import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Something in an image's file system. Paths are absolute; directories above are made, 0755. All belongs to root. */
export type ImageEntry =
  /** A copy of an ingredient. */
  | { path: string; mode: number; from: string }
  | { path: string; mode: number; text: string }
  | { path: string; mode: number; directory: true };

/** What an image contains that is no artifact of the table; how it is made stands in `ingredients.ts`. */
export type Ingredient = "pause" | "web" | "busybox";

/** An image that is put together here, for sites where no registry can be reached. */
export interface ImageDefinition {
  /** Its archive is `images/<name>.tar`. */
  name: string;
  /** What pods call it. */
  reference: string;
  /** Artifacts of the table, by name. */
  artifacts: readonly string[];
  ingredients: readonly Ingredient[];
  entries: readonly ImageEntry[];
  /** A directory that gets a link to busybox per command of busybox. */
  busyboxLinks?: string;
  entrypoint: readonly string[];
  /** `uid:gid`. */
  user: string;
  /** TCP ports that it listens on, for the reader: nothing depends on it. */
  ports?: readonly number[];
}

/** The account that the distroless images made customary for programs that need no privileges. */
const nobody = 65532;

const accounts: readonly ImageEntry[] = [
  {
    path: "/etc/passwd",
    mode: 0o644,
    text: `root:x:0:0:root:/:/sbin/nologin\nnonroot:x:${nobody.toString()}:${nobody.toString()}:nonroot:/:/sbin/nologin\n`,
  },
  { path: "/etc/group", mode: 0o644, text: `root:x:0:\nnonroot:x:${nobody.toString()}:\n` },
  { path: "/tmp", mode: 0o1777, directory: true },
];

const nonroot = `${nobody.toString()}:${nobody.toString()}`;

const reference = (name: string): string => `localhost/plinth/${name}:lab`;

export const images: readonly ImageDefinition[] = [
  {
    name: "pause",
    reference: reference("pause"),
    artifacts: [],
    ingredients: ["pause"],
    entries: [{ path: "/pause", mode: 0o755, from: "pause" }],
    entrypoint: ["/pause"],
    user: "65535:65535",
  },
  {
    name: "coredns",
    reference: reference("coredns"),
    artifacts: ["coredns"],
    ingredients: [],
    entries: [...accounts, { path: "/coredns", mode: 0o755, from: "coredns" }],
    entrypoint: ["/coredns"],
    // Port 53 is open to all in a pod: containerd lowers the first port that needs no privileges to 0.
    user: nonroot,
    ports: [53],
  },
  {
    name: "metrics-server",
    reference: reference("metrics-server"),
    artifacts: ["metrics-server"],
    ingredients: [],
    entries: [...accounts, { path: "/metrics-server", mode: 0o755, from: "metrics-server" }],
    entrypoint: ["/metrics-server"],
    user: nonroot,
    ports: [10250],
  },
  {
    name: "prometheus",
    reference: reference("prometheus"),
    artifacts: ["prometheus", "promtool"],
    ingredients: [],
    entries: [
      ...accounts,
      { path: "/bin/prometheus", mode: 0o755, from: "prometheus" },
      { path: "/bin/promtool", mode: 0o755, from: "promtool" },
    ],
    entrypoint: ["/bin/prometheus"],
    user: nonroot,
    ports: [9090],
  },
  {
    name: "alertmanager",
    reference: reference("alertmanager"),
    artifacts: ["alertmanager", "amtool"],
    ingredients: [],
    entries: [
      ...accounts,
      { path: "/bin/alertmanager", mode: 0o755, from: "alertmanager" },
      { path: "/bin/amtool", mode: 0o755, from: "amtool" },
    ],
    entrypoint: ["/bin/alertmanager"],
    user: nonroot,
    ports: [9093, 9094],
  },
  {
    name: "kube-state-metrics",
    reference: reference("kube-state-metrics"),
    artifacts: ["kube-state-metrics"],
    ingredients: [],
    entries: [...accounts, { path: "/kube-state-metrics", mode: 0o755, from: "kube-state-metrics" }],
    entrypoint: ["/kube-state-metrics"],
    user: nonroot,
    ports: [8443, 8444],
  },
  {
    name: "kube-rbac-proxy",
    reference: reference("kube-rbac-proxy"),
    artifacts: ["kube-rbac-proxy"],
    ingredients: [],
    entries: [...accounts, { path: "/usr/local/bin/kube-rbac-proxy", mode: 0o755, from: "kube-rbac-proxy" }],
    entrypoint: ["/usr/local/bin/kube-rbac-proxy"],
    user: nonroot,
    ports: [9154],
  },
  {
    name: "web",
    reference: reference("web"),
    artifacts: [],
    ingredients: ["busybox", "web"],
    entries: [
      ...accounts,
      { path: "/bin/busybox", mode: 0o755, from: "busybox" },
      { path: "/bin/web", mode: 0o755, from: "web" },
      { path: "/bin/wget", mode: 0o755, text: readFileSync(join(import.meta.dirname, "wget.sh"), "utf8") },
    ],
    busyboxLinks: "/bin",
    entrypoint: ["/bin/web"],
    user: nonroot,
    ports: [8080],
  },
];

/** The artifacts of the table that these images contain, by name. */
export function imageArtifacts(names: readonly string[]): string[] {
  return images.filter(({ name }) => names.includes(name)).flatMap(({ artifacts }) => artifacts);
}
