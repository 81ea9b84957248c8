import assert from "node:assert/strict";
import { parseConfig } from "../../../plan/config.ts";
import { validateContainerd } from "../../../plan/containerdsettings.ts";
import { stackPlace } from "../../../plan/settings/place.ts";
import { configOf, rawConfig } from "../../support/cluster.ts";

const findings = (containerd: object): string[] =>
  validateContainerd(configOf({ containerd }).containerd, stackPlace).map(({ message }) => message);
const cri = "io.containerd.cri.v1.runtime";

describe("plan/containerdsettings", () => {
  it("takes runtimes and settings that the rest does not go by", () => {
    const containerd = {
      runtimes: { nvidia: { binary: "/usr/bin/nvidia-container-runtime", runtimeClass: true } },
      settings: {
        oom_score: -500,
        plugins: { [cri]: { enable_cdi: true, containerd: { default_runtime_name: "nvidia" } } },
      },
    };
    assert.deepEqual(findings(containerd), []);
  });

  it("finds everything that the rest goes by, what containerd does not know, and what would be in vain", () => {
    const containerd = {
      runtimes: { runc: {}, gpu: { nodeSelector: { gpu: "yes" } } },
      settings: {
        ...{ version: 2, root: "/srv", imports: ["x"], grpc: { address: "/x" }, verison: 1 },
        disabled_plugins: ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.zfs"],
        plugins: {
          cri: {},
          "io.containerd.cri.v1.images": { registry: { mirrors: {} }, pinned_images: { sandbox: "x" } },
          [cri]: { containerd: { default_runtime_name: "kata", runtimes: { kata: {} } }, cni: { conf_dir: "/x" } },
        },
      },
    };
    const expected = [
      ...["version", "root", "imports", "grpc.address"].map((name) => `settings.${name} is not what Plinth sets`),
      "settings.plugins.io.containerd.cri.v1.images.registry is not what",
      "settings.plugins.io.containerd.cri.v1.images.pinned_images.sandbox is not what",
      `settings.plugins.${cri}.cni is not what`,
      `settings.plugins.${cri}.containerd.runtimes is not what`,
      "settings.verison is unknown to containerd",
      "settings.plugins.cri is no plugin",
      "settings.disabled_plugins has io.containerd.grpc.v1.cri, which the kubelet asks",
      `settings.plugins.${cri}.containerd.default_runtime_name is kata, which is none of the runtimes there`,
      "runtimes.runc is Plinth's own",
      "runtimes.gpu.nodeSelector is set, and there is no RuntimeClass that it is for",
    ];
    const said = findings(containerd);
    assert.equal(said.length, expected.length, said.join("\n"));
    expected.forEach((start, index) => {
      assert.ok(said[index]?.startsWith(`plinth:containerd.${start}`), `${said[index] ?? ""} / ${start}`);
    });
  });

  it("refuses what is no name, no path and no TOML, by its place", () => {
    const refused: [unknown, RegExp][] = [
      [{ runtimes: { "a b": {} } }, /must be a DNS-1123 label/],
      [{ runtimes: { gpu: { binary: "runc" } } }, /runtimes\.gpu\.binary must be an absolute path/],
      [{ runtimes: { gpu: { type: "kata" } } }, /runtimes\.gpu\.type must be the type of a runtime/],
      [{ runtimes: { gpu: { options: { A: null } } } }, /options\.A must have a value/],
      [{ settings: { debug: { level: null } } }, /settings\.debug\.level must have a value/],
      [{ settings: { debug: { level: "a\nb" } } }, /must be one line/],
    ];
    for (const [containerd, message] of refused)
      assert.match(
        parseConfig({ ...rawConfig, containerd })
          .findings.map((one) => one.message)
          .join(),
        message,
      );
  });
});
