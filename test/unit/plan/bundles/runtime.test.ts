import assert from "node:assert/strict";
import path from "node:path";
import { isKeyMaterial, renderBundle, type Bundle } from "../../../../plan/bundle.ts";
import { registryFiles, renderHostsToml } from "../../../../plan/bundles/registries.ts";
import { bundleOf, configOf, hostsOf, threeHosts } from "../../../support/cluster.ts";
import { matchSnapshot } from "../../../support/snapshot.ts";

const hosts = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
const worker = hosts.find((host) => host.name === "w1");
const locate = () => ({ sha256: "0".repeat(64), url: "http://192.0.2.5:8410/file" });
const plan = (extra: Record<string, unknown> = {}): Bundle => {
  assert.ok(worker);
  return bundleOf("runtime", { host: worker, hosts, config: configOf(extra) });
};
const render = (bundle: Bundle) => renderBundle(bundle, 1, locate);
const fileOf = (bundle: Bundle, file: string): string => {
  const found = bundle.files.find((item) => item.path === file);
  assert.ok(found, file);
  return found.content;
};
const configFile = "/etc/containerd/config.toml";

describe("plan/bundles/runtime", () => {
  it("with images and mirrors is the one that was reviewed", () => {
    const bundle = plan({
      images: ["pause", "coredns"],
      registries: { "docker.io": { mirrors: ["https://mirror.example.net"] } },
    });
    matchSnapshot(path.join(import.meta.dirname, "../__snapshots__/runtime-options.txt"), render(bundle));
  });

  it("does not depend on the host: adding one changes no other", () => {
    const [first] = hosts;
    assert.ok(first && worker);
    const config = configOf();
    assert.deepEqual(
      bundleOf("runtime", { host: first, hosts, config }),
      bundleOf("runtime", { host: worker, hosts: [worker], config }),
    );
  });

  it("an image archive more changes neither containerd nor other archives", () => {
    const before = render(plan({ images: ["pause"] })).split("\n");
    const added = render(plan({ images: ["web", "pause"] }))
      .split("\n")
      .filter((line) => !before.includes(line));
    assert.equal(added.length, 1);
    assert.match(
      added[0] ?? "",
      /^download \/var\/lib\/containerd-images\/web\.tar .* restart=containerd-images\.service$/,
    );
  });

  it("nothing but the archives' own unit is there for image archives, and nothing without them", () => {
    assert.deepEqual(plan().units, ["plinth-pods.service", "containerd.service"]);
    assert.deepEqual(
      plan().downloads?.map(({ path }) => path),
      ["/usr/local/lib/plinth/end-pods"],
    );
    assert.ok(!plan().files.some((file) => file.path.includes("images")));
  });

  it("nothing restarts the unit whose stop ends all pods", () => {
    const bundle = plan({ images: ["pause"] });
    const restarts = [...bundle.files, ...bundle.binaries, ...(bundle.downloads ?? [])].flatMap((item) => [
      ...(item.restart ?? []),
      ...("reload" in item ? (item.reload ?? []) : []),
    ]);
    assert.ok(!restarts.includes("plinth-pods.service"));
    assert.equal(bundle.units[0], "plinth-pods.service");
  });

  it("only containerd itself restarts it: its shim, runc and the CNI plugins do not", () => {
    const restarting = plan().binaries.filter((binary) => binary.restart !== undefined);
    assert.deepEqual(
      restarting.map((binary) => binary.name),
      ["containerd"],
    );
  });

  it("follows the cgroup driver and leaves OOM scores alone where it must", () => {
    assert.match(fileOf(plan(), configFile), /SystemdCgroup = true/);
    const lab = fileOf(plan({ cgroupDriver: "cgroupfs", restrictOomScoreAdj: true, oomScoreAdjust: 0 }), configFile);
    assert.match(lab, /SystemdCgroup = false/);
    assert.match(lab, /restrict_oom_score_adj = true/);
    const unit = "/etc/systemd/system/containerd.service";
    assert.match(fileOf(plan(), unit), /^OOMScoreAdjust=-900$/m);
    assert.doesNotMatch(fileOf(plan({ oomScoreAdjust: 0 }), unit), /OOMScoreAdjust/);
  });

  it("a network of one's own brings its CNI configuration along", () => {
    const bundle = plan({ network: "none" });
    assert.match(fileOf(bundle, configFile), /conf_template = ""/);
    assert.ok(!bundle.files.some((file) => file.path === "/etc/containerd/cni.template"));
  });

  it("the template gives valid JSON for one and for two networks", () => {
    const template = fileOf(plan(), "/etc/containerd/cni.template");
    for (const ranges of [["10.244.1.0/24"], ["10.244.1.0/24", "fd00:1::/64"]]) {
      const text = template
        .replace(
          /\{\{range \$i, \$range.*?\{\{end\}\}(?=\])(?!\}\])/,
          ranges.map((range) => `[{"subnet": "${range}"}]`).join(", "),
        )
        .replace(/\{\{range \$i, \$route.*\{\{end\}\}/, '{"dst": "0.0.0.0/0"}');
      const value = JSON.parse(text) as { plugins: { type: string; mtu?: number }[] };
      assert.deepEqual(
        value.plugins.map((plugin) => plugin.type),
        ["bridge", "portmap"],
      );
      assert.equal(value.plugins[0]?.mtu, 1450);
    }
  });
});

describe("plan/bundles/registries", () => {
  const mirrors = ["https://one.example.net", "https://two.example.net:5000/v2/proxy"];
  const credentials = { "two.example.net:5000": { username: "robot", password: "pa:ss" } };

  it("mirrors come in their order, then the registry", () => {
    assert.equal(
      renderHostsToml("docker.io", { mirrors: mirrors.map((url) => ({ url })), caFile: "~/ca.pem" }, credentials),
      [
        "# Where the images of this registry come from.",
        '[host."https://one.example.net"]',
        '  capabilities = ["pull", "resolve"]',
        '  dial_timeout = "5s"',
        '  ca = "/etc/containerd/certs.d/docker.io/ca.crt"',
        '[host."https://two.example.net:5000/v2/proxy"]',
        '  capabilities = ["pull", "resolve"]',
        '  dial_timeout = "5s"',
        "  override_path = true",
        '  ca = "/etc/containerd/certs.d/docker.io/ca.crt"',
        '  [host."https://two.example.net:5000/v2/proxy".header]',
        '    Authorization = "Basic cm9ib3Q6cGE6c3M="',
        "",
      ].join("\n"),
    );
  });

  it("a registry without mirrors has its own authority and credentials", () => {
    const own = { "registry.example.net": { username: "u", password: "p" } };
    assert.equal(
      renderHostsToml("registry.example.net", { mirrors: [], caFile: "ca.pem" }, own),
      [
        "# Where the images of this registry come from.",
        'ca = "/etc/containerd/certs.d/registry.example.net/ca.crt"',
        "[header]",
        '  Authorization = "Basic dTpw"',
        "",
      ].join("\n"),
    );
  });

  it("credentials are secret files, for the hosts they belong to only", () => {
    const bundle = plan({
      registries: { "docker.io": { mirrors, caFile: "~/ca.pem" }, "quay.io": { mirrors: ["https://one.example.net"] } },
      registryCredentials: credentials,
    });
    assert.doesNotMatch(render(bundle), /cm9ib3Q6cGE6c3M|pa:ss|robot/);
    assert.deepEqual(
      bundle.secrets.map(({ path: file, mode, source }) => [file, mode, isKeyMaterial(source)]),
      [
        ["/etc/containerd/certs.d/docker.io/hosts.toml", "0600", true],
        ["/etc/containerd/certs.d/docker.io/ca.crt", "0644", false],
        ["/etc/containerd/certs.d/two.example.net:5000/hosts.toml", "0600", true],
      ],
    );
    assert.match(fileOf(bundle, "/etc/containerd/certs.d/quay.io/hosts.toml"), /one\.example\.net/);
  });

  it("each mirror may be trusted in its own way, by files of its own", () => {
    const own = {
      url: "https://one.example.net/v2/hub",
      caFile: "one.pem",
      clientCertificateFile: "client.pem",
      clientKeyFile: "client.key",
      capabilities: ["pull"],
    };
    const plain = "http://192.0.2.5:5000";
    const registries = { _default: { mirrors: [own, "https://two.example.net/", plain], caFile: "all.pem" } };
    const { files, secrets } = registryFiles(configOf({ registries }));
    const folder = "/etc/containerd/certs.d/_default";
    assert.deepEqual(
      secrets.map(({ path: file, mode, source }) => [file, mode, isKeyMaterial(source)]),
      [
        [`${folder}/mirror-1-ca.crt`, "0644", false],
        [`${folder}/mirror-1-client.pem`, "0644", false],
        [`${folder}/mirror-1-client.key`, "0600", true],
        [`${folder}/ca.crt`, "0644", false],
      ],
    );
    assert.equal(
      files[0]?.content,
      [
        "# Where the images of this registry come from.",
        '[host."https://one.example.net/v2/hub"]',
        '  capabilities = ["pull"]',
        '  dial_timeout = "5s"',
        "  override_path = true",
        `  ca = "${folder}/mirror-1-ca.crt"`,
        `  client = [["${folder}/mirror-1-client.pem", "${folder}/mirror-1-client.key"]]`,
        '[host."https://two.example.net"]',
        '  capabilities = ["pull", "resolve"]',
        '  dial_timeout = "5s"',
        `  ca = "${folder}/ca.crt"`,
        `[host."${plain}"]`,
        '  capabilities = ["pull", "resolve"]',
        '  dial_timeout = "5s"',
        "",
      ].join("\n"),
    );
  });

  it("a mirror's credentials are found with its port and without where that is the usual one", () => {
    const registry = { mirrors: [{ url: "https://one.example.net" }, { url: "https://two.example.net:443" }] };
    const login = { username: "u", password: "p" };
    const text = renderHostsToml("quay.io", registry, { "one.example.net:443": login, "two.example.net": login });
    assert.equal(text.match(/Authorization = "Basic dTpw"/g)?.length, 2);
  });
});
