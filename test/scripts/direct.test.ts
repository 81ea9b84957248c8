import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { installScript, rosterScript } from "../../plan/scripts.ts";
import { digest } from "./support/artifacts.ts";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

const project = path.join(import.meta.dirname, "../..");
/** Nobody listens there. */
const proxy = "http://127.0.0.1:9";
const proxies = Object.fromEntries(
  ["http_proxy", "https_proxy", "all_proxy"].flatMap((name) => [
    [name, proxy],
    [name.toUpperCase(), proxy],
  ]),
);

/** Lines of a script that call curl themselves, without comments and texts. */
function bareCurls(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/^\s*#.*/, "").replace(/"(?:\\.|[^"\\])*"(?!\))/g, '""'))
    .filter(
      (line) => /(^|[\s(;&|!`])curl\s+[-"$]/.test(line) && !/exec (nsenter \S+ )?curl -q --noproxy '\*'/.test(line),
    );
}

describe("scripts on hosts", () => {
  it("call curl at one place only for each network, and without a proxy", () => {
    assert.deepEqual(bareCurls("until curl --silent x; do\nx=$(curl -q y)\n"), [
      "until curl --silent x; do",
      "x=$(curl -q y)",
    ]);
    const scripts = globSync("scripts/**/*.sh", { cwd: project });
    assert.ok(scripts.length > 40);
    const found = scripts.flatMap((file) =>
      bareCurls(readFileSync(path.join(project, file), "utf8")).map((line) => `${file}: ${line}`),
    );
    assert.deepEqual(found, []);
    assert.match(rosterScript("register").content, /^direct_curl\(\) \{$/m);
  });
});

onHosts("with a proxy in root's environment and in .curlrc", (host) => {
  let server: Server;
  const bytes = "#!/bin/sh\n";
  const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  beforeEach(async () => {
    server = createServer((_, response) => {
      response.end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    host().write("/root/.curlrc", `proxy = "${proxy}"\nsilent\n`);
    host().env = { ...host().env, ...proxies, HOME: host().path("/root"), CURL_HOME: host().path("/root") };
    await host().claim();
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it("binaries are fetched and URLs are checked all the same", async () => {
    const bundle = new Bundle("demo")
      .line(`binary tool 1 ${digest(bytes)} ${address()}/tool`)
      .line(`check http-ok 5 - ${address()}/healthz -`);
    const { changed } = await host().apply(bundle);
    assert.ok(changed.includes("/opt/plinth/bin/tool"));
  });

  it("the host script is fetched all the same", async () => {
    host().write("/install.sh", installScript());
    const answer = await host().runFile(host().path("/install.sh"), ["0".repeat(64), address(), "claim"]);
    assert.match(answer.stderr, /is not the host script: expected sha256 0+, got [0-9a-f]{64}/);
  });

  it("packages go by the proxies of the configuration, from the run that brings them", async () => {
    host().command(
      "apt-get",
      `env | grep -i "^[a-z]*_proxy=" | sort >>"$PLINTH_FAKES/asked"; echo "E: no http://robot:secret@proxy.example.net:3128"; exit 100`,
    );
    const own = "HTTPS_PROXY=http://robot:secret@proxy.example.net:3128\nNO_PROXY=localhost,10.0.0.0/8\n";
    const told = ["https_proxy=http://robot:secret@proxy.example.net:3128", "no_proxy=localhost,10.0.0.0/8", ""].join(
      "\n",
    );
    const asked = () => readFileSync(path.join(host().fakes, "asked"), "utf8");
    const first = new Bundle("demo").secret("/etc/plinth/proxy.env", own).line("package demo demo-proxyd");
    const stderr = await host().refuse(first, 1);
    assert.match(stderr, /cannot install the package demo: E: no http:\/\/proxy\.example\.net:3128; install/);
    assert.doesNotMatch(stderr, /robot|secret/);
    assert.equal(asked(), told.repeat(2), "the first try, and its second with fresh lists");
    await host().apply(new Bundle("demo").secret("/etc/plinth/proxy.env", own));
    await host().refuse(new Bundle("other").line("package demo demo-proxyd"), 1);
    assert.equal(asked(), told.repeat(4));
  });

  it("programs that checks start do not have it, and package managers do", async () => {
    host().command("tell", `env | grep -i "^[a-z]*_proxy=" >"$PLINTH_FAKES/told"; true`);
    host().command(
      "apt-get",
      `env | grep -i "^[a-z]*_proxy=" | sort >"$PLINTH_FAKES/asked"; printf '#!/bin/sh\\n' >"$PLINTH_FAKES/bin/demo-proxyd"; chmod +x "$PLINTH_FAKES/bin/demo-proxyd"`,
    );
    const tell = path.join(host().fakes, "bin/tell");
    await host().apply(new Bundle("demo").line("package demo demo-proxyd").line(`check command 5 - ${tell}`));
    assert.equal(readFileSync(path.join(host().fakes, "told"), "utf8"), "");
    assert.equal(
      readFileSync(path.join(host().fakes, "asked"), "utf8"),
      [`all_proxy=${proxy}`, `http_proxy=${proxy}`, `https_proxy=${proxy}`, ""].join("\n"),
    );
  });
});
