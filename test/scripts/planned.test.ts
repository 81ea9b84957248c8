import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderBundle, renderSecrets, type Bundle } from "../../plan/bundle.ts";
import { planCluster } from "../../plan/bundles/index.ts";
import type { HostInput } from "../../plan/inventory.ts";
import { hostScript } from "../../components/host/script.ts";
import { configOf, hostsOf, rawConfig, threeHosts } from "../support/cluster.ts";
import { shells, type Shell } from "./support/fake-host.ts";

const workers: HostInput[] = [1, 2].map((n) => ({ name: `w${n}`, address: `192.0.2.2${n}`, roles: ["worker"] }));
const single: HostInput = {
  name: "one",
  address: "192.0.2.11",
  roles: ["etcd", "control-plane", "load-balancer", "worker"],
};

/** Clusters of every kind: what is planned → hosts and configuration. */
const clusters: Record<string, { hosts: HostInput[]; config: Record<string, unknown> }> = {
  "one host": { hosts: [single], config: {} },
  "three control-plane hosts and workers": { hosts: [...threeHosts, ...workers], config: {} },
  "a load balancer of one's own": {
    hosts: [...threeHosts, ...workers],
    config: { vip: undefined, externalEndpoint: "api.example.net" },
  },
  "a pod network of one's own": { hosts: [single, ...workers], config: { network: "none" } },
  "images and registries": {
    hosts: [single],
    config: {
      images: ["pause", "coredns"],
      registries: {
        "docker.io": { mirrors: ["https://mirror.example.net"] },
        "registry.example.net:5000": { mirrors: ["http://192.0.2.5:5000"] },
      },
      registryCredentials: { "mirror.example.net": { username: "puller", password: 'it\'s "secret"' } },
    },
  },
  "ports of services": {
    hosts: [...threeHosts, ...workers],
    config: {
      serviceVip: "192.0.2.9",
      servicePorts: [
        { name: "https", port: 443, nodePort: 30443 },
        { name: "smtp", port: 25, nodePort: 30025 },
        { name: "http", port: 80, nodePort: 30080, healthCheckNodePort: 32000, proxyProtocol: "v2" },
      ],
    },
  },
  "settings of one's own": {
    hosts: [single],
    config: {
      apiserverArgs: { "feature-gates": "A=true,B=false", "audit-log-maxage": "7" },
      etcdArgs: { "data-dir": "/srv/etcd" },
      sysctls: { "net.ipv4.ip_local_port_range": "32768 60999", "net.ipv4.conf.*.rp_filter": "2" },
    },
  },
  "issuers, files and plugins of one's own": {
    hosts: [single],
    config: {
      authentication: {
        jwt: [
          {
            issuer: { url: "https://id.example.com", audiences: ["kubernetes"], caFile: "ca.pem" },
            claimMappings: { username: { claim: "sub", prefix: "oidc:" } },
          },
        ],
      },
      apiserverFiles: {
        "/etc/kubernetes/apiserver/audit.conf": { file: "audit.conf" },
        "/etc/kubernetes/apiserver/more/tracing.yaml": { file: "tracing.yaml", secret: false },
      },
      admission: { PodNodeSelector: { podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: "" } } },
      protections: { "external-ips": "warn" },
    },
  },
  "hosts with settings of their own": {
    hosts: [...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"], labels: { disk: "nvme" } }],
    config: {
      directories: { etcd: "/data/etcd" },
      groups: [
        {
          selector: { disk: "nvme" },
          directories: { containerd: "/data/containerd", kubelet: "/data/kubelet" },
          kubeletArgs: { v: "4" },
          sysctls: { "net.core.somaxconn": 4096 },
          containerd: { runtimes: { gpu: { binary: "/usr/bin/gpu" } } },
        },
      ],
    },
  },
  "a pool of workers": { hosts: workers, config: { clusterStack: "organization/plinth/prod" } },
};

const locate = () => ({ sha256: "0".repeat(64), url: "http://192.0.2.5:8410/file" });
const textOf = (bundle: Bundle): string =>
  renderBundle(bundle, 1, locate) +
  renderSecrets(bundle.secrets.map(({ path }) => ({ path, content: `content of ${path}\n` })));

/** Every bundle that is planned for a cluster: `HOST NAME` → its text. */
function plannedFor({ hosts, config }: { hosts: HostInput[]; config: Record<string, unknown> }): Map<string, string> {
  const settings = configOf({ ...rawConfig, ...config });
  return new Map(
    planCluster(hostsOf(hosts), settings).map(({ host, bundle }) => [`${host.name} ${bundle.name}`, textOf(bundle)]),
  );
}

/**
 * What the host script's own `stream_read` says to texts: the sentence by which it refuses one, or the bundle's name. One
 * shell reads them all, each in a subshell, because a refusal ends it.
 */
function read(shell: Shell, texts: ReadonlyMap<string, string>): Map<string, string> {
  const directory = mkdtempSync(join(tmpdir(), "plinth-planned-"));
  try {
    const [functions, ...rest] = hostScript().split('\nmain "$@"\n');
    assert.ok(functions !== undefined && rest.length === 1, "the script ends with the call of main");
    const reader = `for text in "$PLINTH_ROOT"/texts/*; do
      (stage_make && stream_read && echo "$BUNDLE $GENERATION") <"$text" >"$text.said" 2>&1
    done`;
    mkdirSync(join(directory, "texts"));
    [...texts.values()].forEach((text, index) => {
      writeFileSync(join(directory, "texts", String(index)), text);
    });
    // As a file: the host script is about as long as one argument may be (128 KiB).
    const program = join(directory, "read.sh");
    const print = `for text in "$PLINTH_ROOT"/texts/*.said; do
      printf '%s\\t%s\\n' "\${text##*/}" "$(cat "$text")"
    done`;
    writeFileSync(program, `${functions}\n${reader}\n${print}\n`);
    const said = spawnSync(shell, [program], { encoding: "utf8", env: { ...process.env, PLINTH_ROOT: directory } });
    assert.equal(said.stderr, "");
    const sentences = new Map(
      said.stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split("\t") as [string, string]),
    );
    return new Map([...texts.keys()].map((key, index) => [key, sentences.get(`${index}.said`) ?? "nothing"]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** One mistake each, as a slip of a pen in a plan would make it: what is changed in a text, and what is said to it. */
const mistakes: Record<string, { host: string; bundle: string; from: RegExp; to: string; sentence: RegExp }> = {
  "an unknown check": {
    host: "one",
    bundle: "controlplane",
    from: /^check http-ok /m,
    to: "check http-okay ",
    sentence: /unknown check http-okay/,
  },
  "a check inside of another that is unknown": {
    host: "one",
    bundle: "node",
    from: /^(check if-file .*) http-ok /m,
    to: "$1 http-okay ",
    sentence: /unknown check http-okay/,
  },
  "an unknown prepare": {
    host: "one",
    bundle: "etcd",
    from: /^prepare etcd-join /m,
    to: "prepare etcd-joins ",
    sentence: /unknown prepare etcd-joins/,
  },
  "an unknown require": {
    host: "one",
    bundle: "etcd",
    from: /^require etcd-quorum /m,
    to: "require quorum ",
    sentence: /unknown require quorum/,
  },
  "an unknown judge": {
    host: "one",
    bundle: "etcd",
    from: /^judge start /m,
    to: "judge starts ",
    sentence: /unknown judge starts/,
  },
  "a missing argument": {
    host: "one",
    bundle: "etcd",
    from: /^(check etcd-voter .*) \S+$/m,
    to: "$1",
    sentence: /check etcd-voter takes at least 6 arguments, found 5/,
  },
  "a missing argument of a check inside of another": {
    host: "one",
    bundle: "etcd",
    from: /^(check if-bundle \d+ \S+ controlplane http-ok \S+) .*$/m,
    to: "$1",
    sentence: /check http-ok takes at least 2 arguments, found 1/,
  },
  "a restart of a unit that is not listed": {
    host: "one",
    bundle: "runtime",
    from: /^unit containerd\.service\n/m,
    to: "",
    sentence: /restart or reload of containerd\.service on line \d+, but there is no line `unit containerd\.service`/,
  },
  "a secret that does not come": {
    host: "one",
    bundle: "etcd",
    from: /^secret (\S+)\n\|.*\n/m,
    to: "",
    sentence: /the secret part does not give the content of/,
  },
};

for (const shell of shells) {
  describe(`what is planned (${shell})`, function () {
    this.timeout(60_000);

    for (const [title, cluster] of Object.entries(clusters)) {
      it(`is what the host script reads: ${title}`, () => {
        const texts = plannedFor(cluster);
        const said = read(shell, texts);
        assert.deepEqual(
          [...said.entries()],
          [...texts.keys()].map((key) => [key, `${key.replace(/.* /, "")} 1`]),
        );
      });
    }

    it("is refused with a mistake in it", () => {
      const texts = plannedFor({ hosts: [single], config: {} });
      const wrong = new Map(
        Object.entries(mistakes).map(([title, { host, bundle, from, to }]) => {
          const text = texts.get(`${host} ${bundle}`) ?? "";
          assert.match(text, from, title);
          return [title, text.replace(from, to)];
        }),
      );
      for (const [title, sentence] of read(shell, wrong))
        assert.match(sentence, mistakes[title]?.sentence ?? /^$/, title);
    });
  });
}
