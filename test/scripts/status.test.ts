import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { Bundle, me } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

interface Difference {
  kind: string;
  name: string;
  detail: string;
}

interface Status {
  claim: unknown;
  script?: string;
  bundles: { bundle: string; state: string; units: Record<string, string>; drift: Difference[] }[];
}

onHosts("status", (host) => {
  const bundle = () =>
    new Bundle("demo", 5).directory("/var/lib/demo").service("a.service").file("/etc/x", "x").secret("/etc/k", "k");

  async function status(...options: string[]): Promise<Status> {
    const { code, stdout, stderr } = await host().run(["status", ...options]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Status;
  }

  /** What differs of the one bundle. */
  const drift = async () => (await status("--verify")).bundles[0]?.drift;

  it("of a host that is nobody's", async () => {
    assert.deepEqual(await status(), { claim: null, bundles: [] });
  });

  it("tells claim, bundles, units, and what is not as it was left", async () => {
    await host().claim();
    await host().apply(bundle());
    const claim = { cluster: "demo", clusterId: "0123456789abcdef", host: "cp1", stack: "lab" };
    const demo = { bundle: "demo", generation: 5, state: "complete", units: { "a.service": "active" }, drift: [] };
    assert.deepEqual(await status(), { claim, script: "ok", bundles: [demo] });
    writeFileSync(host().path("/etc/x"), "edited");
    rmSync(host().path("/etc/k"));
    host().setUnit("a.service", "active", "failed").setUnit("a.service", "sub", "failed");
    const before = host().snapshot();
    assert.deepEqual(await status("--verify"), {
      claim,
      script: "ok",
      bundles: [
        {
          ...demo,
          units: { "a.service": "failed" },
          drift: [
            { kind: "file", name: "/etc/x", detail: "its content is another" },
            { kind: "missing-file", name: "/etc/k", detail: "is missing" },
            { kind: "unit-stopped", name: "a.service", detail: "is failed (failed)" },
          ],
        },
      ],
    });
    assert.deepEqual(host().snapshot(), before, "it changes nothing");
  });

  it("tells content, mode, and what is no file any more apart", async () => {
    await host().claim();
    await host().apply(bundle());
    chmodSync(host().path("/etc/k"), 0o644);
    rmSync(host().path("/etc/x"));
    symlinkSync("/etc/elsewhere", host().path("/etc/x"));
    chmodSync(host().path("/var/lib/demo"), 0o755);
    assert.deepEqual(await drift(), [
      { kind: "directory", name: "/var/lib/demo", detail: "its mode is 755, expected 750" },
      { kind: "file", name: "/etc/x", detail: "is a symbolic link" },
      { kind: "mode", name: "/etc/k", detail: "its mode is 644, expected 600" },
    ]);
    rmSync(host().path("/var/lib/demo"), { recursive: true });
    rmSync(host().path("/etc/x"));
    mkdirSync(host().path("/etc/x"));
    assert.deepEqual(
      (await drift())?.map(({ kind, name, detail }) => `${kind} ${name} ${detail}`),
      ["directory /var/lib/demo is missing", "file /etc/x is not a file", "mode /etc/k its mode is 644, expected 600"],
    );
  });

  it("tells a unit that is disabled or masked", async () => {
    host().packaged("theirs.service");
    await host().claim();
    await host().apply(bundle().line("unit theirs.service"));
    assert.deepEqual(await drift(), []);
    host().setUnit("a.service", "enabled", "disabled");
    symlinkSync("/dev/null", host().path("/etc/systemd/system/theirs.service"));
    assert.deepEqual(await drift(), [
      { kind: "unit-masked", name: "theirs.service", detail: "is masked" },
      { kind: "unit-disabled", name: "a.service", detail: "is not started at boot (disabled)" },
    ]);
  });

  it("tells a parameter of the kernel, swap, a package and a user", async () => {
    host().write("/proc/sys/vm/panic_on_oom", "0\n");
    host().write("/proc/swaps", "Filename Type\n");
    host().command("tool", "");
    await host().claim();
    await host().apply(
      bundle()
        .line("user demo-user /var/lib/demo")
        .line("package tool tool")
        .check("sysctl", 5, "a.service", "vm.panic_on_oom 0")
        .check("swap-off", 5, "a.service"),
    );
    assert.deepEqual(await drift(), []);
    host().write("/proc/sys/vm/panic_on_oom", "1\n");
    host().append("/proc/swaps", "/dev/sdb2 partition\n");
    rmSync(`${host().fakes}/bin/tool`);
    rmSync(`${host().fakes}/users`, { recursive: true, force: true });
    assert.deepEqual(
      (await drift())?.map(({ kind, name, detail }) => `${kind} ${name} ${detail}`),
      [
        "user demo-user is missing",
        "package tool its command tool is missing",
        "sysctl vm.panic_on_oom the kernel parameter vm.panic_on_oom is 1, expected 0",
        "swap /dev/sdb2 swap is on: /dev/sdb2",
      ],
    );
  });

  it("tells when the host script is not the one that was installed with the claim", async () => {
    await host().claim();
    host().append("/usr/local/lib/plinth/plinth-host", "# edited\n");
    assert.equal((await status()).script, "changed");
    await host().claim();
    assert.equal((await status()).script, "ok");
  });

  it("tells bundles of a host whose claim is gone", async () => {
    await host().claim();
    await host().apply(bundle());
    rmSync(host().path("/var/lib/plinth/claim"));
    const { claim, bundles } = await status();
    assert.deepEqual([claim, bundles.map(({ bundle }) => bundle)], [null, ["demo"]]);
  });

  it("never shows the content of a file", async () => {
    await host().claim();
    await host().apply(bundle().secret("/etc/s", "TOPSECRET", { owner: me }));
    host().write("/etc/s", "OTHERSECRET");
    const { stdout, stderr } = await host().run(["status", "--verify"]);
    assert.match(stdout, /"\/etc\/s"/);
    assert.doesNotMatch(stdout + stderr, /SECRET/);
  });

  it("refuses what it does not know", async () => {
    assert.equal((await host().run(["status", "--all"])).code, 65);
  });
});
