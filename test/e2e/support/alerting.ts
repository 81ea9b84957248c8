import { eventually } from "../../support/eventually.ts";
import { hosts, vipHolder } from "./hosts.ts";
import type { Project } from "./project.ts";

/** A fault that is made on lab hosts, and who tells of it. */
export interface Fault {
  what: string;
  /** The alerts that it comes to, as `nameOf` has them, and no others. */
  alerts: readonly string[];
  /** Seconds within which they are told, and told to be over. */
  seconds: number;
  make: (project: Project) => Promise<unknown>;
  mend: (project: Project) => Promise<unknown>;
}

/** Seconds of a message that comes to a group of alerts that has one already, and of what comes before: two looks, and one of the rules. */
const message = 180;
const minutes = (count: number): number => count * 60 + message;

/** A unit that is stopped, and stays so: what is killed comes back by Restart=always, what is stopped when something that wants it is started. */
export const stopped = (host: string, unit: string): Pick<Fault, "make" | "mend"> => {
  const folder = `/run/systemd/system/${unit}.service.d`;
  return {
    make: (project) =>
      project.read(
        host,
        `mkdir -p ${folder} && printf '[Unit]\\nConditionPathExists=/nowhere\\n' >${folder}/stopped.conf && systemctl daemon-reload && systemctl stop ${unit}`,
      ),
    mend: (project) => project.read(host, `rm -r ${folder} && systemctl daemon-reload && systemctl start ${unit}`),
  };
};

/** A unit whose processes stand still. */
const still = (host: string, unit: string): Pick<Fault, "make" | "mend"> => ({
  make: (project) => project.read(host, `systemctl kill -s STOP ${unit}`),
  mend: (project) => project.read(host, `systemctl kill -s CONT ${unit}`),
});

/** A service that is stopped: the mean of five minutes falls below a half, and stays there for five. */
const service = (host: string, job: string, unit = job): Fault => ({
  what: `${unit} stopped on ${host}`,
  alerts: [`HostServiceDown ${host} ${job} ${unit}.service`],
  seconds: minutes(8),
  ...stopped(host, unit),
});

const dead = (host: string): Fault => ({
  what: `${host} without power`,
  alerts: [`HostDown ${host}`],
  seconds: minutes(4),
  make: (project) => project.expect(0, "lab", "kill", host),
  mend: (project) => project.expect(0, "lab", "start", host),
});

const scaled = (replicas: number) => (project: Project) =>
  project.expect(0, "kubectl", "-n", "kube-system", "scale", "deployment/coredns", `--replicas=${replicas}`);

const disk = { image: "/var/full.img", device: "/dev/loop27", number: 27, folder: "/srv/full" };
const fullDisk: Fault = {
  what: "a disk of w2 that is full",
  alerts: [`HostDiskFull w2 node ${disk.folder}`],
  seconds: minutes(6),
  make: (project) =>
    project.read(
      "w2",
      [
        `truncate -s 64M ${disk.image} && mkfs.ext4 -q -m 0 ${disk.image} && mkdir -p ${disk.folder}`,
        `mknod ${disk.device} b 7 ${disk.number} && losetup ${disk.device} ${disk.image} && mount ${disk.device} ${disk.folder}`,
        `(dd if=/dev/zero of=${disk.folder}/data bs=1M 2>/dev/null || test -s ${disk.folder}/data)`,
      ].join(" && "),
    ),
  mend: (project) =>
    project.read(
      "w2",
      `umount ${disk.folder} && losetup -d ${disk.device} && rm -r ${disk.device} ${disk.image} ${disk.folder}`,
    ),
};

const figures = "/var/lib/node-exporter";
/** All lab hosts go by the clock of the machine: what a time server would find is fed. */
const clock: Fault = {
  what: "a clock of cp3 that is off by two seconds, fed as a figure",
  alerts: ["HostClockOff cp3 node"],
  seconds: minutes(11),
  make: (project) =>
    project.read("cp3", `mkdir -p ${figures} && echo 'node_timex_offset_seconds 2' >${figures}/clock.prom`),
  mend: (project) => project.read("cp3", `rm ${figures}/clock.prom`),
};

const pki = "/etc/kubernetes/pki/metrics";
/** openssl of the hosts: another certificate for the same key, of 20 days, of which 12 hours are left. */
const ending: Fault = {
  what: "a certificate of w1 with a fortieth of its life left",
  alerts: [`CertificateEnding w1 node ${pki}/server.crt`],
  seconds: minutes(3),
  make: (project) =>
    project.read(
      "w1",
      [
        "set -e",
        "cd $(mktemp -d)",
        `cp -p ${pki}/server.crt /root/server.crt`,
        "printf '%s\\n' '[ca]' default_ca=d '[d]' database=index new_certs_dir=. serial=serial default_md=sha256 policy=p '[p]' commonName=supplied >config",
        "touch index",
        "echo 01 >serial",
        `openssl req -new -key ${pki}/server.key -subj /CN=w1 -out request`,
        'at() { date -u -d "$1" +%Y%m%d%H%M%SZ; }',
        `openssl ca -batch -notext -config config -selfsign -keyfile ${pki}/server.key -startdate $(at '-468 hours') -enddate $(at '12 hours') -in request -out short.crt 2>/dev/null`,
        `cat short.crt >${pki}/server.crt`,
      ].join("\n"),
    ),
  mend: (project) => project.read("w1", `cat /root/server.crt >${pki}/server.crt && rm /root/server.crt`),
};

const drifted: Fault = {
  what: "a file of cp2 that somebody has changed by hand, which a look for drift has found",
  alerts: ["DriftFound cp2 node"],
  seconds: minutes(16),
  make: async (project) => {
    await project.read("cp2", "echo '# by hand' >>/etc/systemd/system/kube-scheduler.service");
    await project.expect(4, "drift");
  },
  mend: async (project) => {
    await project.expect(0, "up", "--yes", "--heal");
    await project.expect(0, "drift");
  },
};

const members = hosts;
const target = "/srv/backup";
const each = (script: string) => async (project: Project) => {
  for (const host of members) await project.read(host, script);
};
/** Sets are made every 5 minutes: the last one is older than two intervals for 15 minutes. */
const stale: Fault = {
  what: "a target of backups that takes none",
  alerts: ["BackupStale disk"],
  seconds: minutes(32),
  make: each(`mv ${target} ${target}.kept && touch ${target}`),
  mend: each(`rm ${target} && mv ${target}.kept ${target}`),
};

/** The holder gives it up, and another one keeps it. Hosts write down once a minute who holds it. */
async function moveVip(project: Project): Promise<void> {
  const holder = await vipHolder(project);
  const others = hosts.filter((host) => host !== holder);
  const since = Math.floor(Date.now() / 1000);
  const facts = "/var/lib/plinth/textfile/plinth.prom";
  await project.read(holder, "systemctl stop keepalived");
  await eventually("another host has written down that it holds the VIP", 150, async () => {
    const written = await Promise.all(
      others.map((host) => project.read(host, `[ $(stat -c %Y ${facts}) -le ${since} ] || cat ${facts}`)),
    );
    return written.some((text) => /^plinth_virtual_ip_held\{.*\} 1$/m.test(text)) ? true : undefined;
  });
  await project.read(holder, "systemctl start keepalived");
}

const flapping: Fault = {
  what: "a virtual IP that goes to and fro",
  alerts: ["VirtualIpFlapping 10.27.0.10"],
  seconds: minutes(36),
  make: async (project) => {
    for (let times = 0; times < 5; times += 1) await moveVip(project);
  },
  mend: () => Promise.resolve(),
};

/** A member that stands still for 0.6 of each second, for as long as the file is there. */
const slow: Fault = {
  what: "a member of etcd that stands still for the most part",
  alerts: ["EtcdMemberSlow cp3"],
  seconds: minutes(16),
  make: (project) =>
    project.read(
      "cp3",
      "systemd-run --quiet --unit=slow-etcd --property='ExecStopPost=systemctl kill -s CONT etcd' sh -c 'while :; do systemctl kill -s STOP etcd; sleep 0.6; systemctl kill -s CONT etcd; sleep 0.4; done'",
    ),
  mend: (project) => project.read("cp3", "systemctl stop slow-etcd"),
};

const proxy: Fault = {
  what: "the way to figures of w2",
  alerts: ["containerd", "kube-proxy", "node"].map((job) => `TargetDown w2 ${job}`),
  seconds: minutes(12),
  ...stopped("w2", "plinth-metrics"),
};

/** Faults, of which those of one round go on at the same time, on hosts of their own. Each round begins with a cluster that is whole. */
export type Rounds = Readonly<Record<string, readonly Fault[]>>;

/** Those that are told, and told to be over, within a quarter of an hour. */
export const promptRounds: Rounds = {
  "a member of etcd": [
    // Stopped as a unit it would be started again for its API server.
    {
      what: "etcd that stands still on cp2",
      alerts: ["EtcdMemberDown cp2 etcd"],
      seconds: minutes(4),
      ...still("cp2", "etcd"),
    },
  ],
  "services of the control plane and of workers": [
    service("cp1", "kube-controller-manager"),
    {
      what: "an API server stopped on cp2",
      alerts: ["ApiServerDown cp2 apiserver"],
      seconds: minutes(6),
      ...stopped("cp2", "kube-apiserver"),
    },
    service("cp3", "kube-scheduler"),
    service("w1", "kube-proxy"),
    service("w2", "flanneld"),
  ],
  "load balancers, containers, kubelets, and the way to figures": [
    service("cp1", "haproxy"),
    service("cp2", "keepalived"),
    service("cp3", "containerd"),
    service("w1", "kubelet"),
    proxy,
  ],
  "what goes wrong on hosts": [
    drifted,
    { what: "cluster DNS without a pod", alerts: ["DnsDown"], seconds: minutes(3), make: scaled(0), mend: scaled(2) },
    fullDisk,
    clock,
    ending,
  ],
  "a control-plane host": [dead("cp1")],
};

/** Those that have to last, or go by what was within half an hour. */
export const slowRounds: Rounds = {
  "what gets worse for some time": [
    {
      what: "a kubelet of w1 that stands still",
      alerts: ["NodeNotReady w1"],
      seconds: minutes(7),
      ...still("w1", "kubelet"),
    },
    slow,
    flapping,
    stale,
  ],
};
