import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { corefile } from "../../../plan/addons/dns.ts";
import { contains, isIPv4, parseNetwork, specialNetworkOf } from "../../../plan/addresses.ts";
import { sysctlsOf } from "../../../plan/bundles/baseline.ts";
import type { BundleFile } from "../../../plan/bundle.ts";
import { leavesOf, planHost } from "../../../plan/bundles/index.ts";
import { kubeletConfiguration } from "../../../plan/bundles/kubelet.ts";
import { kubeProxyConfiguration } from "../../../plan/bundles/kubeproxy.ts";
import { listIn, settingsIn } from "../../../plan/bundles/reliance.ts";
import { renderHostsToml } from "../../../plan/bundles/registries.ts";
import type { ClusterConfig } from "../../../plan/config.ts";
import { containerdOverlay, hasContainerdSettings } from "../../../plan/containerdsettings.ts";
import { describeFinding } from "../../../plan/findings.ts";
import { isNode, withRole, type Host } from "../../../plan/inventory.ts";
import { noProxyOf } from "../../../plan/proxy.ts";
import { declareNode, renderNodeManifest } from "../../../plan/roster.ts";
import { directoriesOf } from "../../../plan/settings/directories.ts";
import { configFor } from "../../../plan/settings/layers.ts";
import { checkInput } from "../../../plan/stackinput.ts";
import { parseToml } from "../../support/toml.ts";

/** Texts that YAML, TOML, systemd or a shell take for something else, and some that nobody may write. */
const text = fc.oneof(
  fc.constantFrom(
    ...[
      "on",
      "no",
      "null",
      "~",
      "1e3",
      "0x1f",
      "0899",
      "433e40",
      "2026-11-29",
      "y",
      "true",
      ".5",
      "",
      " ",
      "- a",
      "? a",
    ],
    ...[
      "a: b",
      "*a",
      "&a",
      "!a",
      "%n",
      "$HOME",
      "$$",
      "`id`",
      "a #b",
      "'",
      '"',
      "\\",
      "[a",
      "{a",
      "a,b",
      "a=b",
      "| a",
      "> a",
    ],
    ...[
      "é",
      "日本",
      "\u{1f600}",
      "\ud800",
      "a\nb",
      "\t",
      "\u2028",
      "\u0085",
      "%%",
      "; id",
      "@",
      "--a",
      "\u00a0",
      "\ufeff",
      "---",
    ],
  ),
  fc.string({ maxLength: 6 }),
);
const name = fc.constantFrom(
  "on",
  "1e3",
  "433e40",
  "null",
  "0x1f",
  "2026-11-29",
  "a-1",
  "y",
  "007",
  "no",
  "12",
  "a",
  "b",
);
const key = fc.constantFrom("rack", "on", "1e3", "example.net/null", "y", "example.net/0x1f");
const address = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: 20, max: 99 }).map((n) => `192.0.2.${n}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...["10.244.3.4", "10.96.0.9", "127.0.0.1", "169.254.1.1", "224.0.0.1", "0.0.0.0", "192.0.2.0", "192.0.2.255"],
      ...["192.0.2.10", "192.0.2.010", "::ffff:192.0.2.9", "198.51.100.7", "192.0.2.20 "],
    ),
  },
);
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
/** What is right, and now and then what is not. */
const mostly = (usual: readonly string[], odd: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: fc.constantFrom(...odd) });
const texts = fc.dictionary(key, text, { maxKeys: 2 });
const noneLeftOut = (record: object): object =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));

const host = fc
  .record({
    name,
    address,
    roles: fc.constantFrom(["worker"], ["worker"], ["control-plane", "load-balancer"], ["load-balancer"]),
    labels: rarely(fc.dictionary(key, name, { maxKeys: 2 })),
    annotations: rarely(texts),
    taints: rarely(
      fc.array(fc.record({ key, value: name, effect: fc.constantFrom("NoSchedule", "NoExecute") }), { maxLength: 1 }),
    ),
    zone: rarely(name),
    sshAddress: rarely(address),
    bastion: rarely(fc.array(fc.constantFrom("gate", "u@192.0.2.10", "0.0.0.0", "jump@gate:22"), { maxLength: 2 })),
    settings: rarely(
      fc.record({
        kubeletConfig: fc.record({ maxPods: fc.constantFrom(50, 110, 500), marked: text }),
        sysctls: fc.dictionary(
          fc.constantFrom("vm.swappiness", "net.ipv4.ip_forward"),
          fc.constantFrom("1", "", "1 2"),
        ),
      }),
    ),
  })
  .map(noneLeftOut);
const hosts = fc
  .tuple(
    fc.integer({ min: 11, max: 19 }),
    fc.uniqueArray(host, { selector: (one) => (one as Host).name, maxLength: 4 }),
  )
  .map(([n, more]) => [
    { name: "cp", address: `192.0.2.${n}`, roles: ["etcd", "control-plane", "load-balancer", "worker"] },
    ...more,
  ]);

const plugin = mostly(
  ["AlwaysPullImages", "DefaultStorageClass", "PodNodeSelector"],
  ["NodeRestriction", "ServiceAccount", "Priority"],
);
const list = (one: fc.Arbitrary<string>) => fc.array(one, { minLength: 1, maxLength: 3 }).map((all) => all.join(","));
const suite = fc.constantFrom(
  ...["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"],
  ...["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA"],
);
const some = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc
    .record(Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, rarely(value)])))
    .map(noneLeftOut);
const gates = list(fc.constantFrom("A=true", "InitialCorruptCheck=true", "CompactHashCheck=false", "AllBeta=false"));
const ofServers = { "tls-cipher-suites": list(suite), "feature-gates": gates, marked: text, v: fc.constant("2") };
const paths = list(fc.constantFrom("/metrics", "/healthz", "/livez"));

const config = fc.record(
  {
    clusterName: name,
    nodeSubnet: fc.constant("192.0.2.0/24"),
    artifactsUrl: mostly(
      ["http://192.0.2.5:8410", "http://mirror.example.net/a"],
      ["http://127.1", "http://192.0.2.10"],
    ),
    vip: mostly(["192.0.2.10"], ["192.0.2.11", "10.244.0.1", ""]),
    serviceVip: rarely(fc.constantFrom("192.0.2.9", "192.0.2.8", "192.0.2.10", "198.51.100.3", "192.0.2.255")),
    externalEndpoint: rarely(
      fc.constantFrom("lb.example.net:443", "lb.example.net", "198.51.100.4:7443", "10.96.0.1", ""),
    ),
    podCidr: mostly(
      ["10.244.0.0/16", "10.0.0.0/16", "10.244.0.0/21"],
      ["10.96.0.0/12", "10.244.0.0/25", "192.0.0.0/8"],
    ),
    serviceCidr: mostly(["10.96.0.0/16", "10.97.0.0/24"], ["192.0.2.0/24", "10.244.0.0/16"]),
    clusterDomain: mostly(["cluster.local", "on", "1e3.local", "null"], ["10.0.0.1"]),
    dnsUpstreams: fc.array(fc.constantFrom("192.0.2.53", "198.51.100.53:5353", "/etc/resolv.conf", "169.254.169.254"), {
      maxLength: 3,
    }),
    kubernetesVersion: fc.constantFrom("1.36.3", "1.35.4"),
    apiserverArgs: some({
      ...ofServers,
      "enable-admission-plugins": list(plugin),
      "disable-admission-plugins": list(plugin),
      "authorization-mode": list(mostly(["Node,RBAC"], ["Webhook", "AlwaysAllow"])),
      "runtime-config": list(mostly(["api/beta=true", "x/v1=false"], ["apps/v1=false"])),
    }),
    controllerManagerArgs: some({
      ...ofServers,
      "authorization-always-allow-paths": paths,
      "node-cidr-mask-size": mostly(["24", "25"], ["024", "26", "8"]),
      controllers: list(mostly(["*", "-ttl", "tokencleaner"], ["-nodeipam", "-deployment"])),
    }),
    schedulerArgs: some({ ...ofServers, "authorization-always-allow-paths": paths }),
    etcdArgs: some({
      "feature-gates": gates,
      "cipher-suites": list(suite),
      marked: text,
      "max-snapshots": fc.constant("5"),
    }),
    kubeletConfig: some({
      clusterDNS: fc.array(mostly(["169.254.20.10", "198.51.100.53"], ["127.0.0.53", "x"]), {
        minLength: 1,
        maxLength: 2,
      }),
      registerWithTaints: fc.array(fc.record({ key, value: text, effect: fc.constant("NoSchedule") }), {
        maxLength: 2,
      }),
      tlsCipherSuites: fc.array(suite, { minLength: 1, maxLength: 3 }),
      allowedUnsafeSysctls: fc.array(text, { maxLength: 2 }),
      deep: fc.record({ er: texts }),
    }),
    kubeProxyConfig: some({
      nodePortAddresses: fc.array(fc.constantFrom("198.51.100.0/24", "192.0.2.0/24", "primary"), { maxLength: 2 }),
      mode: mostly(["nftables", "ipvs", "iptables"], ["userspace"]),
      marked: text,
    }),
    admission: rarely(
      fc.record({
        PodSecurity: fc.record({ exemptions: fc.record({ namespaces: fc.array(text, { maxLength: 2 }) }) }),
      }),
    ),
    sysctls: some({ "vm.swappiness": text, "net.core.somaxconn": fc.constantFrom("1024", " 1  2 ", "") }),
    registries: some({
      "docker.io": fc.record({
        mirrors: fc.array(
          fc.constantFrom("https://m.example.net/v2/hub", "http://m.example.net:5000", "https://m.example.net/"),
          {
            maxLength: 2,
          },
        ),
      }),
    }),
    registryCredentials: some({ "docker.io": fc.record({ username: text, password: text }) }),
    proxy: rarely(
      fc.record({
        http: fc.constant("http://u:p%40@proxy.example.net:3128"),
        noProxy: fc.array(mostly([".a", "10.0.0.0/8"], ["x/9"]), { maxLength: 2 }),
      }),
    ),
    containerd: rarely(
      fc.record({
        settings: fc.record({
          debug: fc.record({ level: text }),
          timeouts: texts,
          oom_score: fc.integer({ min: -999, max: 0 }),
        }),
        runtimes: fc.dictionary(
          name,
          fc.record({ options: fc.dictionary(text, fc.array(text, { maxLength: 2 }), { maxKeys: 2 }) }),
          { maxKeys: 1 },
        ),
      }),
    ),
    directories: rarely(
      fc.record({ etcd: mostly(["/data/etcd"], ["/data", "/tmp"]), containerd: fc.constant("/data/cri") }),
    ),
    servicePorts: rarely(fc.constant([{ name: "on", port: 80, nodePort: 30080 }])),
  },
  { requiredKeys: ["clusterName", "nodeSubnet", "artifactsUrl", "vip"] },
);

/** The words of ExecStart, as systemd reads them (systemd.service(5), "Command lines"), of units with one argument a line. */
function flagsIn(unit: string): Map<string, string> {
  const flags = new Map<string, string>();
  for (const line of unit.split("\n")) {
    const word = /^ {2}("?--.*?)(?: \\)?$/.exec(line)?.[1];
    if (word === undefined) continue;
    const inner = word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(["\\])/g, "$1") : word;
    assert.ok(word.startsWith('"') || !/[\s"'\\;]/.test(word), `${word} is several words`);
    const [, flag = "", value = ""] =
      /^--([a-z][a-z0-9-]*)=(.*)$/.exec(inner.replaceAll("%%", "%").replaceAll("$$", "$")) ?? [];
    assert.ok(flag !== "" && !flags.has(flag), `${flag} of ${line}`);
    flags.set(flag, value);
  }
  return flags;
}

/** YAML as version 1.1 and 1.2 have it, which has to be the same. */
function yaml(content: string): unknown {
  const [old, now] = (["1.1", "1.2"] as const).map((version) => parse(content, { version }) as unknown);
  assert.deepEqual(old, now);
  return now;
}

/** What a structure is without what is undefined, and with ordinary prototypes. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

interface Place {
  host: Host;
  hosts: readonly Host[];
  config: ClusterConfig;
  files: ReadonlyMap<string, BundleFile>;
}

function judgeYaml({ host, hosts, config, files }: Place): void {
  for (const { path, content } of files.values()) {
    if (/\.json$/.test(path)) JSON.parse(content);
    if (!/\.(yaml|conf)$/.test(path) || !/^apiVersion: /m.test(content)) continue;
    const read = yaml(content) as { kind: string; clusters?: { name: string; cluster: { server: string } }[] };
    if (read.kind !== "Config") continue;
    const [cluster] = read.clusters ?? [];
    assert.equal(cluster?.name, config.clusterName, path);
    const { hostname } = new URL(cluster.cluster.server);
    const ways = [config.vip, config.externalEndpoint?.host, ...hosts.map(({ address }) => address)];
    assert.ok(ways.includes(hostname), `${path} asks ${hostname}`);
  }
  const node = yaml(renderNodeManifest(host, "on")) as { metadata: { labels: unknown; annotations: unknown } };
  const declared = declareNode(host, "on");
  assert.deepEqual([node.metadata.labels, node.metadata.annotations], [declared.labels, declared.annotations]);
  for (const [label, value] of Object.entries(host.labels)) assert.equal(declared.labels[label], value);
  if (!isNode(host)) return;
  const own = configFor(host, config);
  const kubelet = yaml(files.get("/etc/kubernetes/kubelet.yaml")?.content ?? "") as Record<string, unknown>;
  assert.deepEqual(kubelet, plain(kubeletConfiguration({ host, hosts, config: own })));
  const proxy = yaml(files.get("/etc/kubernetes/kube-proxy.yaml")?.content ?? "") as Record<string, unknown>;
  assert.deepEqual(proxy, plain(kubeProxyConfiguration(host, own)));
  // Nothing that was written is lost.
  for (const name of ["allowedUnsafeSysctls", "deep", "marked", "clusterDNS"])
    if (own.kubeletConfig[name] !== undefined) assert.deepEqual(kubelet[name], own.kubeletConfig[name]);
  // Lists of ours.
  const taints = kubelet["registerWithTaints"] as { key: string }[];
  assert.ok(taints.some((taint) => taint.key === "plinth/uninitialized"));
  assert.ok((kubelet["tlsCipherSuites"] as string[]).includes("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
  const resolvers = kubelet["clusterDNS"] as string[];
  assert.ok(resolvers.length > 0 && resolvers.every(isIPv4), resolvers.join());
  const ports = proxy["nodePortAddresses"] as string[];
  const covered = ports.some(
    (cidr) => cidr === "primary" || contains(parseNetwork(cidr) ?? assert.fail(cidr), host.address),
  );
  assert.ok(ports.length === 0 || covered, ports.join());
}

function judgeToml({ config, files }: Place): void {
  const main = parseToml(files.get("/etc/containerd/config.toml")?.content ?? "");
  assert.equal(main["root"], directoriesOf(config).containerd);
  const laid = files.get("/etc/containerd/settings.toml");
  assert.equal(laid !== undefined, hasContainerdSettings(config.containerd));
  if (laid !== undefined) assert.deepEqual(parseToml(laid.content), plain(containerdOverlay(config.containerd, true)));
  const login = config.registryCredentials["docker.io"];
  const registry = config.registries["docker.io"];
  if (login === undefined && registry === undefined) return;
  const read = parseToml(renderHostsToml("docker.io", registry, config.registryCredentials)) as {
    header?: { Authorization: string };
    host?: Record<string, { override_path?: boolean }>;
  };
  const [, sent = ""] = read.header?.Authorization.split(" ") ?? [];
  const expected = login === undefined ? "" : `${login.username}:${login.password}`;
  assert.equal(Buffer.from(sent, "base64").toString(), expected);
  const mirrors = registry?.mirrors ?? [];
  assert.deepEqual(
    Object.keys(read.host ?? {}),
    mirrors.map(({ url }) => url),
  );
  for (const [url, { override_path: whole = false }] of Object.entries(read.host ?? {}))
    assert.equal(whole, url.endsWith("/v2/hub"));
}

function judgeUnits({ host, hosts, config, files }: Place): void {
  const flagsOf = (unit: string) => flagsIn(files.get(`/etc/systemd/system/${unit}.service`)?.content ?? "");
  const has = (flags: Map<string, string>, flag: string, ...entries: string[]): void => {
    for (const entry of entries) assert.ok(listIn(flags.get(flag)).includes(entry), `${flag} lacks ${entry}`);
  };
  const kept = (flags: Map<string, string>, theirs: Readonly<Record<string, string>>): void => {
    for (const [flag, value] of Object.entries(theirs)) {
      if (flag === "feature-gates")
        for (const gate of settingsIn(value)) assert.equal(settingsIn(flags.get(flag)).get(gate[0]), gate[1]);
      else if (/plugins|controllers|allow-paths/.test(flag)) has(flags, flag, ...listIn(value));
      else assert.equal(flags.get(flag), value, flag);
    }
  };
  if (host.roles.includes("etcd")) {
    const flags = flagsOf("etcd");
    kept(flags, config.etcdArgs);
    assert.deepEqual([flags.get("name"), flags.get("data-dir")], [host.name, directoriesOf(config).etcd]);
    has(flags, "cipher-suites", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    for (const gate of ["InitialCorruptCheck", "CompactHashCheck"])
      assert.ok(settingsIn(flags.get("feature-gates")).has(gate));
  }
  if (!host.roles.includes("control-plane")) return;
  const server = flagsOf("kube-apiserver");
  kept(server, config.apiserverArgs);
  has(server, "enable-admission-plugins", "NodeRestriction", "PodSecurity", "EventRateLimit", "DenyServiceExternalIPs");
  has(server, "authorization-mode", "Node", "RBAC");
  const disabled = listIn(server.get("disable-admission-plugins"));
  for (const plugin of ["NodeRestriction", "ServiceAccount", "Priority"]) assert.ok(!disabled.includes(plugin), plugin);
  assert.ok(!listIn(server.get("runtime-config")).includes("apps/v1=false"));
  assert.equal(server.get("advertise-address"), host.address);
  assert.equal(server.get("service-cluster-ip-range"), config.serviceCidr);
  if (settingsIn(server.get("feature-gates")).get("AllBeta") === "false" || config.kubernetesVersion < "1.36")
    assert.ok(!server.has("peer-ca-file"));
  const manager = flagsOf("kube-controller-manager");
  kept(manager, config.controllerManagerArgs);
  has(manager, "controllers", "*", "bootstrapsigner", "tokencleaner");
  for (const gone of ["-nodeipam", "-deployment"]) assert.ok(!listIn(manager.get("controllers")).includes(gone));
  assert.equal(manager.get("cluster-cidr"), config.podCidr);
  kept(flagsOf("kube-scheduler"), config.schedulerArgs);
  for (const flags of [server, manager, flagsOf("kube-scheduler")]) {
    has(flags, "tls-cipher-suites", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    if (flags.has("authorization-always-allow-paths"))
      has(flags, "authorization-always-allow-paths", "/healthz", "/livez");
  }
  const admission = yaml(files.get("/etc/kubernetes/admission.yaml")?.content ?? "") as {
    plugins: { name: string; configuration: { exemptions?: { namespaces: string[] } } }[];
  };
  const exempt =
    admission.plugins.find(({ name }) => name === "PodSecurity")?.configuration.exemptions?.namespaces ?? [];
  for (const namespace of [
    "kube-system",
    ...((config.admission["PodSecurity"]?.["exemptions"] as { namespaces: string[] } | undefined)?.namespaces ?? []),
  ])
    assert.ok(exempt.includes(namespace), namespace);
  const served = leavesOf({ host, hosts, config }).find((leaf) => leaf.name === "apiserver");
  const names = [...(served?.dnsNames ?? []), ...(served?.ipAddresses ?? [])];
  for (const way of [host.address, config.vip, config.externalEndpoint?.host])
    if (way !== undefined) assert.ok(names.includes(way), `no certificate for ${way}`);
}

function judgeLines({ host, hosts, config, files }: Place): void {
  const parameters = (files.get("/etc/sysctl.d/90-plinth.conf")?.content ?? "")
    .split("\n")
    .filter((line) => line !== "");
  const read = parameters.map((line) => /^([^=\s]+) = (.*)$/.exec(line)?.slice(1) ?? assert.fail(line));
  assert.deepEqual(Object.fromEntries(read) as unknown, sysctlsOf(host, configFor(host, config)));
  const forwards = corefile(config)
    .split("\n")
    .flatMap((line) => /^ {4}forward \. (.*) \{$/.exec(line)?.[1]?.split(" ") ?? []);
  assert.deepEqual(forwards, config.dnsUpstreams);
  const keepalived = files.get("/etc/keepalived/keepalived.conf")?.content;
  if (keepalived !== undefined) {
    const peers = [...keepalived.matchAll(/unicast_peer \{\n((?: {4}\S+\n)+) {2}\}/g)].map(([, lines = ""]) =>
      lines.trim().split(/\s+/),
    );
    assert.equal(peers.length, keepalived.split("vrrp_instance ").length - 1, "a peer each");
    const others = withRole(hosts, "load-balancer").filter(({ name }) => name !== host.name);
    for (const list of peers)
      if (others.length > 0)
        assert.deepEqual(
          list,
          others.map(({ address }) => address),
        );
  }
  const proxies = files.get("/etc/containerd/proxy.env")?.content;
  if (proxies !== undefined) assert.ok(proxies.includes(`NO_PROXY=${noProxyOf(config).join(",")}\n`));
}

function judgeAddresses(hosts: readonly Host[], config: ClusterConfig): void {
  const [subnet, pods, services] = [config.nodeSubnet, config.podCidr, config.serviceCidr].map(
    (cidr) => parseNetwork(cidr) ?? assert.fail(cidr),
  );
  assert.ok(subnet !== undefined && pods !== undefined && services !== undefined);
  for (const [one, other] of [
    [subnet, pods],
    [subnet, services],
    [pods, services],
  ] as const)
    assert.ok(one.last < other.first || other.last < one.first, "networks overlap");
  const virtual = [config.vip, config.serviceVip].filter((address) => address !== undefined);
  const each = [...hosts.map(({ address }) => address), ...virtual];
  assert.equal(new Set(each).size, each.length, "an address twice");
  for (const address of virtual) assert.ok(contains(subnet, address), address);
  for (const address of [
    ...each,
    ...(config.externalEndpoint === undefined ? [] : [config.externalEndpoint.host]),
  ].filter(isIPv4)) {
    assert.ok(!contains(pods, address) && !contains(services, address), address);
    assert.equal(specialNetworkOf(address), undefined, address);
    assert.ok(address !== "192.0.2.0" && address !== "192.0.2.255", address);
  }
  for (const { sshAddress } of hosts) assert.ok(sshAddress === undefined || !virtual.includes(sshAddress), sshAddress);
  const mask = Number(config.controllerManagerArgs["node-cidr-mask-size"] ?? 24);
  assert.ok(mask >= pods.prefix && hosts.filter(isNode).length <= 2 ** (mask - pods.prefix), "pods for every Node");
  for (const host of hosts.filter(isNode)) {
    const own = configFor(host, config).kubeletConfig["maxPods"];
    assert.ok(Number(own ?? 110) <= 2 ** (32 - mask) - 3, "an address for every pod");
  }
}

describe("whatever is accepted", function () {
  this.timeout(180_000);

  it("is rendered as it was meant, with every list of ours, by the rules for addresses; whatever is not, is told", () => {
    let accepted = 0;
    const judge = (inventory: unknown, raw: Record<string, unknown>): void => {
      const { hosts, config, findings } = checkInput(plain(inventory), plain(raw) as Record<string, unknown>);
      for (const finding of findings)
        assert.doesNotMatch(describeFinding(finding), /[\p{Cc}\u2028]|Invalid|undefined|\[object/u);
      if (findings.length > 0 || config === undefined) return;
      accepted += 1;
      judgeAddresses(hosts, config);
      for (const host of hosts) {
        const all = planHost({ host, hosts, config }).flatMap(({ files }) => files);
        const place = { host, hosts, config, files: new Map(all.map((file) => [file.path, file])) };
        judgeYaml(place);
        judgeLines(place);
        judgeUnits(place);
        if (isNode(host)) judgeToml({ ...place, config: configFor(host, config) });
      }
    };
    fc.assert(fc.property(hosts, config, judge), { numRuns: 200 });
    assert.ok(accepted >= 40, `${accepted} were accepted`);
  });
});
