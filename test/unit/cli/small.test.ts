import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interruptible } from "../../../cli/process/interrupt.ts";
import { keptData } from "../../../cli/operations/kept-data.ts";
import { withKubeconfig } from "../../../cli/cluster/kubeconfig.ts";
import { hostArtifacts, isLocalUrl } from "../../../cli/supply/needs.ts";
import { Phases } from "../../../cli/process/phases.ts";
import { PulumiFailure } from "../../../cli/pulumi/cli.ts";
import { defaultParallel, parallelFrom } from "../../../cli/session/session.ts";
import { configuredFile, sshArguments } from "../../../cli/cluster/ssh-arguments.ts";
import { targetPatterns } from "../../../cli/operations/targets.ts";
import type { Host } from "../../../plan/inventory.ts";

describe("--target", () => {
  it("takes URNs as they are and hosts as patterns that do not match longer names", () => {
    assert.deepEqual(targetPatterns(["urn:pulumi:x", "**::ca"], []), ["urn:pulumi:x", "**::ca"]);
    assert.deepEqual(targetPatterns(["cp1"], ["cp1", "cp10"]), ["**::cp1", "**::*-cp1", "**::cp1-*"]);
  });

  it("refuses what is neither", () => {
    assert.throws(() => targetPatterns(["cp4"], ["cp1", "cp2"]), /neither a URN nor a host of this stack \(cp1, cp2\)/);
  });
});

describe("data kept aside by hosts", () => {
  it("is found in what hosts print, once", () => {
    const urn = "urn:pulumi:lab::plinth::plinth:host:Host$command:remote:Command::cp1-claim";
    const say = (message: string) => ({ urn, severity: "info" as const, message });
    const line = '{"released":true,"host":"cp1","kept":["/var/lib/plinth-kept/lab-1234/var_lib_etcd"]}';
    const unnamed = '{"kept":["/var/lib/plinth-kept/other"]}';
    assert.deepEqual(
      keptData([say(`stopping\n${line}`), say(line), say(unnamed), say("{not json"), say("{}")], ["cp1"]),
      [
        { host: "cp1", path: "/var/lib/plinth-kept/lab-1234/var_lib_etcd" },
        { host: "cp1", path: "/var/lib/plinth-kept/other" },
      ],
    );
  });
});

describe("a kubeconfig for one command", () => {
  it("is 0600 in memory and gone afterwards, also after an error", async () => {
    const dir = mkdtempSync(join(tmpdir(), "plinth-unit-"));
    try {
      let seen = "";
      const failing = withKubeconfig(
        "apiVersion: v1\n",
        (path) => {
          seen = path;
          assert.equal(statSync(path).mode & 0o777, 0o600);
          assert.equal(readFileSync(path, "utf8"), "apiVersion: v1\n");
          assert.ok(path.startsWith(dir));
          return Promise.reject(new Error("kubectl failed"));
        },
        { XDG_RUNTIME_DIR: dir },
      );
      await assert.rejects(failing, /kubectl failed/);
      assert.equal(existsSync(seen), false);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe("ssh", () => {
  const config = { sshUser: "plinth", sshPort: 22, sshPrivateKeyFile: "~/key", sshKnownHostsFile: "known_hosts" };
  const host: Host = {
    name: "cp1",
    address: "192.0.2.11",
    roles: ["etcd"],
    arch: "amd64",
    labels: {},
    annotations: {},
    taints: [],
  };

  it("uses the stack's user, key and known hosts, and refuses unknown keys", () => {
    const args = sshArguments(host, { ...config, sshPrivateKeyFile: "/k" }, { dir: "/p" });
    assert.equal(
      args.join(" "),
      "-i /k -o IdentitiesOnly=yes -o UserKnownHostsFile=/p/known_hosts -o StrictHostKeyChecking=yes " +
        "-o ConnectTimeout=10 -p 22 -l plinth 192.0.2.11",
    );
  });

  it("lets a host's own settings win, and pins the key of the inventory", () => {
    const own = { ...host, user: "root", port: 2222, hostKey: "ssh-ed25519 AAAA comment" };
    const line = sshArguments(own, config, { dir: "/p" }).join(" ");
    assert.match(line, /UserKnownHostsFile=\/dev\/null -o HostKeyAlias=cp1 /);
    assert.match(line, /KnownHostsCommand=\/bin\/echo cp1 ssh-ed25519 AAAA -o /);
    assert.match(line, /-p 2222 -l root 192\.0\.2\.11$/);
  });

  it("finds files from the home directory and from the project", () => {
    assert.equal(configuredFile("~/k", { dir: "/p" }, "/home/u"), "/home/u/k");
    assert.equal(configuredFile("k", { dir: "/p" }, "/home/u"), "/p/k");
    assert.equal(configuredFile("/k", { dir: "/p" }, "/home/u"), "/k");
  });
});

describe("what a run needs", () => {
  it("knows an address of this machine", () => {
    const eth0 = [{ address: "192.0.2.1" }] as ReturnType<typeof import("node:os").networkInterfaces>[string];
    const interfaces = { eth0, lo: undefined };
    assert.equal(isLocalUrl("http://192.0.2.1:8410", interfaces), true);
    assert.equal(isLocalUrl("http://192.0.2.2:8410", interfaces), false);
    assert.equal(isLocalUrl("https://mirror.example.org/x", interfaces), false);
  });

  it("lists the hosts' binaries with the configured versions", () => {
    const config = {
      kubernetesVersion: "1.36.3",
      etcdVersion: "3.6.14",
      containerdVersion: "2.4.2",
      runcVersion: "1.5.2",
      cniVersion: "1.9.1",
      flannelVersion: "0.28.10",
      network: "flannel",
    } as const;
    const refs = hostArtifacts(config);
    assert.deepEqual(
      refs.map(({ name, version }) => `${name} ${version}`),
      [
        "etcd 3.6.14",
        "etcdctl 3.6.14",
        "etcdutl 3.6.14",
        "kube-apiserver 1.36.3",
        "kube-controller-manager 1.36.3",
        "kube-scheduler 1.36.3",
        "kubectl 1.36.3",
        "kubelet 1.36.3",
        "kube-proxy 1.36.3",
        "containerd 2.4.2",
        "containerd-shim-runc-v2 2.4.2",
        "ctr 2.4.2",
        "runc 1.5.2",
        "bridge 1.9.1",
        "host-local 1.9.1",
        "loopback 1.9.1",
        "portmap 1.9.1",
        "flanneld 0.28.10",
      ],
    );
    assert(!hostArtifacts({ ...config, network: "none" }).some(({ name }) => name === "flanneld"));
  });

  it("runs four operations per host, at least 16", () => {
    assert.equal(defaultParallel(3, 2), 16);
    assert.equal(defaultParallel(50, 2), 200);
    assert.equal(parallelFrom({ PULUMI_PARALLEL: "3" }), 3);
    assert.equal(parallelFrom({}), undefined);
    assert.throws(() => parallelFrom({ PULUMI_PARALLEL: "x" }), /PULUMI_PARALLEL must be a whole number/);
  });
});

describe("phases", () => {
  it("survive a re-execution and add up by name", async () => {
    const first = new Phases();
    await first.measure("artifacts", () => Promise.resolve());
    first.add("artifacts", 1000);
    const second = Phases.fromEnvironment(first.environment());
    second.add("engine start", 5);
    assert.deepEqual(
      second.list.map(({ name }) => name),
      ["artifacts", "engine start"],
    );
    assert.ok((second.list[0]?.duration ?? 0) >= 1000);
    assert.deepEqual(Phases.fromEnvironment({}).list, []);
  });
});

describe("failures of the Pulumi CLI", () => {
  it("say what the CLI said, or how it ended", () => {
    const result = { code: 255, signal: null, stdout: "out\n", stderr: "error: no\n" };
    assert.equal(new PulumiFailure(result).message, "no");
    assert.equal(new PulumiFailure({ ...result, stderr: "" }).message, "out");
    assert.match(new PulumiFailure({ ...result, stdout: "", stderr: "" }).message, /exit code 255/);
    assert.match(new PulumiFailure({ ...result, code: null, signal: "SIGKILL" }).message, /ended by SIGKILL/);
  });
});

describe("interrupts", () => {
  it("ask first, then end, and listen no longer than the work", async () => {
    const before = process.listenerCount("SIGINT");
    const calls: string[] = [];
    const { interrupted, outcome } = await interruptible(
      () => {
        process.emit("SIGINT", "SIGINT");
        process.emit("SIGTERM", "SIGTERM");
        return Promise.resolve("done");
      },
      { stop: () => calls.push("stop"), kill: () => calls.push("kill") },
    );
    assert.deepEqual(calls, ["stop", "kill"]);
    assert.equal(interrupted, true);
    assert.deepEqual(outcome, { status: "fulfilled", value: "done" });
    assert.equal(process.listenerCount("SIGINT"), before);
  });
});
