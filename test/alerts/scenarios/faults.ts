import { proxiedJobs } from "../../../plan/metrics/endpoints.ts";
import { held } from "../support/cases.ts";
import { seriesOf, type Course } from "../support/world.ts";
import { between, each, ended, firing, type Moment, type Scenario } from "./scenario.ts";

const steps = 80;
const all = ["cp1", "cp2", "cp3"];

/** Services of hosts that are down from step 10 to 40. */
const stopped =
  (names: readonly string[], jobs: readonly string[]): NonNullable<Course["service"]> =>
  (job, name, step) =>
    !(names.includes(name) && jobs.includes(job) && between(step, 10, 40));

/** A fault from step 10 to 40: nothing before, something at 30, nothing at the end. @param late what still fires after step 40. */
function fault(
  title: string,
  course: Partial<Course>,
  { firing: at30, heard, late = [] }: Omit<Moment, "at" | "ended"> & { late?: readonly Moment[] },
  more: Scenario["series"] = {},
): Scenario {
  return {
    title,
    steps,
    series: { ...seriesOf({ steps, ...course }), ...more },
    moments: [
      { at: 9, firing: [], heard: [] },
      { at: 30, firing: at30, heard },
      ...late,
      { at: steps - 1, firing: [], heard: [] },
    ],
  };
}

const disk = 'job="node", instance="cp1", device="/dev/sda1", fstype="ext4", mountpoint="/"';

/** One page for each fault, whatever follows from it. */
export const faults: readonly Scenario[] = [
  fault(
    "a worker dies",
    {
      host: (name, step) => !(name === "w1" && between(step, 10, 40)),
      serving: (step) => (between(step, 11, 18) ? 1 : 2),
    },
    {
      firing: [
        firing("HostDown w1"),
        firing("NodeNotReady w1"),
        ...each("TargetDown", ["w1"], ["containerd", "kube-proxy", "kubelet", "node"]),
      ],
      heard: ["HostDown"],
    },
  ),
  fault(
    "the control-plane host that holds the virtual IP dies",
    {
      host: (name, step) => !(name === "cp1" && between(step, 10, 40)),
      holder: (step) => (step < 10 ? "cp1" : step < 12 ? undefined : "cp2"),
      elections: (step) => (step < 10 ? 0 : 1),
    },
    {
      firing: [
        firing("HostDown cp1"),
        firing("ApiServerDown cp1 apiserver"),
        firing("NodeNotReady cp1"),
        ...each("TargetDown", ["cp1"], [...proxiedJobs, "kubelet"]),
      ],
      heard: ["HostDown"],
    },
  ),
  fault(
    "all API servers stop",
    { service: stopped(all, ["apiserver"]) },
    {
      firing: [
        firing("ApiDown"),
        ...each("ApiServerDown", all, ["apiserver"]),
        ...each("BalancerEmpty", all, ["haproxy"]),
        ...each("HostServiceDown", all, ["apiserver"]),
      ],
      heard: ["ApiDown"],
    },
  ),
  fault(
    "etcd loses its majority, and the API servers with it",
    {
      service: (job, name, step) =>
        stopped(["cp1", "cp2"], ["etcd"])(job, name, step) && stopped(all, ["apiserver"])(job, name, step),
    },
    {
      firing: [
        firing("EtcdNoLeader"),
        ...each("EtcdMemberDown", all, ["etcd"]),
        firing("ApiDown"),
        ...each("ApiServerDown", all, ["apiserver"]),
        ...each("BalancerEmpty", all, ["haproxy"]),
        ...each("HostServiceDown", all, ["apiserver"]),
        ...each("HostServiceDown", ["cp1", "cp2"], ["etcd"]),
        ...each("TargetDown", ["cp1", "cp2"], ["etcd"]),
      ],
      heard: ["EtcdNoLeader"],
    },
  ),
  fault(
    "one API server stops",
    { service: stopped(["cp1"], ["apiserver"]) },
    {
      firing: [firing("ApiServerDown cp1 apiserver"), firing("HostServiceDown cp1 apiserver")],
      heard: ["ApiServerDown"],
      // What says that the service is down is a mean of minutes.
      late: [
        {
          at: 41,
          firing: [firing("HostServiceDown cp1 apiserver")],
          ended: ["5m", "30m"].flatMap((within) =>
            ["ApiServerDown", "HostServiceDown"].map((cause) => ended(`${cause} cp1 apiserver`, within)),
          ),
          heard: [],
        },
        {
          at: 46,
          firing: [],
          ended: ["ApiServerDown", "HostServiceDown"].map((cause) => ended(`${cause} cp1 apiserver`, "30m")),
          heard: [],
        },
      ],
    },
  ),
  fault(
    "one member of etcd stops",
    { service: stopped(["cp1"], ["etcd"]) },
    {
      firing: [firing("EtcdMemberDown cp1 etcd"), firing("HostServiceDown cp1 etcd"), firing("TargetDown cp1 etcd")],
      heard: ["EtcdMemberDown"],
    },
  ),
  fault(
    "all controller-managers stop",
    { service: stopped(all, ["kube-controller-manager"]) },
    {
      firing: [
        firing("ControllerManagerDown"),
        ...each("HostServiceDown", all, ["kube-controller-manager"]),
        ...each("TargetDown", all, ["kube-controller-manager"]),
      ],
      heard: ["ControllerManagerDown"],
    },
  ),
  fault(
    "a kubelet stops",
    { service: stopped(["w1"], ["kubelet"]) },
    {
      firing: [firing("HostServiceDown w1 kubelet"), firing("NodeNotReady w1"), firing("TargetDown w1 kubelet")],
      heard: ["HostServiceDown"],
    },
  ),
  ...["kube-proxy", "containerd"].map((job) =>
    fault(
      `${job} of a worker stops`,
      { service: stopped(["w1"], [job]) },
      {
        firing: [firing(`HostServiceDown w1 ${job}`), firing(`TargetDown w1 ${job}`)],
        heard: ["HostServiceDown"],
      },
    ),
  ),
  ...["flanneld", "keepalived"].map((job) =>
    fault(
      `${job} of a host, which tells no figures, stops`,
      { service: stopped(["cp2"], [job]) },
      { firing: [firing(`HostServiceDown cp2 ${job}`)], heard: ["HostServiceDown"] },
    ),
  ),
  fault(
    "cluster DNS is dead",
    { service: stopped(["w1", "w2"], ["coredns"]), serving: (step) => (between(step, 10, 40) ? 0 : 2) },
    {
      firing: [
        firing("DnsDown"),
        ...each("TargetDown", ["w1", "w2"], ["coredns"]),
        firing("AddonUnavailable", { deployment: "coredns" }),
      ],
      heard: ["DnsDown"],
    },
  ),
  fault(
    "the proxy of figures of the host that holds the virtual IP stops",
    { service: stopped(["cp1"], ["plinth-metrics"]) },
    { firing: each("TargetDown", ["cp1"], proxiedJobs), heard: ["TargetDown"] },
  ),
  fault(
    "a full disk stops a member of etcd",
    { service: stopped(["cp1"], ["etcd"]) },
    {
      firing: [
        firing("HostDiskFull cp1 node"),
        firing("EtcdMemberDown cp1 etcd"),
        firing("HostServiceDown cp1 etcd"),
        firing("TargetDown cp1 etcd"),
      ],
      heard: ["HostDiskFull"],
    },
    {
      [`node_filesystem_avail_bytes{${disk}}`]: held([50, 10], [0, 30], [50, 40]),
      [`node_filesystem_size_bytes{${disk}}`]: held([100, 80]),
      [`node_filesystem_readonly{${disk}}`]: held([0, 80]),
    },
  ),
  fault(
    "nobody holds the virtual IP",
    { holder: (step) => (between(step, 10, 40) ? undefined : "cp1") },
    { firing: [firing("VirtualIpLost", { address: "192.0.2.10" })], heard: ["VirtualIpLost"] },
  ),
];
