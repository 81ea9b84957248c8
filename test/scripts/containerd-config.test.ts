import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { defaultVersions, ensureArtifacts } from "../../artifacts/index.ts";
import { bundleOf, configOf, hostsOf, threeHosts } from "../support/cluster.ts";

// What a real containerd makes of its files as they are planned: it prints what it goes by, and starts nothing.
describe("the configuration of containerd", function () {
  // May have to build it.
  this.timeout(1_200_000);
  let containerd: string;
  let folder: string;

  before(async () => {
    const version = defaultVersions["containerd"] ?? "";
    containerd = (await ensureArtifacts([{ name: "containerd", version }])).get("containerd") ?? "";
  });
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "plinth-containerd-config-"));
    mkdirSync(path.join(folder, "conf.d"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** What containerd goes by. */
  const dump = (raw: Record<string, unknown>): string => {
    const hosts = hostsOf(threeHosts);
    const [host] = hosts;
    assert.ok(host);
    for (const { path: file, content } of bundleOf("runtime", { host, hosts, config: configOf(raw) }).files) {
      if (!file.endsWith(".toml") || file.includes("certs.d")) continue;
      // The folder alone is another one.
      writeFileSync(path.join(folder, path.basename(file)), content.replaceAll('"/etc/containerd/', `"${folder}/`));
    }
    const args = ["--config", path.join(folder, "config.toml"), "config", "dump"];
    return execFileSync(containerd, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  };
  /** The lines of a table. */
  const table = (text: string, name: string): string[] => {
    const lines = text.split("\n").map((line) => line.trim());
    const begin = lines.findIndex((line) => line.startsWith("[") && line.includes(name));
    assert.ok(begin >= 0, `${name} in ${text}`);
    const end = lines.findIndex((line, index) => index > begin && line.startsWith("["));
    return lines.slice(begin + 1, end).filter((line) => line !== "");
  };

  it("takes in what others put into conf.d, and keeps what is ours", () => {
    const drop = `version = 3
[plugins."io.containerd.cri.v1.runtime".containerd]
  default_runtime_name = "gpu"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.gpu]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.gpu.options]
  BinaryName = "/usr/bin/gpu-runtime"
`;
    assert.doesNotMatch(dump({}), /gpu-runtime/);
    writeFileSync(path.join(folder, "conf.d/99-gpu.toml"), drop);
    const text = dump({});
    assert.match(text, /default_runtime_name = ['"]gpu['"]/);
    assert.ok(table(text, "runtimes.gpu.options").some((line) => line.includes("/usr/bin/gpu-runtime")));
    assert.ok(table(text, "runtimes.runc.options").some((line) => line.includes("/opt/plinth/bin/runc")));
  });

  it("has its data where a host says", () => {
    assert.match(dump({}), /^root = ['"]\/var\/lib\/containerd['"]$/m);
    assert.match(dump({ directories: { containerd: "/data/containerd" } }), /^root = ['"]\/data\/containerd['"]$/m);
  });

  it("takes in plinth:containerd: runtimes by name, and settings", () => {
    const text = dump({
      containerd: {
        runtimes: {
          gpu: { binary: "/usr/bin/gpu-runtime" },
          kata: { type: "io.containerd.kata.v2", binary: "/opt/kata/shim", options: { ConfigPath: "/etc/kata.toml" } },
        },
        settings: {
          debug: { level: "warn" },
          plugins: {
            "io.containerd.cri.v1.runtime": {
              max_container_log_line_size: 32768,
              containerd: { default_runtime_name: "gpu" },
            },
            "io.containerd.cri.v1.images": { max_concurrent_downloads: 7 },
          },
        },
      },
    });
    const has = (name: string, line: RegExp): void => {
      assert.ok(
        table(text, name).some((one) => line.test(one)),
        `${name}: ${table(text, name).join("; ")}`,
      );
    };
    has("runtimes.gpu.options", /^BinaryName = ['"]\/usr\/bin\/gpu-runtime['"]$/);
    has("runtimes.gpu.options", /^SystemdCgroup = true$/);
    has("runtimes.kata]", /^runtime_path = ['"]\/opt\/kata\/shim['"]$/);
    has("runtimes.kata.options", /^ConfigPath = ['"]\/etc\/kata\.toml['"]$/);
    has("runtimes.runc.options", /\/opt\/plinth\/bin\/runc/);
    for (const line of ["max_container_log_line_size = 32768", "max_concurrent_downloads = 7"])
      assert.ok(text.includes(line), line);
    assert.match(text, /default_runtime_name = ['"]gpu['"]/);
    assert.match(text, /level = ['"]warn['"]/);
    assert.match(text, /snapshotter = ['"]overlayfs['"]/);
    assert.match(text, /discard_unpacked_layers = true/);
  });
});
