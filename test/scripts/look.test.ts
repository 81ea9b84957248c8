import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { driftScript, statusScript } from "../../components/host/script.ts";
import { lookScript } from "../../plan/scripts.ts";
import { Bundle } from "./support/bundle.ts";
import type { FakeHost } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

async function look(host: FakeHost, script: string, of: RegExp): Promise<string[]> {
  const { code, stdout, stderr } = await host.runFile("-s", [], script);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual([lines[0], lines.at(-1)], ["plinth-facts 1", "end"]);
  return lines.filter((line) => of.test(line));
}

onHosts("looks at a host", (host) => {
  const etcdctl = (...lines: string[]) => {
    host().write(
      "/opt/plinth/bin/etcdctl",
      ["#!/bin/sh", 'echo "$*" >>"$PLINTH_FAKES/asked"', ...lines, ""].join("\n"),
    );
    chmodSync(host().path("/opt/plinth/bin/etcdctl"), 0o755);
  };
  const asked = () => readFileSync(join(host().fakes, "asked"), "utf8");

  it("for its status tell what the host script says, and how long certificates last", async () => {
    await host().claim();
    await host().apply(new Bundle("demo", 5).service("a.service").file("/etc/x", "x"));
    chmodSync(host().script, 0o755);
    const folder = host().path("/etc/kubernetes/pki");
    mkdirSync(folder, { recursive: true });
    for (const name of ["b", "a"]) {
      const options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
      const files = ["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.crt`)];
      execFileSync("openssl", ["req", ...options, ...files, "-subj", `/CN=${name}`], { stdio: "ignore" });
    }
    host().write("/etc/kubernetes/pki/broken.crt", "nonsense\n");
    // The first certificate of a chain is the host's own.
    host().write(
      "/etc/kubernetes/pki/a.crt",
      host().read("/etc/kubernetes/pki/a.crt") + host().read("/etc/kubernetes/pki/b.crt"),
    );
    const lines = await look(host(), statusScript(), /^(report|certificate)/);
    const body = (name: string) =>
      host()
        .read(`/etc/kubernetes/pki/${name}.crt`)
        .replace(/-----END[^]*$/, "")
        .replace(/-----[^\n]*-----|\n/g, "");
    assert.deepEqual(lines.slice(0, 2), [
      `certificate /etc/kubernetes/pki/a.crt ${body("a")}`,
      `certificate /etc/kubernetes/pki/b.crt ${body("b")}`,
    ]);
    assert.match(lines[2] ?? "", /^report \{"claim":\{"cluster":"demo".*"bundle":"demo".*"drift":\[\]\}\]\}$/);
    assert.equal(lines.length, 3);
  });

  it("tell why the host script says nothing", async () => {
    host().write("/usr/local/lib/plinth/plinth-host", "#!/bin/sh\necho no space left >&2\n");
    chmodSync(host().script, 0o755);
    assert.deepEqual(await look(host(), statusScript(), /^report/), ["report-failed no space left"]);
    host().write("/usr/local/lib/plinth/plinth-host", "#!/bin/sh\n");
    assert.deepEqual(await look(host(), statusScript(), /^report/), ["report-failed no answer"]);
  });

  it("for drift bring the host script along, and tell drop-ins", async () => {
    await host().claim();
    await host().apply(new Bundle("demo", 5).file("/etc/x", "x"));
    host().write("/usr/local/lib/plinth/plinth-host", "#!/bin/sh\nexit 1\n");
    host().write("/etc/x", "y");
    host().write("/etc/systemd/system/a.service.d/z.conf", "");
    host().write("/run/systemd/system/b.service.d/z.conf", "");
    const [report, ...dropIns] = (await look(host(), driftScript(), /^(report|drop-in)/)).sort().reverse();
    assert.match(
      report ?? "",
      /"script":"changed".*\{"kind":"file","name":"\/etc\/x","detail":"its content is another"\}/,
    );
    assert.deepEqual(dropIns.sort(), [
      "drop-in /etc/systemd/system/a.service.d/z.conf",
      "drop-in /run/systemd/system/b.service.d/z.conf",
    ]);
  });

  it("ask the member with the credentials of its bundle's check, or of a bring-up that has not ended", async () => {
    await host().claim();
    etcdctl('echo "1, started, cp1, https://10.0.0.1:2380, https://10.0.0.1:2379, false"');
    assert.deepEqual(await look(host(), driftScript(), /^etcd-/), [], "there is nothing to ask it with");
    host().write("/etc/kubernetes/pki/etcd/healthcheck.key", "");
    const member = ["etcd-member 1 cp1 https://10.0.0.1:2380 started voter"];
    assert.deepEqual(await look(host(), driftScript(), /^etcd-/), member);
    assert.match(asked(), /--endpoints https:\/\/127\.0\.0\.1:2379 .*--cert \S+\/healthcheck\.crt /);
    const check = "check etcd-voter 5 etcd.service https://10.0.0.1:2379 /ca /crt /key cp1 cp1=x";
    host().write("/var/lib/plinth/bundles/etcd/manifest", `plinth-manifest 1\nbundle etcd\n${check}\nend\n`);
    assert.deepEqual(await look(host(), driftScript(), /^etcd-/), member);
    assert.match(asked(), new RegExp(`--endpoints https://10.0.0.1:2379 .*--cacert ${host().root}/ca `));
  });

  it("for status tell by the log of a member that has ended whether its data is damaged", async () => {
    await host().claim();
    etcdctl("exit 1");
    const check = "check etcd-voter 5 etcd.service https://10.0.0.1:2379 /ca /crt /key cp1 cp1=x";
    host().write("/var/lib/plinth/bundles/etcd/manifest", `plinth-manifest 1\nbundle etcd\n${check}\nend\n`);
    host().write("/var/lib/etcd/member/wal/0-0.wal", "");
    const damage = async (...log: string[]): Promise<string[]> => {
      host().command("journalctl", `cat <<'END'\n${log.join("\n")}\nEND`);
      return look(host(), statusScript(), /^etcd-damage/);
    };
    host().command("systemctl", "exit 3");
    const frames = ["goroutine 129 [running]:", "go.etcd.io/bbolt/internal/common.Assert(...)"];
    const page = "panic: assertion failed: Page expected to be: 4, but self identifies as 11503036441595351813";
    for (const log of [
      [page, "", ...frames],
      ["panic: freepages: failed to get all reachable pages (page 3: multiple references)", "", ...frames],
      ["unexpected fault address 0x7f0000", "fatal error: fault", "", ...frames],
    ]) {
      assert.deepEqual(await damage(...log, "etcd.service: Main process exited"), [
        `etcd-damage ${log.findLast((line) => /^(panic|fatal)/.test(line)) ?? ""}`,
      ]);
    }
    for (const text of [
      "walpb: crc mismatch",
      "wal: file not found",
      "invalid database",
      "found data inconsistency with peers",
    ])
      assert.deepEqual(await damage(`{"level":"fatal","error":"${text}"}`), [
        `etcd-damage {"level":"fatal","error":"${text}"}`,
      ]);
    // What it says when it is stopped, has no room, or fails elsewhere; and what it said before it ran again.
    assert.deepEqual(await damage("Stopping etcd.service", "panic: write: no space left on device", "main.main()"), []);
    assert.deepEqual(
      await damage(page, "", ...frames, "Started etcd.service - etcd member.", "Stopped etcd.service"),
      [],
    );
    // An etcd that finds no data makes an empty database, and no log.
    rmSync(host().path("/var/lib/etcd/member/wal"), { recursive: true });
    host().write("/var/lib/etcd/member/snap/db", "");
    assert.deepEqual(await damage("discovery failed"), ["etcd-damage its data is gone"]);
  });

  it("for workloads tell those that protections may refuse, and what could not be asked", async () => {
    const tool = (name: string, ...lines: string[]) => {
      host().write(name, ["#!/bin/sh", ...lines, ""].join("\n"));
      chmodSync(host().path(name), 0o755);
    };
    tool(
      "/opt/plinth/bin/kubectl",
      'case "$*" in',
      '*"get --raw /api/v1/pods?"*) echo \'{"metadata":{"remainingItemCount":3000},"items":[{"\\"remainingItemCount\\":1":1}]}\' ;;',
      "*/jobs?*) exit 1 ;;",
      "*--raw*) echo '{}' ;;",
      '*"get namespaces"*) printf "namespace %s - - -\\n" a kube-system b; echo "namespace c privileged off -" ;;',
      '*"get daemonsets"*) printf "workload daemonsets a %s\\n" "x - - |" "y - high gpu|" "z - - node-role.kubernetes.io/control-plane|NoSchedule" ;;',
      '*"get deployments"*) printf "workload deployments a %s\\n" "x - system-node-critical" "y cp1 -" "z - - |NoExecute" ;;',
      "esac",
    );
    host().write(
      "/etc/kubernetes/controller-manager.conf",
      "clusters:\n  - cluster:\n      server: https://192.0.2.11:6443\n",
    );
    mkdirSync(join(host().fakes, "bin"), { recursive: true });
    const curl = join(host().fakes, "bin", "curl");
    const says = String.raw`Warning: 299 - "web-x (and 2 other pods): \"privileged\""`;
    writeFileSync(
      curl,
      `#!/bin/sh\necho "$*" >>"$PLINTH_FAKES/asked"\ncase "$*" in */namespaces/a?*) printf 'HTTP/2 200 \\r\\n%s\\r\\n\\r\\n' '${says}' ;; *) exit 22 ;; esac\n`,
    );
    chmodSync(curl, 0o755);
    assert.deepEqual(await look(host(), lookScript("workloads"), /^unread/), ["unread everything"]);
    host().write("/var/lib/plinth/bundles/controlplane/manifest", "");
    const before = host().snapshot();
    assert.deepEqual((await look(host(), lookScript("workloads"), /^(namespace|violation|workload|unread) /)).sort(), [
      "namespace a - - -",
      "namespace b - - -",
      "namespace c privileged off -",
      "namespace kube-system - - -",
      "unread jobs",
      "unread pods",
      "unread pods-of-b",
      'violation a web-x (and 2 other pods): "privileged"',
      "workload daemonsets a x - - |",
      "workload daemonsets a z - - node-role.kubernetes.io/control-plane|NoSchedule",
      "workload deployments a x - system-node-critical",
      "workload deployments a y cp1 -",
      "workload deployments a z - - |NoExecute",
    ]);
    assert.equal(
      asked()
        .split("\n")
        .filter((line) => line.includes("dryRun=All")).length,
      2,
      "not for the cluster's own",
    );
    assert.deepEqual(host().snapshot(), before);
  });

  it("change nothing", async () => {
    await host().claim();
    await host().apply(new Bundle("demo", 5).service("a.service").file("/etc/x", "x"));
    chmodSync(host().script, 0o755);
    const before = host().snapshot();
    for (const script of [statusScript(), driftScript()]) await look(host(), script, /^report /);
    assert.deepEqual(host().snapshot(), before);
  });
});
