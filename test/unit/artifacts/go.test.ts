import assert from "node:assert/strict";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type SourceContext } from "../../../artifacts/context.ts";
import { ensureGo, goVersion, type Go } from "../../../artifacts/go.ts";
import { Reachability } from "../../../artifacts/http.ts";
import { groups } from "../../../artifacts/table.ts";
import { compareVersions } from "../../../artifacts/versions.ts";
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
    context = { cacheDir: folder, report: (line) => lines.push(line), reachability: new Offline() };
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
    assert.deepEqual(await find(), { command: "go", version: "1.26.1", toolchain: "local" });
    assert.deepEqual(lines, []);
  });

  it("is fetched by a go that selects toolchains itself", async () => {
    await fakeGo("1.22.3");
    assert.deepEqual(await find(), { command: "go", version: goVersion, toolchain: `go${goVersion}` });
    assert.match(await readFile(join(folder, "log"), "utf8"), new RegExp(`^version GOTOOLCHAIN=go${goVersion}$`, "m"));
  });

  it("comes from its Go module where go is too old, executable, and is kept", async () => {
    await fakeGo("1.19.8");
    const go = { command: cached(), version: goVersion, toolchain: "local" };
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
    assert.match(lines[0] ?? "", /GOTOOLCHAIN=local keeps it from fetching a newer one/);
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
