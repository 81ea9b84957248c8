/**
 * Names that stand on hosts and in clusters, and that both this program and the scripts on hosts know. They stand here once;
 * `npm run generate` writes them into the scripts (plan/shellnames.ts). Clusters in service have them: none may change.
 */

/** Where hosts keep what is ours. */
export const paths = {
  /** Executables: versioned directories, and `bin` with links to the current ones. */
  software: "/opt/plinth",
  /** Scripts of ours. */
  scripts: "/usr/local/lib/plinth",
  /** Claim, manifests, saved files: survives reboots. */
  state: "/var/lib/plinth",
  /** Data that a release has set aside. */
  kept: "/var/lib/plinth-kept",
  /** Data of Prometheus and Alertmanager, on the Nodes that have them. */
  monitoring: "/var/lib/plinth-monitoring",
  /** Staging in memory, so that secrets in it do not survive a loss of power. */
  staging: "/run/plinth",
  /** Where programs may write while they judge, see scripts/lib/judges.sh. It is on no host. */
  judged: "/run/judge",
  /** Unit files of the host's administrator. */
  units: "/etc/systemd/system",
  /** Read by etcd only while it has no data; made on the host, which alone knows whether there is a cluster to join. */
  etcdBootstrap: "/etc/etcd/bootstrap.env",
  /** The proxies by which packages are installed, where the configuration has some. Root's alone: there may be a login in it. */
  proxies: "/etc/plinth/proxy.env",
  /** Is there while a failover drill has services of the host away, see scripts/host/failover.sh. In memory: a reboot ends the drill. */
  failover: "/run/plinth-failover",
  /** Which packet filter rules the Node's services have: lines `UNIT FAMILY TABLE CHAIN`. */
  ruleSets: "/etc/kubernetes/rule-sets",
  /** VRRP instances of addresses before the present one, as long as they are held. Hosts make it themselves, from what they held. */
  formerAddresses: "/etc/keepalived/plinth/former.conf",
} as const;

/** Figures of Plinth's own, files `*.prom` that node_exporter tells along with its own; backups write one, too. */
export const textfiles = `${paths.state}/textfile`;
/** What Plinth knows of a host, written by scripts/metrics/facts.sh. */
export const factsFile = `${textfiles}/plinth.prom`;

/**
 * Where the kubelet has the certificate with which it shows who it is, and the one with which it serves, each with its key. They are
 * made on the host and never leave it, and the kubelet puts new ones in their place in time.
 */
export const kubeletCredentials = {
  client: "/var/lib/kubelet/pki/kubelet-client-current.pem",
  serving: "/var/lib/kubelet/pki/kubelet-server-current.pem",
} as const;

/** Kinds of systemd units that bundles may have. */
export const unitKinds = ["service", "socket", "timer", "path", "mount", "swap", "target", "slice"] as const;

/** The bundle with the kubelet. */
export const nodeBundle = "node";
/** Bundle of hosts that tell figures, see plan/metrics/endpoints.ts. */
export const metricsBundle = "metrics";

/** Links to the executables in use. */
export const binDirectory = `${paths.software}/bin`;

/** The host script as it is installed on hosts. */
export const hostScriptPath = `${paths.scripts}/plinth-host`;

/** What answers SSH keys that may read the facts of a host and nothing else. Hosts that are free of Plinth may have it, too. */
export const reader = {
  directory: "/usr/local/lib/plinth-reader",
  /** What a question begins with. It is followed by the digest of a facts script and a semicolon. */
  question: ": plinth-reader facts",
  /** First of the words that follow the digest where a look is at a host that carries roles alone. */
  machine: "machine",
  /** What its refusals begin with. */
  refusal: "plinth-reader: ",
} as const;

/** What the host script ends with. */
export const exitCodes = {
  failed: 1,
  /** What it was given is not right (EX_DATAERR of sysexits.h). */
  badInput: 65,
  /** Another run holds the host's lock (EX_TEMPFAIL). */
  locked: 75,
  /** The host belongs to others, or to nobody (EX_NOPERM). */
  refused: 77,
} as const;

/**
 * Labels of Nodes that their own kubelets cannot write: the admission plugin NodeRestriction keeps this prefix from them. What
 * a Node says elsewhere about itself proves nothing.
 */
export const nodeLabels = {
  /** The stack that answers for the Node, see `ownerOf` in plan/roster.ts. */
  owner: "node-restriction.kubernetes.io/plinth-owner",
  /** The address that the inventory gives its host: the only one that its kubelet's serving certificate may have. */
  address: "node-restriction.kubernetes.io/plinth-address",
  /** Digest of the annotation `plinth/taints` as the roster has written it: the first 40 digits of its SHA-256. */
  taints: "node-restriction.kubernetes.io/plinth-taints",
} as const;

/** Annotations of Nodes. */
export const annotations = {
  /** What earlier releases had instead of the label of the owner. */
  owner: "plinth/owner",
  /** Taints that the roster has set, `KEY:EFFECT` with commas in between. */
  taints: "plinth/taints",
  /** Versions of the runtime that its pods have been moved to. */
  runtime: "plinth/runtime",
  /** It was drained for another runtime, and was `uncordon` or `cordoned` before. */
  drained: "plinth/drained",
  /** It is about to leave, and was `uncordon` or `cordoned` before. */
  leaving: "plinth/leaving",
} as const;

/** Annotation of the roster's role: where Nodes say who owns them. Without it some may have it in an annotation alone. */
export const ownersNote = "plinth/owners";

/** Keys of the taints by which Nodes are managed; their effect is NoSchedule. */
export const taints = {
  /** From a Node's registration until its labels and taints are right: nothing is scheduled before. */
  uninitialized: "plinth/uninitialized",
  /**
   * Takes a worker out of the load balancers: kube-proxy of a Node with it answers /healthz with 503 (KEP-3836), as it does
   * once the Node is being deleted. Connections through that Node go on. Cordoning alone does not do that.
   */
  leaving: "ToBeDeletedByClusterAutoscaler",
} as const;

/** What kubelets, Kubernetes' own controllers and Plinth itself put on Nodes: in the inventory it would change to and fro. */
export const managedNames =
  /^(plinth\/.*|node-restriction\.kubernetes\.io\/plinth-.*|(beta\.)?kubernetes\.io\/(hostname|arch|os)|node\.kubernetes\.io\/(not-ready|unreachable|unschedulable|out-of-service|.*-pressure|network-unavailable|pid-pressure)|ToBeDeletedByClusterAutoscaler)$/;

/** Group of the bootstrap tokens with which hosts ask for their first kubelet certificate. */
export const bootstrappersGroup = "system:bootstrappers:plinth";

const claimSuffix = "-claim";

/** Name of the resource by which a host belongs to the cluster. */
export function claimName(host: string): string {
  return `${host}${claimSuffix}`;
}

/** The host of a resource that is called like a claim; undefined for other names. */
export function claimedHost(resource: string): string | undefined {
  return resource.endsWith(claimSuffix) ? resource.slice(0, -claimSuffix.length) : undefined;
}
