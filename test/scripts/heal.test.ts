/** A host is damaged; the same bundle with the next generation repairs it, and restarts what the damage reached only. */

import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digest, served } from "./support/artifacts.ts";
import { Bundle } from "./support/bundle.ts";
import type { FakeHost } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

const good = "#!/bin/sh\necho good\n";
/** Of the same size. */
const evil = "#!/bin/sh\necho evil\n";
const sha = digest(good);
const binary = `/opt/plinth/tool/one-${sha.slice(0, 12)}/tool`;

onHosts("apply of the next generation", (host) => {
  const artifacts = served({ "/one": good }, async () => {
    host()
      .packaged("theirs.service")
      .behave("kernel.service", "sets /proc/sys/vm/panic_on_oom 0")
      .write("/proc/sys/vm/panic_on_oom", "7\n");
    await host().claim();
    await host().apply(demo(1));
    host().log();
  });

  const demo = (generation: number, name = "demo"): Bundle =>
    new Bundle(name, generation)
      .directory("/var/lib/demo")
      .line(`binary tool one ${sha} ${artifacts.url}/one restart=tool.service`)
      .service("kernel.service")
      .service("tool.service")
      .service("other.service")
      .line("unit theirs.service")
      .file("/etc/demo/other.conf", "x", { restart: "other.service" })
      .secret("/etc/demo/tls.crt", "certificate", { restart: "tool.service" })
      .check("sysctl", 5, "kernel.service", "vm.panic_on_oom 0")
      .check("unit-active", 10, "tool.service");

  async function drift(): Promise<string[]> {
    const { code, stdout, stderr } = await host().run(["status", "--verify"]);
    assert.equal(code, 0, stderr);
    const { bundles } = JSON.parse(stdout) as { bundles: { drift: { kind: string; name: string }[] }[] };
    return bundles.flatMap((bundle) => bundle.drift.map(({ kind, name }) => `${kind} ${name}`));
  }

  interface Case {
    damage: (host: FakeHost) => void;
    found: string[];
    changed?: string[];
    restarted?: string[];
    started?: string[];
  }
  const cases: Record<string, Case> = {
    "nothing at all": { damage: () => undefined, found: [] },
    "an edited unit": {
      damage: (on) => {
        on.write("/etc/systemd/system/tool.service", "[Service]\nExecStart=/bin/evil\n");
      },
      found: ["file /etc/systemd/system/tool.service"],
      changed: ["/etc/systemd/system/tool.service"],
      restarted: ["tool.service"],
    },
    "a deleted certificate": {
      damage: (on) => {
        rmSync(on.path("/etc/demo/tls.crt"));
      },
      found: ["missing-file /etc/demo/tls.crt"],
      changed: ["/etc/demo/tls.crt"],
      restarted: ["tool.service"],
    },
    "another mode": {
      damage: (on) => {
        chmodSync(on.path("/etc/demo/other.conf"), 0o600);
      },
      found: ["mode /etc/demo/other.conf"],
      changed: ["/etc/demo/other.conf"],
      restarted: ["other.service"],
    },
    "a deleted directory": {
      damage: (on) => {
        rmSync(on.path("/var/lib/demo"), { recursive: true });
      },
      found: ["directory /var/lib/demo"],
      changed: ["/var/lib/demo"],
    },
    "a stopped service": {
      damage: (on) => {
        on.setUnit("other.service", "active", "inactive").setUnit("other.service", "sub", "dead");
      },
      found: ["unit-stopped other.service"],
      started: ["other.service"],
    },
    "a disabled service": {
      damage: (on) => {
        on.setUnit("other.service", "enabled", "disabled");
      },
      found: ["unit-disabled other.service"],
    },
    "a masked service of the distribution": {
      damage: (on) => {
        symlinkSync("/dev/null", on.path("/etc/systemd/system/theirs.service"));
      },
      found: ["unit-masked theirs.service"],
    },
    "a masked service of ours": {
      damage: (on) => {
        rmSync(on.path("/etc/systemd/system/tool.service"));
        symlinkSync("/dev/null", on.path("/etc/systemd/system/tool.service"));
      },
      found: ["unit-masked tool.service"],
      changed: ["/etc/systemd/system/tool.service"],
      restarted: ["tool.service"],
    },
    "a binary of the same size": {
      damage: (on) => {
        writeFileSync(on.path(binary), evil);
      },
      found: [`binary ${binary}`],
      changed: [binary],
      restarted: ["tool.service"],
    },
    "a deleted binary": {
      damage: (on) => {
        rmSync(on.path(binary));
      },
      found: [`binary ${binary}`],
      changed: [binary],
      restarted: ["tool.service"],
    },
    "a binary that is not executable": {
      damage: (on) => {
        chmodSync(on.path(binary), 0o644);
      },
      found: [`mode ${binary}`],
    },
    "another link": {
      damage: (on) => {
        rmSync(on.path("/opt/plinth/bin/tool"));
        symlinkSync("/usr/bin/true", on.path("/opt/plinth/bin/tool"));
      },
      found: ["link /opt/plinth/bin/tool"],
      changed: ["/opt/plinth/bin/tool"],
      restarted: ["tool.service"],
    },
    "a parameter of the kernel": {
      damage: (on) => {
        on.write("/proc/sys/vm/panic_on_oom", "1\n");
      },
      found: ["sysctl vm.panic_on_oom"],
      restarted: ["kernel.service"],
    },
  };

  for (const [title, { damage, found, changed = [], restarted = [], started = [] }] of Object.entries(cases)) {
    it(`repairs ${title}, and nothing else`, async () => {
      damage(host());
      assert.deepEqual(await drift(), found);
      const done = await host().apply(demo(2));
      assert.deepEqual([done.changed, done.restarted, done.started], [changed, restarted, started]);
      assert.deepEqual(await drift(), []);
      assert.equal(host().read("/opt/plinth/bin/tool"), good);
      assert.equal(host().unit("other.service", "enabled"), "enabled");
      // The file that the restart note is in goes with the repair.
      assert.equal(host().exists("/var/lib/plinth/bundles/demo/replaced"), false);
      const again = await host().apply(demo(2));
      assert.deepEqual([again.changed, again.restarted, again.started], [[], [], []]);
    });
  }

  it("is asked for where the bytes of a binary are wrong, whether or not openssl is there to read them quickly", async () => {
    writeFileSync(host().path(binary), evil);
    const wrong = { kind: "binary", name: binary, detail: `its sha256 is ${digest(evil)}, expected ${sha}` };
    for (const openssl of ['echo "$@" >>"$PLINTH_FAKES/openssl"; exec /usr/bin/openssl "$@"', "exit 1"]) {
      host().command("openssl", openssl);
      const { stdout } = await host().run(["status", "--verify"]);
      assert.deepEqual((JSON.parse(stdout) as { bundles: { drift: unknown }[] }).bundles[0]?.drift, [wrong]);
    }
    assert.match(readFileSync(join(host().fakes, "openssl"), "utf8"), /^dgst -sha256 -r \S+tool$/m);
    const { stdout } = await host().run(["status"]);
    assert.deepEqual(
      (JSON.parse(stdout) as { bundles: { drift: unknown }[] }).bundles[0]?.drift,
      [],
      "its size is right",
    );
  });

  it("is what it takes: the same generation trusts a binary of the same size", async () => {
    writeFileSync(host().path(binary), evil);
    assert.deepEqual((await host().apply(demo(1))).changed, []);
    assert.equal(host().read(binary), evil);
  });

  it("leaves a note for another bundle that runs the same binary", async () => {
    await host().apply(
      new Bundle("second")
        .line(`binary tool one ${sha} ${artifacts.url}/one restart=second.service`)
        .service("second.service"),
    );
    writeFileSync(host().path(binary), evil);
    assert.deepEqual((await host().apply(demo(2))).restarted, ["tool.service"]);
    assert.deepEqual(await drift(), ["binary /opt/plinth/bin/tool"]);
    const second = await host().apply(
      new Bundle("second", 2)
        .line(`binary tool one ${sha} ${artifacts.url}/one restart=second.service`)
        .service("second.service"),
    );
    assert.deepEqual(second.restarted, ["second.service"]);
    assert.deepEqual(await drift(), []);
  });

  it("changes nothing when the binary cannot be fetched anew", async () => {
    writeFileSync(host().path(binary), evil);
    renameSync(host().path("/etc/demo"), host().path("/etc/demo-away"));
    const unreachable = demo(2).text().replaceAll(`${artifacts.url}/one`, `${artifacts.url}/nowhere`);
    assert.match(await host().refuse(unreachable, 1), /cannot fetch tool one .*404.*no file was changed/);
    assert.equal(existsSync(host().path("/etc/demo")), false);
    assert.deepEqual(host().log(), []);
  });

  it("restarts what runs a wrong binary also when it is killed at any step", async function () {
    this.timeout(300_000);
    host().inputs("tool.service", binary);
    writeFileSync(host().path(binary), evil);
    await host().run(["apply"], demo(1).text());
    host().setUnit("tool.service", "running", evil);
    for (let n = 1; ; n++) {
      const copy = host().copy();
      try {
        copy.dieAt(n);
        const { code } = await copy.run(["apply"], demo(2).text());
        copy.live();
        if (code !== 0) await copy.apply(demo(2));
        assert.equal(copy.read(binary), good, `killed at ${n}`);
        assert.match(copy.unit("tool.service", "running"), /echo good/, `killed at ${n}`);
        assert.equal(copy.exists("/var/lib/plinth/bundles/demo/replaced"), false, `killed at ${n}`);
        if (code === 0) {
          assert.ok(n > 10, `there were ${n} steps`);
          return;
        }
      } finally {
        copy.remove();
      }
    }
  });
});
