import assert from "node:assert/strict";
import { planHost } from "../../../../plan/bundles/index.ts";
import type { HostFacts } from "../../../../plan/facts.ts";
import { parseFacts } from "../../../../plan/facts.ts";
import { guardHosts } from "../../../../plan/guards.ts";
import { directoriesSchema, movedDirectories, validateDirectories } from "../../../../plan/settings/directories.ts";
import { stackPlace } from "../../../../plan/settings/place.ts";
import { rawBackup } from "../../../support/backup.ts";
import { configOf, factsOf, hostsOf, threeHosts } from "../../../support/cluster.ts";

const data = { etcd: "/data/etcd", containerd: "/data/containerd", kubelet: "/disk2/kubelet" };
const inventory = [
  ...threeHosts,
  { name: "w1", address: "192.0.2.21", roles: ["worker"], settings: { directories: data } },
];
const groups = [{ selector: { "node-role.kubernetes.io/control-plane": "" }, directories: data }];

function planned(name: string) {
  const hosts = hostsOf(inventory);
  const host = hosts.find((one) => one.name === name);
  assert.ok(host);
  const bundles = planHost({ host, hosts, config: configOf({ groups, backup: rawBackup }) });
  const text = (end: string): string =>
    bundles.flatMap(({ files }) => files).find(({ path }) => path.endsWith(end))?.content ?? "";
  return { bundles, text };
}

function judged(name: string, facts: Partial<HostFacts>, config: object = { groups }) {
  const hosts = hostsOf(inventory).filter((host) => host.name === name);
  const addresses = { [hosts[0]?.address ?? ""]: "eth0" };
  const readings = new Map([[name, { facts: factsOf(name, { addresses, ...facts }) }]]);
  return guardHosts(hosts, configOf({ ...config }), readings, undefined);
}

const done = { generation: 1, state: "complete" } as const;

describe("directories of data", () => {
  it("are followed by units, configurations, permissions and what a release keeps", () => {
    const { bundles, text } = planned("cp1");
    const directories = bundles.flatMap((bundle) => bundle.directories);
    assert.deepEqual(
      directories.filter(({ atRelease, path }) => atRelease !== undefined && path.startsWith("/d")),
      [
        { path: data.etcd, mode: "0700", owner: "etcd:etcd", atRelease: "keep" },
        { path: data.containerd, mode: "0700", owner: "root:root", atRelease: "purge" },
        { path: data.kubelet, mode: "0750", owner: "root:root", atRelease: "purge" },
      ],
    );
    const etcd = text("/etcd.service");
    for (const line of [
      /--data-dir=\/data\/etcd \\$/m,
      /^ReadWritePaths=\/data\/etcd$/m,
      /^RequiresMountsFor=\/data\/etcd$/m,
    ])
      assert.match(etcd, line);
    assert.match(text("/containerd.service"), /^RequiresMountsFor=\/data\/containerd$/m);
    assert.match(text("/containerd/config.toml"), /^root = "\/data\/containerd"$/m);
    assert.match(text("/kubelet.service"), /^RequiresMountsFor=\/disk2\/kubelet$/m);
    assert.match(text("/kubelet.service"), /--root-dir=\/disk2\/kubelet/);
    const join = bundles.flatMap(({ prepares = [] }) => prepares).find((prepare) => prepare.name === "etcd-join");
    assert.equal(join?.args.dataDirectory, data.etcd);
    assert.match(text("/backup/settings"), /^data \/data\/etcd$/m);
    assert.ok(!/\/var\/lib\/(etcd|containerd)["/ ]/.test(etcd + text("/containerd/config.toml")));
    // What the kubelet is known by stays where everybody looks for it.
    assert.match(text("/kubelet.service"), /--kubeconfig=\/var\/lib\/kubelet\/kubeconfig/);
    assert.ok(directories.some(({ path }) => path === "/var/lib/kubelet"));
  });

  it("are none that others have, nor inside of one another", () => {
    const said = (directories: object) =>
      validateDirectories({ directories: directoriesSchema.parse(directories) }, stackPlace).map(
        ({ message }) => message,
      );
    assert.deepEqual(said({}), []);
    assert.deepEqual(said(data), []);
    assert.deepEqual(said({ etcd: "/var/lib/etcd" }), []);
    for (const path of [
      "/etc/kubernetes",
      "/home/etcd",
      "/run/etcd",
      "/opt/plinth/etcd",
      "/var/lib/plinth",
      "/usr/share/x",
    ])
      assert.match(said({ etcd: path }).join(), /is the system's or Plinth's own/, path);
    for (const path of ["/srv", "/mnt"]) assert.match(said({ kubelet: path }).join(), /where others have theirs, too/);
    for (const path of ["/var", "/var/lib", "/opt"]) assert.equal(said({ kubelet: path }).length, 1, path);
    for (const path of ["/var/lib/etcd", "/var/lib/kubelet/containerd"])
      assert.match(said({ containerd: path }).join(), /which Plinth's \/var\/lib\/\w+ does not go with/, path);
    assert.match(
      said({ etcd: "/data/a", kubelet: "/data/a/kubelet" }).join(),
      /^plinth:directories\.kubelet is \/data\/a\/kubelet, which directories\.etcd \(\/data\/a\) does not go with$/,
    );
    for (const path of ["data", "/data/", "/data/../etc", "/a b", "/a$b", "/.data", "/"])
      assert.equal(directoriesSchema.safeParse({ etcd: path }).success, false, path);
  });

  it("are looked at where they are", () => {
    assert.deepEqual(movedDirectories(configOf({ directories: data })), Object.values(data));
    assert.deepEqual(movedDirectories(configOf({ directories: { etcd: "/var/lib/etcd" } })), []);
    const full = judged("w1", {
      diskSizeKiB: { [data.kubelet]: 1e8, [data.containerd]: 1e8 },
      diskFreeKiB: { [data.kubelet]: 1e6, [data.containerd]: 1e6 },
    });
    assert.deepEqual(full.map(({ rule, message }) => `${rule} ${/\/[\w/]+/.exec(message)?.[0] ?? ""}`).sort(), [
      `disk-pressure ${data.containerd}`,
      `disk-pressure ${data.kubelet}`,
      `disk-space ${data.containerd}`,
    ]);
    const rules = (facts: Partial<HostFacts>, name = "w1") => judged(name, facts).map(({ rule }) => rule);
    assert.deepEqual(rules({ diskFreeKiB: { [data.etcd]: 1e6 } }, "cp1"), ["disk-space"]);
    assert.deepEqual(rules({ noexec: { [data.containerd]: "/data", "/var/lib/containerd": "/var" } }), ["noexec"]);
    assert.deepEqual(rules({ populated: [data.kubelet] }), ["foreign-remnants"]);
    assert.deepEqual(rules({ populated: [data.etcd] }, "cp1"), ["foreign-etcd-data"]);
    assert.deepEqual(rules({ populated: [data.kubelet], bundles: { node: done } }), []);
    const missing = judged("w1", { unmounted: { [data.kubelet]: "/disk2" } });
    assert.match(missing[0]?.message ?? "", /\/disk2\/kubelet is to lie on \/disk2, which \/etc\/fstab lists/);
  });

  it("stay what they are on a host in service", () => {
    const bundles = { etcd: done, runtime: done, node: done };
    const before = {
      etcd: ["/var/lib/etcd", "/etc/etcd"],
      runtime: ["/etc/cni/net.d", "/var/lib/containerd", "/var/lib/cni"],
      node: ["/var/lib/kubelet"],
    };
    const changed = judged("cp1", { bundles, dataDirectories: before }).filter(
      ({ rule }) => rule === "directory-change",
    );
    assert.deepEqual(
      changed.map(({ message }) => message.split(",", 2).join(",")),
      [
        "the data of its etcd is in /var/lib/etcd, directories.etcd says /data/etcd",
        "the images of its containerd are in /var/lib/containerd, directories.containerd says /data/containerd",
        "the volumes of its kubelet are in /var/lib/kubelet, directories.kubelet says /disk2/kubelet",
      ],
    );
    const after = {
      etcd: [data.etcd, "/etc/etcd"],
      runtime: ["/etc/cni/net.d", data.containerd, "/var/lib/cni"],
      node: ["/var/lib/kubelet", data.kubelet],
    };
    assert.deepEqual(judged("cp1", { bundles, dataDirectories: after }), []);
    assert.equal(judged("cp1", { bundles, dataDirectories: after }, {}).length, 3, "nor back");
    assert.deepEqual(judged("cp1", { bundles, dataDirectories: before }, {}), []);
  });

  it("are told by hosts", () => {
    const lines = ["plinth-facts 1", "data-directory etcd /data/etcd", "data-directory etcd /etc/etcd"];
    const { dataDirectories, unmounted } = parseFacts([...lines, "unmounted /data/etcd /data", "end"].join("\n"));
    assert.deepEqual(dataDirectories, { etcd: ["/data/etcd", "/etc/etcd"] });
    assert.deepEqual(unmounted, { "/data/etcd": "/data" });
    const odd = parseFacts("plinth-facts 1\ndata-directory constructor /x\nend\n").dataDirectories;
    assert.deepEqual(Object.entries(odd), [["constructor", ["/x"]]]);
    for (const line of ["data-directory a b", "data-directory __proto__ /x", "unmounted /a b"])
      assert.throws(() => parseFacts(`plinth-facts 1\n${line}\nend\n`), /makes no sense/, line);
  });
});
