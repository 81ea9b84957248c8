import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { userInfo } from "node:os";
import { eventually } from "../support/eventually.ts";
import { digest, served } from "./support/artifacts.ts";
import { Bundle } from "./support/bundle.ts";
import type { FakeHost } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

const unit = "a.service";
const conf = "/etc/demo/a.conf";

/** A program that goes by the word in its file. What it finds around it, it says where only the test looks. */
const program = (version: string): string => `#!/bin/sh
file="$PLINTH_ROOT${conf}"
read -r word <"$file"
echo "version ${version}, word $word, arguments: $*"
case $word in
  refuse) echo 'Error: unknown flag: --frobnicate'; exit 1 ;;
  mumble) exit 3 ;;
  alone) echo 'E1129 10:00:00.000000 1 a.go:1] dial unix /run/other.sock: connect: no such file or directory'; exit 1 ;;
  serve) echo 'it serves now'; exec /bin/sleep 1000 ;;
  die-after) echo 'it serves now'; /bin/sleep 0.5; echo 'Error: unknown flag: --late'; exit 1 ;;
  silent) exec /bin/sleep 1000 ;;
  peep)
    {
      echo "says: network $(sed -n 's/: .*//p' /proc/net/dev | tr -d ' \\n') processes $(ls -d /proc/[0-9]* | wc -l)"
      echo "run: $(ls "$PLINTH_ROOT/run" | tr '\\n' ' ')data: $(ls "$PLINTH_ROOT/var/lib/demo" | tr '\\n' ' ')"
      echo "mode: $(stat -c %a "$PLINTH_ROOT/var/lib/demo")"
      if (echo 1 >/proc/sys/kernel/panic) 2>/dev/null; then echo 'kernel: written'; else echo 'kernel: kept'; fi
    } >"$PLINTH_ROOT/var/lib/demo/said"
    echo "Error: $(tr '\\n' ';' <"$PLINTH_ROOT/var/lib/demo/said")"; exit 1 ;;
esac
`;
const bodies = { "/program-1": program("1"), "/program-2": program("2") };

onHosts(
  "what judges",
  (host) => {
    const artifacts = served(bodies, async () => {
      await prepare(host());
    });

    /** Namespaces need root, or a user namespace. */
    async function prepare(on: FakeHost): Promise<void> {
      if (userInfo().uid !== 0) on.command("unshare", 'exec /usr/bin/unshare --map-root-user "$@"');
      await on.claim();
    }

    const unitText = `[Service]
ExecStart=/bin/sh -c 'exec "$$0" "$$@"' \\
  /opt/plinth/bin/program \\
  --plain=1 \\
  "--quoted=a \\"b\\" 100%%" \\
  --dollar=$$HOME
Restart=always
`;
    const bundle = (word: string, options: { judge?: string; version?: string; unit?: string } = {}): Bundle => {
      const version = (options.version ?? "1") as "1" | "2";
      const sha = digest(bodies[`/program-${version}`]);
      return new Bundle("demo")
        .line(`binary program ${version} ${sha} ${artifacts.url}/program-${version} restart=${unit}`)
        .directory("/var/lib/demo")
        .file(conf, `${word}\n`, { restart: unit })
        .service(unit, options.unit ?? unitText)
        .line(options.judge ?? `judge command 20 ${unit} 1 /opt/plinth/bin/program --check`);
    };
    const starts = `judge start 20 ${unit} 1 1 it.serves /opt/plinth/bin/program --over=2`;

    /** Nothing of a judge may be left: files, or processes. */
    function nothingLeft(): void {
      assert.deepEqual(host().list("/run/plinth"), ["host.lock"]);
      const processes = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
      assert.ok(!processes.includes(host().root), processes);
    }

    it("is asked before anything is written or stopped, and its refusal leaves all as it is", async () => {
      await host().apply(bundle("good"));
      host().log();
      const before = host().snapshot();
      const stderr = await host().refuse(bundle("refuse", { version: "2" }), 65);
      assert.match(
        stderr,
        /a\.service would not take what is planned \(judge command\): Error: unknown flag: --frobnicate; nothing was changed, and what runs runs on$/m,
      );
      assert.deepEqual(host().log(), []);
      // The wanted version waits beside the one that is in use.
      const after = Object.entries(host().snapshot()).filter(([path]) => !path.startsWith("opt/plinth/program/2-"));
      assert.deepEqual(Object.fromEntries(after), before);
      nothingLeft();
    });

    it("is the wanted version, with the wanted files", async () => {
      await host().apply(bundle("good"));
      assert.match(await host().refuse(bundle("refuse"), 65), /unknown flag/);
      const stderr = await host().refuse(bundle("peep", { version: "2", judge: starts }), 65);
      assert.match(stderr, /network lo processes/);
      nothingLeft();
    });

    it("sees neither processes, sockets nor data of the host, and cannot write its kernel", async () => {
      await host().apply(bundle("good"));
      host().write("/var/lib/demo/precious", "data");
      host().write("/run/containerd.sock", "");
      const stderr = await host().refuse(bundle("peep"), 65);
      assert.match(stderr, /network lo processes [2-9];/);
      assert.match(stderr, /run: judge data: said ;/);
      assert.match(stderr, /mode: 750;kernel: kept/);
      assert.deepEqual(host().list("/var/lib/demo"), ["precious"]);
    });

    it("gets the arguments of its planned unit as systemd would give them, and those that count in their place after", async () => {
      await host().apply(bundle("good"));
      const stderr = await host().refuse(bundle("mumble", { judge: starts }), 65);
      assert.ok(
        stderr.includes('version 1, word mumble, arguments: --plain=1 --quoted=a "b" 100% --dollar=$HOME --over=2'),
        stderr,
      );
    });

    it("is ended once it has said that it takes everything", async () => {
      await host().apply(bundle("good"));
      const done = await host().apply(bundle("serve", { judge: starts }));
      assert.deepEqual(done.restarted, [unit]);
      nothingLeft();
    });

    it("refuses when it ends shortly after that", async () => {
      await host().apply(bundle("good"));
      const judge = `judge start 20 ${unit} 1 5 nothing.of.this /opt/plinth/bin/program`;
      assert.match(
        await host().refuse(bundle("die-after", { judge }), 65),
        /\(judge start\): Error: unknown flag: --late/,
      );
      nothingLeft();
    });

    it("is no obstacle when it says nothing in time: it is ended, and that is told", async () => {
      await host().apply(bundle("good"));
      const judge = `judge start 1 ${unit} 1 0 it.serves /opt/plinth/bin/program`;
      const { code, stderr } = await host().run(["apply"], bundle("silent", { judge }).text());
      assert.equal(code, 0, stderr);
      assert.match(
        stderr,
        /a\.service is restarted without having been judged: it has said neither yes nor no within 1 s/,
      );
      nothingLeft();
    });

    it("is no obstacle when it misses what it cannot see", async () => {
      await host().apply(bundle("good"));
      const { code, stderr } = await host().run(["apply"], bundle("alone").text());
      assert.equal(code, 0, stderr);
      assert.match(stderr, /without having been judged: it misses what only the host has: .*dial unix/);
    });

    it("is no obstacle where namespaces cannot be made", async () => {
      await host().apply(bundle("good"));
      host().command("unshare", "echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1");
      const { code, stderr } = await host().run(["apply"], bundle("refuse").text());
      assert.equal(code, 0, stderr);
      assert.match(
        stderr,
        /it cannot be started apart from what runs: unshare: unshare failed: Operation not permitted/,
      );
    });

    it("is not started where memory is short", async () => {
      await host().apply(bundle("good"));
      host().write("/proc/meminfo", "MemTotal: 1000000 kB\nMemAvailable: 102400 kB\n");
      const judge = `judge command 20 ${unit} 101 /opt/plinth/bin/program`;
      const { code, stderr } = await host().run(["apply"], bundle("refuse", { judge }).text());
      assert.equal(code, 0, stderr);
      assert.match(stderr, /without having been judged: 100 MiB of memory are free, it takes 101/);
    });

    it("is asked of a unit that runs and is to be changed only", async () => {
      host().write("/proc/meminfo", "MemAvailable: 1 kB\n");
      const judge = `judge command 20 ${unit} 1 /opt/plinth/bin/program`;
      const asked = async (word: string): Promise<boolean> => {
        const { code, stderr } = await host().run(["apply"], bundle(word, { judge }).text());
        assert.equal(code, 0, stderr);
        return stderr.includes("without having been judged");
      };
      assert.equal(await asked("one"), false, "a first start");
      assert.equal(await asked("one"), false, "nothing to change");
      assert.equal(await asked("two"), true, "another file");
      host().setUnit(unit, "active", "failed");
      assert.equal(await asked("three"), false, "it is down");
    });

    it("tells all refusals at once", async () => {
      const both = (word: string) =>
        bundle(word).service("b.service").file("/etc/demo/b.conf", word, { restart: "b.service" });
      await host().apply(both("good"));
      const judged = both("refuse").line("judge command 20 b.service 1 /opt/plinth/bin/program");
      assert.match(await host().refuse(judged, 65), /a\.service would not take .*; b\.service would not take /);
    });

    it("ends with a run that is told to end", async () => {
      await host().apply(bundle("good"));
      const judge = `judge start 100 ${unit} 1 0 it.serves /opt/plinth/bin/program`;
      const run = host().run(["apply"], bundle("silent", { judge }).text());
      const began = (): boolean =>
        execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).includes(`${host().root}/opt/plinth/bin/program`) ||
        host()
          .list("/run/plinth")
          .some((path) => path.endsWith("judge.pid"));
      await eventually("the judge begins", 20, () => Promise.resolve(began() || undefined));
      process.kill(Number(host().runningPid()), "SIGTERM");
      const { code } = await run;
      assert.equal(code, 143);
      assert.equal(host().read(conf), "good\n");
      nothingLeft();
    });
  },
  180,
);
