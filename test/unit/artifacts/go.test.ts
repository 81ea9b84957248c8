import assert from "node:assert/strict";
import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type SourceContext } from "../../../artifacts/context.ts";
import { ensureGo, goVersion, type Go } from "../../../artifacts/go.ts";
import { Reachability } from "../../../artifacts/http.ts";
import { ownPlatform } from "../../../artifacts/platform.ts";
import { groups } from "../../../artifacts/table.ts";
import { programsDigest } from "../../../artifacts/toolchain.ts";
import { compareVersions } from "../../../artifacts/versions.ts";
import { emptyLock } from "../../../lockfile/schema.ts";
import { Cleanup } from "./support.ts";

/** No site answers. */
class Offline extends Reachability {
  override whyNot(): Promise<string> {
    return Promise.resolve("offline");
  }
}

describe("the Go toolchain", () => {
  const cleanup = new Cleanup();
  let folder: string;
  let lines: string[];
  let context: SourceContext;

  beforeEach(async () => {
    folder = await cleanup.folder();
    lines = [];
    context = { cacheDir: folder, report: (line) => lines.push(line), reachability: new Offline(), lock: emptyLock };
    await mkdir(join(folder, "bin"));
    set("PATH", `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`);
    set("XDG_CACHE_HOME", join(folder, "cache"));
    set("GOTOOLCHAIN", undefined);
  });

  afterEach(() => cleanup.clean());

  function set(name: string, value: string | undefined): void {
    const before = process.env[name];
    const assign = (text: string | undefined): void => {
      if (text === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = text;
    };
    assign(value);
    cleanup.add(() => {
      assign(before);
      return Promise.resolve();
    });
  }

  /** A go command of the given version that logs other calls and can download a toolchain's module. */
  async function fakeGo(version: string, path = join(folder, "bin", "go")): Promise<void> {
    const script = `#!/bin/sh
if [ "$*" = "env GOVERSION" ]; then echo go${version}; exit; fi
if [ "$*" = "env GOPROXY" ]; then echo off; exit; fi
echo "$* GOTOOLCHAIN=$GOTOOLCHAIN" >>"${folder}/log"
if [ "$1 $2" = "mod download" ]; then
  mkdir -p "$GOMODCACHE/t/bin" "$GOMODCACHE/t/pkg/tool/linux_amd64" "$GOMODCACHE/t/src"
  printf '#!/bin/sh\\necho go${goVersion}\\n' >"$GOMODCACHE/t/bin/go"
  echo compiler >"$GOMODCACHE/t/pkg/tool/linux_amd64/compile"
  echo "{\\"Dir\\": \\"$GOMODCACHE/t\\"}"
fi
`;
    await writeFile(path, script, { mode: 0o755 });
  }

  const find = (required = "1.26"): Promise<Go> => ensureGo(required, context, ["go"]);
  const cached = () => join(folder, "cache", "plinth", "go", goVersion, "bin", "go");

  it("is the one on PATH when that is new enough", async () => {
    await fakeGo("1.26.1");
    assert.deepEqual(await find(), { command: "go", version: "1.26.1", toolchain: "local", pinned: false });
    assert.deepEqual(lines, []);
  });

  it("is fetched by a go that selects toolchains itself", async () => {
    await fakeGo("1.22.3");
    assert.deepEqual(await find(), {
      ...{ command: "go", version: goVersion, pinned: false },
      toolchain: `go${goVersion}`,
    });
    assert.match(await readFile(join(folder, "log"), "utf8"), new RegExp(`^version GOTOOLCHAIN=go${goVersion}$`, "m"));
  });

  it("comes from its Go module where go is too old, executable, and is kept", async () => {
    await fakeGo("1.19.8");
    const go = { command: cached(), version: goVersion, toolchain: "local", pinned: false };
    assert.deepEqual(await find(), go);
    assert.equal((await stat(join(cached(), "../../pkg/tool/linux_amd64/compile"))).mode & 0o777, 0o755);
    assert.match(
      await readFile(join(folder, "log"), "utf8"),
      new RegExp(`^mod download golang\\.org/toolchain@v0\\.0\\.1-go${goVersion}\\.linux-\\w+ `),
    );
    assert.match(
      lines.join("\n"),
      /go 1\.19\.8 on PATH is too old\n.*go\.dev is not reachable \(offline\)\n.*toolchain's Go module/,
    );
    lines = [];
    assert.deepEqual(await find("1.26.1"), go);
    assert.deepEqual(lines, []);
  });

  it("heeds GOTOOLCHAIN=local, and takes the module instead", async () => {
    await fakeGo("1.25.0");
    set("GOTOOLCHAIN", "local");
    assert.equal((await find()).command, cached());
    assert.match(lines[0] ?? "", /GOTOOLCHAIN=local keeps it from fetching this one/);
  });

  describe("that the lock file pins", () => {
    const platform = ownPlatform();
    const sum = `h1:${"A".repeat(43)}=`;

    /** A go command with programs beside it, which the lock file has from now on unless `pin` is false. */
    async function goWithPrograms(version: string, { pin = true, sumOfModule = sum } = {}): Promise<string> {
      const root = join(folder, `root-${version}`);
      const tools = join(root, "pkg", "tool", platform.replace("-", "_"));
      await mkdir(tools, { recursive: true });
      await mkdir(join(root, "bin"));
      for (const name of ["asm", "cgo", "compile", "link"]) await writeFile(join(tools, name), `${name} ${version}`);
      const script = `#!/bin/sh
case "$*" in
  "env GOVERSION") echo "go${version}" ;;
  "env GOROOT") dirname "$(dirname "$(readlink -f "$0")")" ;;
  "env GOPROXY") echo off ;;
  "mod download -json"*)
    echo "$* GONOSUMDB=$GONOSUMDB" >>"${folder}/log"
    mkdir -p "$GOMODCACHE" && cp -r "${folder}/root-${goVersion}" "$GOMODCACHE/t"
    echo "{\\"Dir\\": \\"$GOMODCACHE/t\\", \\"Sum\\": \\"${sumOfModule}\\"}" ;;
esac
`;
      const command = join(root, "bin", "go");
      await writeFile(command, script, { mode: 0o755 });
      if (pin) {
        const programs = { [platform]: (await programsDigest(command, "local")) ?? "" };
        context.lock = { ...emptyLock, go: { [goVersion]: { modules: { [platform]: sum }, programs } } };
      }
      return command;
    }

    it("is known by its programs, wherever it lies", async () => {
      const command = await goWithPrograms(goVersion);
      const go = await ensureGo("1.26", context, [command]);
      assert.deepEqual(go, { command, version: goVersion, toolchain: "local", pinned: true });
      assert.deepEqual(lines, []);
    });

    it("is fetched although a newer one is on PATH, and its module's sum is compared", async () => {
      await goWithPrograms(goVersion);
      const newer = await goWithPrograms("1.99.0", { pin: false });
      await symlink(newer, join(folder, "bin", "go"));
      const go = await ensureGo("1.26", context, [newer]);
      assert.deepEqual(go, { command: cached(), version: goVersion, toolchain: "local", pinned: true });
      assert.match(await readFile(join(folder, "log"), "utf8"), / GONOSUMDB=golang\.org\/toolchain$/m);
    });

    it("is done without where it cannot be had and another one can build", async () => {
      await goWithPrograms(goVersion);
      const newer = await goWithPrograms("1.99.0", { pin: false, sumOfModule: "h1:another" });
      await symlink(newer, join(folder, "bin", "go"));
      const go = await ensureGo("1.26", context, [newer]);
      assert.deepEqual(go, { command: newer, version: "1.99.0", toolchain: "local", pinned: false });
      assert.match(
        lines.join("\n"),
        /has the sum h1:another, and plinth\.lock\.json has h1:A+=\n.*could not be had: building with \S+ \(1\.99\.0\); the sums/,
      );
      await assert.rejects(stat(cached()));
    });
  });

  it("says what was tried when there is none to be had", async () => {
    await writeFile(
      join(folder, "bin", "go"),
      '#!/bin/sh\n[ "$1" = env ] && echo go1.19 && exit\necho refused >&2\nexit 1\n',
      {
        mode: 0o755,
      },
    );
    await assert.rejects(find(), {
      name: "ArtifactError",
      message:
        /^Go \S+ is needed to build and could not be had: go 1\.19 on PATH is too old; go\.dev is not reachable \(offline\); .*refused\. Install Go/,
    });
  });

  it("is as new as every module asks for", async () => {
    for (const group of groups) {
      const goMod = await readFile(join(group.moduleDir, "go.mod"), "utf8");
      const asked = /^go (\S+)$/m.exec(goMod)?.[1] ?? "";
      assert(compareVersions(goVersion, asked) >= 0, `${group.name} asks for go ${asked}`);
    }
  });
});
