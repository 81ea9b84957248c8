import { join } from "node:path";
import { ArtifactError } from "./errors.ts";
import { splitPlatform, type Platform } from "./platform.ts";

/** One file on an official site or a mirror, and which artifacts it holds. */
export interface Download {
  url: string;
  /** Where the publisher keeps the SHA-256: a bare digest, `<digest>  <entry>` lines, or GitHub's record of a release. */
  checksums: string;
  /** The name of the file in `checksums`. Default: the last part of `url`. */
  entry?: string;
  /** Artifact name → its path inside the `.tar.gz`, or null when the file is the artifact itself. */
  provides: Readonly<Record<string, string | null>>;
}

/** One executable. */
export interface Artifact {
  name: string;
  /** Its Go main package; also a `tool` line of the group's go.mod. */
  package: string;
  /** Arguments that make it print its version: how a build is verified. */
  versionArgs: readonly string[];
}

/** What building C takes, beside Go. */
export interface NativeNeeds {
  /** Commands on PATH. */
  commands: readonly string[];
  /** Libraries that pkg-config knows, with a static archive. */
  libraries: readonly string[];
  /** The Debian packages that have them. */
  packages: readonly string[];
}

/** Artifacts that are released, and built, together. */
export interface ArtifactGroup {
  name: string;
  /** The default version, the one that go.mod and go.sum pin. Without `v`, as everywhere. */
  version: string;
  artifacts: readonly Artifact[];
  /** An executable on PATH, at least of the wanted version, is as good as our own. */
  fromPath?: boolean;
  /** The official files for one artifact. Several artifacts may come from one file. Left out: only images are published. */
  download?(artifact: string, version: string, platform: Platform): Download;
  /** The folder with the go.mod and go.sum that pin `version`. */
  moduleDir: string;
  /** Linker flags that stamp the version, as the official builds do. */
  ldflags(version: string): readonly string[];
  /** Build tags. Default: none. */
  tags?: readonly string[];
  /** For what needs a C compiler: it is linked statically, so that it runs on any host. Default: built without C. */
  c?: NativeNeeds & {
    /** Beyond `-static`, to the linker: a position-independent executable, as the official build is. */
    pie?: boolean;
  };
  /** The modules to require for `version`, as `module` → `version`. */
  modules(version: string): Readonly<Record<string, string>>;
  /** Files that a module lacks as it is published, by their paths in it: it is built from a copy that has them. */
  lacking?: { module: string; files: Readonly<Record<string, string>> };
  /** The version of modules that the first of `modules` requires at v0.0.0 (Kubernetes' staging repositories). */
  stagingVersion?(version: string): string;
}

const releaseOf = (repository: string, version: string): string =>
  `https://github.com/${repository}/releases/download/v${version}`;

const minorAndPatch = (version: string): string => version.split(".").slice(1).join(".");

const kubernetes: ArtifactGroup = {
  name: "kubernetes",
  moduleDir: join(import.meta.dirname, "go", "kubernetes"),
  version: "1.36.3",
  artifacts: ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet", "kube-proxy"].map(
    (name) => ({
      name,
      package: `k8s.io/kubernetes/cmd/${name}`,
      versionArgs: name === "kubectl" ? ["version", "--client"] : ["--version"],
    }),
  ),
  download: (artifact, version, platform) => {
    const { os, arch } = splitPlatform(platform);
    const url = `https://dl.k8s.io/release/v${version}/bin/${os}/${arch}/${artifact}`;
    return { url, checksums: `${url}.sha256`, provides: { [artifact]: null } };
  },
  ldflags: (version) => {
    const [major = "", minor = ""] = version.split(".");
    const stamp = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor, gitTreeState: "clean" };
    const packages = ["k8s.io/client-go/pkg/version", "k8s.io/component-base/version"];
    return packages.flatMap((path) => Object.entries(stamp).map(([name, value]) => `-X ${path}.${name}=${value}`));
  },
  modules: (version) => ({ "k8s.io/kubernetes": `v${version}` }),
  stagingVersion: (version) => `v0.${minorAndPatch(version)}`,
};

const etcd: ArtifactGroup = {
  name: "etcd",
  moduleDir: join(import.meta.dirname, "go", "etcd"),
  version: "3.6.14",
  artifacts: [
    { name: "etcd", package: "go.etcd.io/etcd/server/v3", versionArgs: ["--version"] },
    { name: "etcdctl", package: "go.etcd.io/etcd/etcdctl/v3", versionArgs: ["version"] },
    { name: "etcdutl", package: "go.etcd.io/etcd/etcdutl/v3", versionArgs: ["version"] },
  ],
  download: (_artifact, version, platform) => {
    const folder = `etcd-v${version}-${platform}`;
    const release = releaseOf("etcd-io/etcd", version);
    const names = ["etcd", "etcdctl", "etcdutl"];
    return {
      url: `${release}/${folder}.tar.gz`,
      checksums: `${release}/SHA256SUMS`,
      provides: Object.fromEntries(names.map((name) => [name, `${folder}/${name}`])),
    };
  },
  ldflags: () => [],
  modules: (version) =>
    Object.fromEntries(["server", "etcdctl", "etcdutl"].map((part) => [`go.etcd.io/etcd/${part}/v3`, `v${version}`])),
};

const pulumi: ArtifactGroup = {
  name: "pulumi",
  moduleDir: join(import.meta.dirname, "go", "pulumi"),
  version: "3.259.0",
  artifacts: [{ name: "pulumi", package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", versionArgs: ["version"] }],
  fromPath: true,
  download: (_artifact, version, platform) => {
    const site = "https://get.pulumi.com/releases/sdk";
    return {
      url: `${site}/pulumi-v${version}-${platform.replace("amd64", "x64")}.tar.gz`,
      checksums: `${site}/pulumi-${version}-checksums.txt`,
      provides: { pulumi: "pulumi/pulumi" },
    };
  },
  ldflags: (version) => [`-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`],
  modules: (version) => ({
    "github.com/pulumi/pulumi/pkg/v3": `v${version}`,
    "github.com/pulumi/pulumi/sdk/v3": `v${version}`,
  }),
};

const containerd: ArtifactGroup = {
  name: "containerd",
  moduleDir: join(import.meta.dirname, "go", "containerd"),
  version: "2.4.2",
  artifacts: ["containerd", "containerd-shim-runc-v2", "ctr"].map((name) => ({
    name,
    package: `github.com/containerd/containerd/v2/cmd/${name}`,
    versionArgs: [name === "containerd-shim-runc-v2" ? "-v" : "--version"],
  })),
  download: (_artifact, version, platform) => {
    // The static build: the other one needs the C library of the distribution that it was built on.
    const url = `${releaseOf("containerd/containerd", version)}/containerd-static-${version}-${platform}.tar.gz`;
    const names = ["containerd", "containerd-shim-runc-v2", "ctr"];
    return {
      url,
      checksums: `${url}.sha256sum`,
      provides: Object.fromEntries(names.map((name) => [name, `bin/${name}`])),
    };
  },
  ldflags: (version) => [`-X github.com/containerd/containerd/v2/version.Version=v${version}`],
  // Nothing of Kubernetes uses these snapshotters, and hosts have no such file systems.
  tags: ["no_btrfs", "no_zfs"],
  modules: (version) => ({ "github.com/containerd/containerd/v2": `v${version}` }),
};

const runc: ArtifactGroup = {
  name: "runc",
  moduleDir: join(import.meta.dirname, "go", "runc"),
  version: "1.5.2",
  artifacts: [{ name: "runc", package: "github.com/opencontainers/runc", versionArgs: ["--version"] }],
  download: (_artifact, version, platform) => {
    const release = releaseOf("opencontainers/runc", version);
    return {
      url: `${release}/runc.${splitPlatform(platform).arch}`,
      checksums: `${release}/runc.sha256sum`,
      provides: { runc: null },
    };
  },
  // It reads its version from a file of its module.
  ldflags: () => [],
  tags: ["seccomp", "netgo", "osusergo"],
  c: {
    commands: ["gcc", "pkg-config"],
    libraries: ["libseccomp"],
    packages: ["gcc", "libc6-dev", "libseccomp-dev", "pkg-config"],
    pie: true,
  },
  modules: (version) => ({ "github.com/opencontainers/runc": `v${version}` }),
};

const cniPlugins = { "host-local": "ipam", bridge: "main", loopback: "main", portmap: "meta" };

const cni: ArtifactGroup = {
  name: "cni",
  moduleDir: join(import.meta.dirname, "go", "cni"),
  version: "1.9.1",
  artifacts: Object.entries(cniPlugins).map(([name, kind]) => ({
    name,
    package: `github.com/containernetworking/plugins/plugins/${kind}/${name}`,
    versionArgs: ["--version"],
  })),
  download: (_artifact, version, platform) => {
    const url = `${releaseOf("containernetworking/plugins", version)}/cni-plugins-${platform}-v${version}.tgz`;
    const provides = Object.fromEntries(Object.keys(cniPlugins).map((name) => [name, `./${name}`]));
    return { url, checksums: `${url}.sha256`, provides };
  },
  ldflags: (version) => [`-X github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=v${version}`],
  modules: (version) => ({ "github.com/containernetworking/plugins": `v${version}` }),
};

const flannel: ArtifactGroup = {
  name: "flannel",
  moduleDir: join(import.meta.dirname, "go", "flannel"),
  version: "0.28.10",
  artifacts: [{ name: "flanneld", package: "github.com/flannel-io/flannel", versionArgs: ["--version"] }],
  download: (_artifact, version, platform) => {
    const file = `flannel-v${version}-${platform}.tar.gz`;
    return {
      url: `${releaseOf("flannel-io/flannel", version)}/${file}`,
      // No file of checksums is published, but GitHub records the digest of what was uploaded.
      checksums: `https://api.github.com/repos/flannel-io/flannel/releases/tags/v${version}`,
      provides: { flanneld: "flanneld" },
    };
  },
  ldflags: (version) => [`-X github.com/flannel-io/flannel/pkg/version.Version=v${version}`],
  tags: ["netgo", "osusergo"],
  // For the udp backend, which it always has on amd64.
  c: { commands: ["gcc"], libraries: [], packages: ["gcc", "libc6-dev"] },
  modules: (version) => ({ "github.com/flannel-io/flannel": `v${version}` }),
};

const coredns: ArtifactGroup = {
  name: "coredns",
  moduleDir: join(import.meta.dirname, "go", "coredns"),
  version: "1.15.0",
  artifacts: [{ name: "coredns", package: "github.com/coredns/coredns", versionArgs: ["-version"] }],
  download: (_artifact, version, platform) => {
    const url = `${releaseOf("coredns/coredns", version)}/coredns_${version}_${platform.replace("-", "_")}.tgz`;
    return { url, checksums: `${url}.sha256`, provides: { coredns: "coredns" } };
  },
  // Its version is a constant of its source.
  ldflags: () => [],
  modules: (version) => ({ "github.com/coredns/coredns": `v${version}` }),
};

const metricsServer: ArtifactGroup = {
  name: "metrics-server",
  moduleDir: join(import.meta.dirname, "go", "metrics-server"),
  version: "0.9.0",
  artifacts: [
    { name: "metrics-server", package: "sigs.k8s.io/metrics-server/cmd/metrics-server", versionArgs: ["--version"] },
  ],
  ldflags: (version) => [`-X k8s.io/client-go/pkg/version.gitVersion=v${version}`],
  modules: (version) => ({ "sigs.k8s.io/metrics-server": `v${version}` }),
};

const age: ArtifactGroup = {
  name: "age",
  moduleDir: join(import.meta.dirname, "go", "age"),
  version: "1.3.2",
  artifacts: [{ name: "age", package: "filippo.io/age/cmd/age", versionArgs: ["--version"] }],
  download: (_artifact, version, platform) => ({
    url: `${releaseOf("FiloSottile/age", version)}/age-v${version}-${platform}.tar.gz`,
    // As flannel, it publishes no file of checksums.
    checksums: `https://api.github.com/repos/FiloSottile/age/releases/tags/v${version}`,
    provides: { age: "age/age" },
  }),
  ldflags: (version) => [`-X main.Version=v${version}`],
  modules: (version) => ({ "filippo.io/age": `v${version}` }),
};

const restic: ArtifactGroup = {
  name: "restic",
  moduleDir: join(import.meta.dirname, "go", "restic"),
  version: "0.18.1",
  artifacts: [{ name: "restic", package: "github.com/restic/restic/cmd/restic", versionArgs: ["version"] }],
  // Official files are packed by bzip2, which neither Node nor every host can unpack: it is built, or comes from a mirror.
  ldflags: () => [],
  // No gRPC in the client of a store that is not offered as a target.
  tags: ["disable_grpc_modules"],
  modules: (version) => ({ "github.com/restic/restic": `v${version}` }),
};

/** Where Prometheus' projects release their archives, and how these are laid out. */
const prometheusRelease =
  (repository: string, names: readonly string[]): NonNullable<ArtifactGroup["download"]> =>
  (_artifact, version, platform) => {
    const release = releaseOf(`prometheus/${repository}`, version);
    const folder = `${repository}-${version}.${platform}`;
    return {
      url: `${release}/${folder}.tar.gz`,
      checksums: `${release}/sha256sums.txt`,
      provides: Object.fromEntries(names.map((name) => [name, `${folder}/${name}`])),
    };
  };

const prometheusVersion = (version: string): readonly string[] => [
  `-X github.com/prometheus/common/version.Version=${version}`,
];

const nodeExporter: ArtifactGroup = {
  name: "node-exporter",
  moduleDir: join(import.meta.dirname, "go", "node-exporter"),
  version: "1.10.2",
  artifacts: [{ name: "node_exporter", package: "github.com/prometheus/node_exporter", versionArgs: ["--version"] }],
  download: prometheusRelease("node_exporter", ["node_exporter"]),
  ldflags: prometheusVersion,
  // As the official build.
  tags: ["netgo", "osusergo", "static_build"],
  modules: (version) => ({ "github.com/prometheus/node_exporter": `v${version}` }),
};

const prometheus: ArtifactGroup = {
  name: "prometheus",
  moduleDir: join(import.meta.dirname, "go", "prometheus"),
  version: "3.16.0",
  artifacts: ["prometheus", "promtool"].map((name) => ({
    name,
    package: `github.com/prometheus/prometheus/cmd/${name}`,
    versionArgs: ["--version"],
  })),
  download: prometheusRelease("prometheus", ["prometheus", "promtool"]),
  ldflags: prometheusVersion,
  tags: ["netgo"],
  // Release 3.16.0 is version 0.316.0 of the module.
  modules: (version) => {
    const [major = "", minor = "", patch = ""] = version.split(".");
    return { "github.com/prometheus/prometheus": `v0.${major}${minor.padStart(2, "0")}.${patch}` };
  },
};

const alertmanager: ArtifactGroup = {
  name: "alertmanager",
  moduleDir: join(import.meta.dirname, "go", "alertmanager"),
  version: "0.35.0",
  artifacts: ["alertmanager", "amtool"].map((name) => ({
    name,
    package: `github.com/prometheus/alertmanager/cmd/${name}`,
    versionArgs: ["--version"],
  })),
  download: prometheusRelease("alertmanager", ["alertmanager", "amtool"]),
  ldflags: prometheusVersion,
  tags: ["netgo"],
  modules: (version) => ({ "github.com/prometheus/alertmanager": `v${version}` }),
  // The pages of its own are made by tools of Node before a release: what is built here has its API, and a word in their place.
  lacking: {
    module: "github.com/prometheus/alertmanager",
    files: Object.fromEntries(
      ["elm", "mantine"].map((name) => [
        `ui/app/dist/${name}/index.html`,
        "<!doctype html><title>Alertmanager</title><p>This build has no pages of its own: ask its API, or by amtool.\n",
      ]),
    ),
  },
};

const kubeStateMetrics: ArtifactGroup = {
  name: "kube-state-metrics",
  moduleDir: join(import.meta.dirname, "go", "kube-state-metrics"),
  version: "2.16.0",
  artifacts: [{ name: "kube-state-metrics", package: "k8s.io/kube-state-metrics/v2", versionArgs: ["version"] }],
  // Only images are published.
  ldflags: prometheusVersion,
  modules: (version) => ({ "k8s.io/kube-state-metrics/v2": `v${version}` }),
};

const kubeRbacProxy: ArtifactGroup = {
  name: "kube-rbac-proxy",
  moduleDir: join(import.meta.dirname, "go", "kube-rbac-proxy"),
  version: "0.19.1",
  artifacts: [
    {
      name: "kube-rbac-proxy",
      package: "github.com/brancz/kube-rbac-proxy/cmd/kube-rbac-proxy",
      versionArgs: ["--version"],
    },
  ],
  // Likewise.
  ldflags: (version) => [`-X k8s.io/component-base/version.gitVersion=v${version}`],
  modules: (version) => ({ "github.com/brancz/kube-rbac-proxy": `v${version}` }),
};

/** Everything that Plinth can fetch or build. Builds run in this order: what is wanted first stands first. */
export const groups: readonly ArtifactGroup[] = [
  pulumi,
  etcd,
  kubernetes,
  containerd,
  runc,
  cni,
  flannel,
  coredns,
  metricsServer,
  age,
  restic,
  nodeExporter,
  prometheus,
  alertmanager,
  kubeStateMetrics,
  kubeRbacProxy,
];

/** The default version per artifact name: `{ pulumi: "3.259.0", etcd: "3.6.14", kubelet: "1.36.3", … }`. */
export const defaultVersions: Readonly<Record<string, string>> = Object.fromEntries(
  groups.flatMap((group) => group.artifacts.map((artifact) => [artifact.name, group.version])),
);

/** The group that makes `artifact`. Throws an ArtifactError for a name that is not in the table. */
export function groupOf(artifact: string, table: readonly ArtifactGroup[] = groups): ArtifactGroup {
  const group = table.find((candidate) => candidate.artifacts.some(({ name }) => name === artifact));
  if (group !== undefined) return group;
  const known = table.flatMap(({ artifacts }) => artifacts.map(({ name }) => name)).sort();
  throw new ArtifactError(`There is no artifact "${artifact}"; known are ${known.join(", ")}.`);
}
