import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type SourceContext, type Wanted } from "../../../artifacts/context.ts";
import { binaryName, buildFromModules, stagingModules } from "../../../artifacts/gomodule.ts";
import { Reachability } from "../../../artifacts/http.ts";
import { ownPlatform } from "../../../artifacts/platform.ts";
import { type ArtifactGroup } from "../../../artifacts/table.ts";
import { emptyLock } from "../../../lockfile/schema.ts";
import { Cleanup, testGroup } from "./support.ts";

const goMod = `module plinth/artifacts/one

go 1.26

tool example.com/one/cmd/alpha/v3

require (
	example.com/one v1.2.3 // indirect
	example.com/dependency v0.1.0 // indirect
)
`;

describe("builds from Go modules", () => {
  const cleanup = new Cleanup();
  let folder: string;
  let group: ArtifactGroup;
  let context: SourceContext;
  let lines: string[];
  let wanted: Wanted;

  beforeEach(async () => {
    folder = await cleanup.folder();
    await mkdir(join(folder, "bin"));
    await mkdir(join(folder, "module"));
    await writeFile(join(folder, "module", "go.mod"), goMod);
    group = testGroup("one", ["alpha", "beta"], "http://127.0.0.1:9", join(folder, "module"));
    lines = [];
    context = {
      cacheDir: join(folder, "cache"),
      report: (line) => lines.push(line),
      reachability: new Reachability(),
      lock: emptyLock,
    };
    wanted = { group, version: "1.2.3", platform: ownPlatform(), names: ["alpha"] };
    const before = process.env["PATH"] ?? "";
    cleanup.add(() => {
      process.env["PATH"] = before;
      return Promise.resolve();
    });
    process.env["PATH"] = `${join(folder, "bin")}:${before}`;
  });

  afterEach(() => cleanup.clean());

  /**
   * A go command that logs how it is called and "builds" scripts which print `version`.
   * `proxy` is its GOPROXY, `fails` what it prints instead of building.
   */
  async function fakeGo({ version = "1.2.3", proxy = "off", fails = "" } = {}): Promise<void> {
    await writeFile(join(folder, "one.mod"), "module example.com/one\nrequire (\n\texample.com/part v0.0.0\n)\n");
    const script = `#!/bin/sh
case "$*" in
  "env GOVERSION") echo go1.99.0; exit ;;
  "env GOPROXY") echo "${proxy}"; exit ;;
esac
{ echo "$*"; echo "$CGO_ENABLED $GOFLAGS $GOOS-$GOARCH $GOTOOLCHAIN $GOWORK proxy=$GOPROXY"; cat go.mod; } >>"${folder}/log"
case "$1 $2" in
  "mod download") echo '{"GoMod": "${folder}/one.mod"}'; exit ;;
esac
if [ -n "${fails}" ]; then
  echo "example.com/noise/package" >&2
  echo "${fails}" >&2
  exit 1
fi
while [ "$1" != -o ]; do shift; done
out=$2; shift 2
for package; do
  name=$(basename "\${package%/v3}")
  printf '#!/bin/sh\\necho "tool v${version}"\\n' >"$out$name"
  chmod +x "$out$name"
done
`;
    await writeFile(join(folder, "bin", "go"), script, { mode: 0o755 });
  }

  const log = (): Promise<string> => readFile(join(folder, "log"), "utf8");

  it("builds the pinned version without touching go.mod", async () => {
    await fakeGo();
    await buildFromModules(wanted, context);
    const [call = "", environment = ""] = (await log()).split("\n");
    assert.match(
      call,
      /^build -v -trimpath -buildvcs=false -ldflags -s -w -X main\.version=1\.2\.3 -o \S+\/out-\d+\/ example\.com\/one\/cmd\/alpha\/v3$/,
    );
    assert.match(environment, /^0 -mod=readonly linux-(amd64|arm64) local off proxy=/);
    const path = join(context.cacheDir, "alpha", "1.2.3", ownPlatform(), "alpha");
    assert.match(await readFile(path, "utf8"), /v1\.2\.3/);
    assert.match(
      await readFile(`${path}.json`, "utf8"),
      /Go package example\.com\/one\/cmd\/alpha\/v3, version 1\.2\.3, built with go 1\.99\.0/,
    );
    assert.match(
      lines.join("\n"),
      /^one 1\.2\.3: building alpha from Go modules with go 1\.99\.0\none 1\.2\.3: built alpha \(1 KiB\) in \d+ s$/,
    );
  });

  it("links what has parts in C statically, with the group's tags", async () => {
    await fakeGo();
    group.tags = ["seccomp", "netgo"];
    group.c = { commands: ["true"], libraries: [], packages: ["gcc"], pie: true };
    await buildFromModules(wanted, context);
    const [call = "", environment = ""] = (await log()).split("\n");
    assert.match(
      call,
      /^build -v -trimpath -buildvcs=false -tags seccomp,netgo -buildmode=pie -ldflags -s -w -X main\.version=1\.2\.3 -linkmode external -extldflags -static-pie -o /,
    );
    assert.match(environment, /^1 -mod=readonly /);
    group.c = { commands: ["true"], libraries: [], packages: ["gcc"] };
    await buildFromModules(wanted, context);
    assert.match(await log(), / -linkmode external -extldflags -static -o /);
  });

  it("builds parts in C for no other platform", async () => {
    await fakeGo();
    group.c = { commands: ["true"], libraries: [], packages: ["gcc"] };
    const platform = ownPlatform() === "linux-arm64" ? "linux-amd64" : "linux-arm64";
    await assert.rejects(
      buildFromModules({ ...wanted, platform }, context),
      /one 1\.2\.3 has parts in C, which are built for \S+ here, not for linux-/,
    );
  });

  it("believes a version on standard error", async () => {
    await fakeGo({ version: '1.2.3" >&2 "' });
    await buildFromModules(wanted, context);
    assert.match(await readFile(join(context.cacheDir, "alpha", "1.2.3", ownPlatform(), "alpha"), "utf8"), />&2/);
  });

  it("refuses a binary that calls itself another version", async () => {
    await fakeGo({ version: "1.2.30" });
    await assert.rejects(
      buildFromModules(wanted, context),
      /^ArtifactError: the built alpha calls itself ".*v1\.2\.30", not 1\.2\.3$/,
    );
  });

  it("gives the compiler's words, not the progress, when the build fails", async () => {
    await fakeGo({ fails: "no space left on device" });
    await assert.rejects(
      buildFromModules(wanted, context),
      /^ArtifactError: the Go build failed: go ended with exit code 1: no space left on device$/,
    );
  });

  it("uses only the modules on this machine when the module proxy does not answer", async () => {
    await fakeGo({ proxy: "http://127.0.0.1:9/modules,direct" });
    await buildFromModules(wanted, context);
    assert.match(await log(), /proxy=off/);
    assert.match(
      lines.join("\n"),
      /The Go module proxy is not reachable \(.*ECONNREFUSED.*\): only modules that are on this machine/,
    );
  });

  it("makes a module of its own for another version, with the staging modules' versions", async () => {
    await fakeGo({ version: "1.3.0" });
    group.stagingVersion = (version) => `v0.${version.slice(2)}`;
    await buildFromModules({ ...wanted, version: "1.3.0" }, context);
    const text = await log();
    assert.match(text, /^mod download -json example\.com\/one@v1\.3\.0$/m);
    const last = text.slice(text.lastIndexOf("\nbuild "));
    assert.match(last, / -mod=mod /);
    assert.match(last, /\ttool example|^tool example\.com\/one\/cmd\/alpha\/v3$/m);
    assert.match(last, /require \(\n\texample\.com\/one v1\.3\.0\n\texample\.com\/part v0\.3\.0\n\)/);
    assert(!last.includes("example.com/dependency"));
    assert.equal(await readFile(join(folder, "module", "go.mod"), "utf8"), goMod);
  });

  it("takes modules that stand beside go.mod along to another version", async () => {
    await fakeGo({ version: "1.3.0" });
    const module = join(folder, "module");
    await mkdir(join(module, "stub"));
    await writeFile(join(module, "stub", "go.mod"), "module example.com/stub\n");
    await writeFile(join(module, "go.sum"), "sums of the pinned version\n");
    await writeFile(join(module, "go.mod"), goMod.replace("require", "replace example.com/stub => ./stub\n\nrequire"));
    const script = await readFile(join(folder, "bin", "go"), "utf8");
    await writeFile(join(folder, "bin", "go"), script.replace("cat go.mod;", "cat go.mod; ls . stub;"));
    await buildFromModules({ ...wanted, version: "1.3.0" }, context);
    const last = await log();
    assert.match(last, /^build /);
    assert.match(last, /^replace example\.com\/stub => \.\/stub$/m);
    assert.match(last, /^stub:\ngo\.mod$/m);
    assert(!last.includes("go.sum"));
  });

  it("says which version was refused", async () => {
    await fakeGo({ fails: "unknown revision" });
    await assert.rejects(
      buildFromModules({ ...wanted, version: "1.3.0" }, context),
      /the Go build failed for 1\.3\.0, which is not the pinned 1\.2\.3: go ended with exit code 1: unknown revision$/,
    );
  });

  it("knows what go build calls a binary, and the staging modules of a go.mod", () => {
    assert.equal(binaryName("go.etcd.io/etcd/server/v3"), "server");
    assert.equal(binaryName("k8s.io/kubernetes/cmd/kubelet"), "kubelet");
    const text =
      "require (\n\tk8s.io/api v0.0.0\n\tk8s.io/klog/v2 v2.140.0\n\tk8s.io/cri-client v0.0.0 // indirect\n)\n\nreplace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)\n";
    assert.deepEqual(stagingModules(text), ["k8s.io/api", "k8s.io/cri-client"]);
  });
});
