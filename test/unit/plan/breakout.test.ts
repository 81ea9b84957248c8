import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { renderBundle } from "../../../plan/bundle.ts";
import { planCluster } from "../../../plan/bundles/index.ts";
import { renderHostsToml } from "../../../plan/bundles/registries.ts";
import type { ClusterSettings } from "../../../plan/config.ts";
import { describeFinding } from "../../../plan/findings.ts";
import type { HostInput } from "../../../plan/inventory.ts";
import { renderNodeManifest, renderTaints } from "../../../plan/roster.ts";
import { parseRosterText, renderRosterText } from "../../../plan/rostertext.ts";
import { checkInput } from "../../../plan/stackinput.ts";
import { rawConfig, threeHosts } from "../../support/cluster.ts";

/** One place where somebody writes text: with what it may hold for example, and the input with a text there. */
interface Place {
  usual: string;
  config?: (text: string) => Record<string, unknown>;
  host?: (text: string) => Record<string, unknown>;
  /** Whether a text comes to the same files as the usual one. Default: all do that are taken. */
  alike?: (text: string) => boolean;
  /** Whether a line break is as good as a blank. */
  takesBlanks?: true;
  /** Where the text is the value of an argument of this service. */
  argument?: string;
  /** The argument's name. Default: `marked`. */
  flag?: string;
}

const value = (usual: string, key: string): Place => ({ usual, config: (text) => ({ [key]: text }) });
const argument = (key: string, service: string): Place => ({
  usual: "text",
  config: (text) => ({ [key]: { marked: text } }),
  argument: service,
});
const field = (usual: string, key: string): Place => ({ usual, host: (text) => ({ [key]: text }) });
const everyHost = { "node-role.kubernetes.io/control-plane": "" };
const servicePort = { name: "http", port: 80, nodePort: 30080 };

/** Every key of the configuration that is not a number, a flag or one of a few words, by all places in it. */
const ofConfig: Record<string, Place[]> = {
  clusterName: [value("demo", "clusterName")],
  nodeSubnet: [value("192.0.2.0/24", "nodeSubnet")],
  vip: [value("192.0.2.10", "vip")],
  externalEndpoint: [
    { usual: "api.example.net", config: (text) => ({ vip: "", externalEndpoint: text, servicePorts: [] }) },
  ],
  vipName: [value("api.example.net", "vipName")],
  apiserverSans: [{ usual: "api.example.net", config: (text) => ({ apiserverSans: [text] }) }],
  podCidr: [value("10.244.0.0/16", "podCidr")],
  serviceCidr: [value("10.96.0.0/16", "serviceCidr")],
  clusterDomain: [value("cluster.local", "clusterDomain")],
  etcdVersion: [value("3.6.14", "etcdVersion")],
  apiserverArgs: [argument("apiserverArgs", "kube-apiserver"), named("apiserverArgs")],
  controllerManagerArgs: [argument("controllerManagerArgs", "kube-controller-manager"), named("controllerManagerArgs")],
  schedulerArgs: [argument("schedulerArgs", "kube-scheduler"), named("schedulerArgs")],
  etcdArgs: [argument("etcdArgs", "etcd"), named("etcdArgs")],
  corednsImage: [value("registry.example.net/a:1", "corednsImage")],
  metricsServerImage: [value("registry.example.net/a:1", "metricsServerImage")],
  dnsUpstreams: [{ usual: "192.0.2.53", config: (text) => ({ dnsUpstreams: [text] }) }],
  servicePorts: [
    { usual: "http", config: (text) => ({ servicePorts: [{ ...servicePort, name: text }] }) },
    { usual: "192.0.2.10", config: (text) => ({ servicePorts: [{ ...servicePort, address: text }] }) },
  ],
  serviceVip: [value("192.0.2.20", "serviceVip")],
  tenants: [
    { usual: "shop", config: (text) => ({ tenants: { [text]: {} } }) },
    { usual: "shop", config: (text) => ({ tenants: { shop: { namespaces: [text] } } }) },
    { usual: "pods", config: (text) => ({ tenants: { shop: { quota: { [text]: "1" } } } }) },
    { usual: "1", config: (text) => ({ tenants: { shop: { quota: { pods: text } } } }) },
  ],
  interface: [value("eth0", "interface")],
  kubernetesVersion: [value("1.36.3", "kubernetesVersion")],
  artifactsUrl: [value("http://192.0.2.5:8410", "artifactsUrl")],
  sshUser: [value("admin", "sshUser")],
  bastion: [{ usual: "jump@gate:22", config: (text) => ({ bastion: [text] }) }],
  sudoPassword: [{ ...value("secret", "sudoPassword"), takesBlanks: true }],
  sshPrivateKeyFile: [value("~/.ssh/id", "sshPrivateKeyFile")],
  sshKnownHostsFile: [value("~/.ssh/known_hosts", "sshKnownHostsFile")],
  containerdVersion: [value("2.4.2", "containerdVersion")],
  runcVersion: [value("1.5.2", "runcVersion")],
  cniVersion: [value("1.9.1", "cniVersion")],
  flannelVersion: [value("0.28.10", "flannelVersion")],
  sandboxImage: [value("registry.example.net/pause:1", "sandboxImage")],
  images: [{ usual: "pause", config: (text) => ({ images: [text] }) }],
  registries: [
    { usual: "docker.io", config: (text) => ({ registries: { [text]: { mirrors: ["https://m.example.net"] } } }) },
    { usual: "https://m.example.net", config: (text) => ({ registries: { "docker.io": { mirrors: [text] } } }) },
    { usual: "~/ca.pem", config: (text) => ({ registries: { "docker.io": { mirrors: [], caFile: text } } }) },
    {
      usual: "https://m.example.net",
      config: (text) => ({ registries: { "docker.io": { mirrors: [{ url: text, capabilities: ["pull"] }] } } }),
    },
  ],
  registryCredentials: [
    { usual: "docker.io", config: (text) => ({ registryCredentials: { [text]: { username: "a", password: "b" } } }) },
    { usual: "a", config: (text) => ({ registryCredentials: { "docker.io": { username: text, password: "b" } } }) },
    { usual: "b", config: (text) => ({ registryCredentials: { "docker.io": { username: "a", password: text } } }) },
  ],
  proxy: [
    // With a login the file is a secret.
    ...["http://proxy.example.net:3128", "http://ann:%40word@proxy.example.net:3128"].map((usual) => ({
      usual,
      alike: (text: string) => text.includes("@") === usual.includes("@"),
      config: (text: string) => ({ proxy: { http: text } }),
    })),
    { usual: ".example.net", config: (text) => ({ proxy: { https: "http://proxy.example.net", noProxy: [text] } }) },
  ],
  containerd: [
    { usual: "text", config: (text) => ({ containerd: { settings: { debug: { level: text } } } }) },
    { usual: "text", config: (text) => ({ containerd: { settings: { debug: { [text]: "1" } } } }) },
    { usual: "text", config: (text) => ({ containerd: { runtimes: { gpu: { options: { [text]: [text] } } } } }) },
    { usual: "gpu", config: (text) => ({ containerd: { runtimes: { [text]: {} } } }) },
    { usual: "/usr/bin/gpu", config: (text) => ({ containerd: { runtimes: { gpu: { binary: text } } } }) },
  ],
  kubeletConfig: [
    { usual: "text", config: (text) => ({ kubeletConfig: { marked: { deep: [text] } } }) },
    { usual: "text", config: (text) => ({ kubeletConfig: { marked: { [text]: "1" } } }) },
  ],
  kubeProxyConfig: [{ usual: "text", config: (text) => ({ kubeProxyConfig: { marked: text } }) }],
  kubeletArgs: [{ usual: "4", config: (text) => ({ kubeletArgs: { v: text } }), argument: "kubelet", flag: "v" }],
  kubeProxyArgs: [
    { usual: "4", config: (text) => ({ kubeProxyArgs: { v: text } }), argument: "kube-proxy", flag: "v" },
  ],
  flannelArgs: [{ usual: "4", config: (text) => ({ flannelArgs: { v: text } }), argument: "flanneld", flag: "v" }],
  directories: [
    { usual: "/data/a", config: (text) => ({ directories: { etcd: text } }) },
    { usual: "/data/a", config: (text) => ({ directories: { containerd: text } }) },
    { usual: "/data/a", config: (text) => ({ directories: { kubelet: text } }) },
  ],
  groups: [
    { usual: "text", config: (text) => ({ groups: [{ selector: everyHost, kubeletConfig: { marked: [text] } }] }) },
    { usual: "rack", config: (text) => ({ groups: [{ selector: { [text]: "1" } }] }) },
    { usual: "r1", config: (text) => ({ groups: [{ selector: { rack: text } }] }) },
  ],
  maxUnavailable: [value("10%", "maxUnavailable")],
  sysctls: [
    { usual: "net.core.somaxconn", config: (text) => ({ sysctls: { [text]: "1" } }) },
    { usual: "1", config: (text) => ({ sysctls: { "net.core.somaxconn": text } }), takesBlanks: true },
  ],
  hostBaseline: [
    { usual: "5.15", config: (text) => ({ hostBaseline: { kernel: text } }) },
    { usual: "252", config: (text) => ({ hostBaseline: { systemd: text } }) },
    { usual: "debian 12", config: (text) => ({ hostBaseline: { os: [text] } }) },
  ],
  networkCheck: [{ usual: "example.net", config: (text) => ({ networkCheck: { outsideName: text } }) }],
  clusterStack: [value("organization/plinth/prod", "clusterStack")],
  overrides: [{ usual: "port-taken", config: (text) => ({ overrides: [text] }) }],
} satisfies Partial<Record<keyof ClusterSettings, Place[]>>;

function named(key: string): Place {
  return { usual: "marked", config: (text) => ({ [key]: { [text]: "1" } }) };
}

const ofHost: Place[] = [
  field("cp1", "name"),
  field("192.0.2.11", "address"),
  field("eth0", "interface"),
  field("admin", "user"),
  field("w7.example.net", "sshAddress"),
  { usual: "jump@gate:22", host: (text) => ({ bastion: [text] }) },
  field("ssh-ed25519 AAAAC3Nz comment", "hostKey"),
  field("eu", "region"),
  field("eu-1", "zone"),
  field("r1", "rack"),
  { usual: "rack", host: (text) => ({ labels: { [text]: "1" } }) },
  { usual: "r1", host: (text) => ({ labels: { rack: text } }) },
  { usual: "rack", host: (text) => ({ annotations: { [text]: "1" } }) },
  { usual: "r1", host: (text) => ({ annotations: { rack: text } }) },
  { usual: "gpu", host: (text) => ({ taints: [{ key: text, effect: "NoSchedule" }] }) },
  { usual: "yes", host: (text) => ({ taints: [{ key: "gpu", value: text, effect: "NoSchedule" }] }) },
];

const ofSettings: Place[] = [
  { usual: "text", host: (text) => ({ settings: { kubeletConfig: { marked: [text] } } }) },
  { usual: "4", host: (text) => ({ settings: { flannelArgs: { v: text } } }) },
  { usual: "/data/a", host: (text) => ({ settings: { directories: { kubelet: text } } }) },
];

const worker: HostInput = { name: "w1", address: "192.0.2.21", roles: ["worker"] };

function inputOf(place: Place, text: string) {
  const [first] = threeHosts;
  return checkInput(
    [{ ...first, ...place.host?.(text) }, worker],
    // With one of each kind, so that every kind of file is there.
    { ...rawConfig, servicePorts: [servicePort], ...place.config?.(text) },
  );
}

/** The words of a line, but for what stands in double quotes: that is one. */
const wordsOf = (line: string): number => line.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').split(/\s+/).length;

/** What all lines of a file begin with, and how many words they have: nothing of a value, unless it has broken out. */
function skeleton(path: string, content: string): string[] {
  return content.split("\n").map((line) => {
    if (path.endsWith(".service"))
      return /^(?:[A-Za-z]+=| {2}"?--(?=[a-z][a-z0-9-]*=)|\[\w+\]$|#|$)/.exec(line)?.[0].replace('"', "") ?? line;
    if (/sysctl\.d/.test(path)) return String(/^[\w.*/-]+ = \S.*$/.test(line) || line === "");
    return String(wordsOf(line));
  });
}

/** An unquoted word of ExecStart, as systemd reads it (systemd.service(5), "Command lines"). */
function unquoted(word: string): string {
  const inner = word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(["\\])/g, "$1") : word;
  return inner.replaceAll("%%", "%").replaceAll("$$", "$");
}

/** All files, by host, bundle and the place in the list, with what they are made of. */
function composed(place: Place, text: string) {
  const { hosts, config, findings } = inputOf(place, text);
  assert.ok(config !== undefined && findings.length === 0, findings.map(describeFinding).join("\n"));
  const locate = () => ({ sha256: "0".repeat(64), url: "http://192.0.2.5:8410/x" });
  const bundles = planCluster(hosts, config).map(({ bundle }) => ({
    bundle,
    lines: renderBundle(bundle, 0, locate)
      .split("\n")
      .filter((line) => !line.startsWith("|")),
  }));
  return { hosts, config, bundles };
}

function judge(place: Place, text: string, usual: ReturnType<typeof composed>): void {
  const { bundles, hosts, config } = composed(place, text);
  assert.equal(bundles.length, usual.bundles.length);
  bundles.forEach(({ bundle, lines }, index) => {
    const other = usual.bundles[index];
    assert.ok(other !== undefined);
    // Its own lines: as many, with as many words. A kernel parameter's value is the rest of its line.
    const shape = (all: string[]) =>
      all.map((line) => (line.startsWith("check sysctl ") ? "check sysctl" : String(line.split(" ").length)));
    assert.deepEqual(shape(lines), shape(other.lines), bundle.name);
    bundle.files.forEach(({ path, content }, place) => {
      assert.match(path, /^(\/(?!\.\.?(?:\/|$))[^/\s]+)+$/);
      const was = other.bundle.files[place];
      assert.ok(was !== undefined);
      if (path.endsWith(".yaml")) {
        assert.deepEqual(Object.keys(parse(content) as object), Object.keys(parse(was.content) as object), path);
      } else assert.deepEqual(skeleton(path, content), skeleton(was.path, was.content), path);
    });
    for (const { path } of bundle.secrets) assert.match(path, /^(\/(?!\.\.?(?:\/|$))[^/\s]+)+$/);
  });
  if (place.argument !== undefined) {
    const unit = bundles
      .flatMap(({ bundle }) => bundle.files)
      .find(({ path }) => path.endsWith(`/${place.argument ?? ""}.service`));
    const flag = `--${place.flag ?? "marked"}=`;
    const lines = unit?.content.split("\n") ?? [];
    const line = lines.find((candidate) => [`  ${flag}`, `  "${flag}`].some((start) => candidate.startsWith(start)));
    assert.equal(unquoted((line ?? "").trim().replace(/ \\$/, "")), `${flag}${text}`);
    // Of others' words nothing is in what a shell reads.
    const shells = (all: readonly string[]) => all.filter((candidate) => candidate.includes("/bin/sh -c"));
    const before = usual.bundles.flatMap(({ bundle }) => bundle.files).find(({ path }) => path === unit?.path);
    assert.deepEqual(shells(lines), shells(before?.content.split("\n") ?? []));
  }
  for (const registry of Object.keys({ ...config.registries, ...config.registryCredentials })) {
    for (const line of renderHostsToml(registry, config.registries[registry], config.registryCredentials).split("\n"))
      assert.match(line, /^(#.*|\s*\[[^\n]*\]|\s*\w+ = (?:"(?:[^"\\]|\\.)*"|\[.*\])|)$/);
  }
  for (const host of hosts) {
    const variables = { MANIFEST: renderNodeManifest(host, "demo"), TAINTS: renderTaints(host) };
    const read = parseRosterText(renderRosterText({ script: "register", node: host.name, deadline: 1, variables }));
    assert.deepEqual([read.get("MANIFEST"), read.get("TAINTS"), read.size], [variables.MANIFEST, variables.TAINTS, 4]);
    assert.equal(
      variables.TAINTS.split("\n")
        .filter((line) => !/^[^|]+\|[^|]*\|\w+\|$/.test(line))
        .join(),
      "",
    );
  }
}

const nasty = fc.constantFrom(
  ..."\n \r \t \0 \u2028 \u0085 \u001b[31m".split(" "),
  ..."' \" \\ ` $ % ; # | & * ? [ ] { } ( ) < > ! ~ , = : @ . .. / - -- + ^".split(" "),
  " ",
  ...[
    "$(id)",
    "${IFS}",
    "%n",
    "$$",
    "\n[Service]",
    "\nExecStart=/bin/id",
    "/../../etc",
    "' ; id ; '",
    "\\\n",
    "é",
    "a",
    "b1",
    "1",
  ],
);
const written = fc.array(nasty, { maxLength: 6 }).map((parts) => parts.join(""));
/** What is usual with something put into it, and what is not usual at all. */
const textFor = ({ usual }: Place): fc.Arbitrary<string> =>
  fc.oneof(
    written,
    fc.tuple(fc.nat(usual.length), written).map(([at, text]) => usual.slice(0, at) + text + usual.slice(at)),
  );

const places = [...Object.values(ofConfig).flat(), ...ofHost, ...ofSettings];

describe("what people write", function () {
  this.timeout(180_000);

  it("breaks out of no file, unit, command line and path", () => {
    let composedOnes = 0;
    for (const place of places) {
      // A pool is composed with what its cluster hands over.
      if (place === ofConfig["clusterStack"]?.[0]) continue;
      const usual = composed(place, place.usual);
      judge(place, place.usual, usual);
      fc.assert(
        fc.property(textFor(place), (text) => {
          if (text.trim() === "" || place.alike?.(text) === false || inputOf(place, text).findings.length > 0) return;
          composedOnes += 1;
          judge(place, text, usual);
        }),
        { numRuns: 20 },
      );
    }
    assert.ok(composedOnes > places.length, `${String(composedOnes)} were not refused`);
  });

  it("is refused where it holds a line break, with one sentence in one line, whatever the place", () => {
    for (const place of places) {
      for (const mark of ["\n", "\0", "\u001b[2J", "\u2028"]) {
        if (place.takesBlanks === true && /\s/.test(mark)) continue;
        const { findings } = inputOf(place, `${place.usual}${mark}x`);
        assert.ok(findings.length >= 1, JSON.stringify([place.usual, mark, place.config?.("X") ?? place.host?.("X")]));
        for (const finding of findings) assert.doesNotMatch(describeFinding(finding), /[\p{Cc}\u2028]|Invalid key/u);
      }
    }
  });

  const refused: [string, Record<string, unknown>, RegExp][] = [
    [
      "a folder as registry",
      { registries: { "../../etc": {} } },
      /registries\.\.\.\/\.\.\/etc must be a registry such as/,
    ],
    [
      "a registry with a path",
      { registryCredentials: { "a.example/b": { username: "a", password: "b" } } },
      /must be a registry/,
    ],
    ["a registry named ..", { registries: { "..": {} } }, /must be a registry/],
    [
      "a login in a mirror",
      { registries: { "a.example": { mirrors: ["https://u:p@m.example"] } } },
      /must have no login in it/,
    ],
    [
      "containerd 1's settings",
      { containerd: { settings: { plugins: { "io.containerd.grpc.v1.cri": { sandbox_image: "a" } } } } },
      /io\.containerd\.grpc\.v1\.cri is not what.*containerd 2 has its settings in io\.containerd\.cri\.v1\.images/,
    ],
    [
      "the kubelet's plugin by its short name",
      { containerd: { settings: { disabled_plugins: ["cri"] } } },
      /has cri, which the kubelet asks/,
    ],
    ...["/snap/x", "/efi", "/var/lib/docker"].map((path): [string, Record<string, unknown>, RegExp] => [
      `data in ${path}`,
      { directories: { containerd: path } },
      /directories\.containerd is .*the system's or Plinth's own/,
    ]),
    [
      "a scheduler that IPVS has not",
      { kubeProxyConfig: { mode: "ipvs", ipvs: { scheduler: "bogus" } } },
      /ipvs\.scheduler is "bogus"; use one of dh, fo/,
    ],
    ["a quote in an image", { sandboxImage: 'a"\nb:1' }, /plinth:sandboxImage must be an image/],
    ["a blank in a URL", { artifactsUrl: "http://192.0.2.5/a b" }, /plinth:artifactsUrl must be a URL/],
    [
      "an address that is none",
      { vip: "", externalEndpoint: "10.0.0.300" },
      /externalEndpoint must be an IPv4 address or a DNS/,
    ],
    ["a scheme", { vip: "", externalEndpoint: "https://api.example.net" }, /without scheme, and with a port where/],
    ["an address in hexadecimal", { vip: "", externalEndpoint: "0x7f.1" }, /externalEndpoint must be an IPv4 address/],
    ["an address in octal", { artifactsUrl: "http://192.0.2.010" }, /four numbers without leading zeros/],
    ["an address in one number", { registries: { "docker.io": { mirrors: ["http://3221225985"] } } }, /four numbers/],
    ["a domain that is an address", { clusterDomain: "10.0.0.1" }, /clusterDomain must be a DNS domain/],
    ...["10.0.0.0/99", "10.0.0.1-10.0.0.9", "10.0.0.010", "example.net/8"].map(
      (one): [string, Record<string, unknown>, RegExp] => [
        `a network that is none: ${one}`,
        { proxy: { http: "http://proxy.example.net", noProxy: [one] } },
        /noProxy\.0 must have addresses as four numbers/,
      ],
    ),
    [
      "a number for a text",
      { apiserverArgs: { v: 2 } },
      /apiserverArgs\.v must be a text, and is a number: write it in/,
    ],
    ["a text for a list", { bastion: "gate" }, /bastion must be a list, and is a text/],
    ["a list for a map", { apiserverArgs: ["--v=2"] }, /apiserverArgs must be a map, and is a list/],
    ["nothing for a text", { directories: { etcd: null } }, /directories\.etcd must be a text, and is nothing/],
    ["a word for a number", { mtu: "jumbo" }, /mtu must be a number, and is no number/],
    ["a number that is too small", { sshDials: "0" }, /sshDials must be at least 1/],
    ["a number that is too large", { virtualRouterId: "256" }, /virtualRouterId must be at most 255/],
    ["a word that is none of a few", { network: "calico" }, /network must be one of flannel, none/],
    ["a key that nobody knows", { proxy: { no_proxy: "x" } }, /proxy has no_proxy, which is unknown here/],
    ["half of a login", { registryCredentials: { "docker.io": { username: "a" } } }, /docker\.io\.password is missing/],
    [
      "a login for a registry that no image names",
      { registryCredentials: { "index.docker.io": { username: "a", password: "b" } } },
      /registryCredentials\.index\.docker\.io .*name Docker Hub docker\.io/,
    ],
    ["a kernel parameter that is true", { sysctls: { "vm.swappiness": true } }, /must be a text or a number/],
    [
      "a host that forwards nothing",
      { sysctls: { "net.ipv4.conf.all.forwarding": 0 } },
      /sysctls\.net\.ipv4\.conf\.all\.forwarding is not what Plinth sets/,
    ],
    [
      "a service at kube-proxy's port",
      { servicePorts: [{ ...servicePort, port: 10256 }] },
      /service port http wants 10256, at which kube-proxy/,
    ],
    ["half of a character", { sudoPassword: "a\ud800" }, /sudoPassword must be one line/],
    ["a port that is none", { vip: "", externalEndpoint: "api.example.net:0" }, /externalEndpoint must be/],
    ["a path behind a port", { vip: "", externalEndpoint: "api.example.net:443/a" }, /externalEndpoint must be/],
    ["an address as name", { vipName: "192.0.2.99" }, /vipName must be a DNS name/],
    ["a port in a certificate", { apiserverSans: ["api.example.net:443"] }, /apiserverSans\.0 must be an IPv4 address/],
    ["a wildcard of addresses", { apiserverSans: ["*.0.2.1"] }, /apiserverSans\.0 must be/],
    [
      "data in a path with a blank",
      { etcdArgs: { "data-dir": "/a b" } },
      /etcdArgs\.data-dir must be an absolute path/,
    ],
    ["dashes", { apiserverArgs: { "--v": "2" } }, /apiserverArgs\.--v must be the name of an argument/],
  ];
  for (const [title, extra, expected] of refused) {
    it(`is refused: ${title}`, () => {
      const { findings } = checkInput(threeHosts, { ...rawConfig, ...extra });
      assert.match(findings.map(describeFinding).join("\n"), expected);
    });
  }

  it("is taken where it is usual", () => {
    const usual: Record<string, unknown>[] = [
      ...["bond0.100", "enp3s0f0np0", "br-lan", "eth0"].map((name) => ({ interface: name })),
      ...["localhost/plinth/pause:lab", "registry.k8s.io/pause:3.10.1", `r:5000/a/b_c@sha256:${"0".repeat(64)}`].map(
        (name) => ({ sandboxImage: name }),
      ),
      ...["docker.io", "registry.example.net:5000", "_default", "192.0.2.7:5000"].map((name) => ({
        registries: { [name]: {} },
      })),
      {
        apiserverArgs: {
          "service-node-port-range": "30000-32767",
          "feature-gates": "A=true,B=false",
          "audit-webhook-config-file": "/etc/a b",
        },
      },
      { sysctls: { "vm.swappiness": null, "net.ipv4.conf.eth0.forwarding": 1 } },
      { sysctls: { "net.ipv4.tcp_rmem": "4096\t131072 6291456\n" } },
      { artifactsUrl: "https://mirror.example.net/plinth/" },
    ];
    for (const extra of usual) {
      const { findings } = checkInput(threeHosts, { ...rawConfig, ...extra });
      assert.deepEqual(findings, [], JSON.stringify(extra));
    }
  });
});
