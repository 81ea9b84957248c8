import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parsePathLook, type PathLook } from "../../plan/adhoc/copying.ts";
import { adhocScript } from "../../plan/scripts.ts";
import { eventually } from "../support/eventually.ts";
import { shells } from "./support/fake-host.ts";

describe("scripts of operators", function () {
  this.timeout(90_000);
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "plinth-adhoc-"));
    mkdirSync(join(dir, "etc"));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  /** The script with a state of its own. */
  const script = (...words: string[]): string =>
    adhocScript("put", words)
      .replaceAll("/var/lib/plinth ", `${join(dir, "state")} `)
      .replace("STATE=/var/lib/plinth", `STATE=${join(dir, "state")}`);
  const manifest = (bundle: string, name: string, ...lines: string[]): void => {
    mkdirSync(join(dir, "state/bundles", bundle), { recursive: true });
    writeFileSync(join(dir, "state/bundles", bundle, name), `${lines.join("\n")}\n`);
  };

  for (const shell of shells) {
    const look = (path: string): PathLook =>
      parsePathLook(spawnSync(shell, ["-c", script("look", path)], { encoding: "utf8" }).stdout);

    it(`know whose a path is, also by a link and while it is being changed, by ${shell}`, () => {
      const path = (name: string): string => join(dir, "etc", name);
      manifest(
        "etcd",
        "manifest",
        "plinth-manifest 1",
        `file ${path("etcd.conf")} 0644 root:root ${"0".repeat(64)} - - file`,
      );
      manifest("node", "intent", "plinth-intent 1", `owns file ${path("kubelet")} 0644 root:root x - - file`);
      manifest(
        "loadbalancer",
        "manifest",
        `directory ${path("haproxy.d")} 0755 root:root purge`,
        "unit haproxy.service",
      );
      mkdirSync(path("haproxy.d"));
      symlinkSync("haproxy.d", path("link"));
      assert.deepEqual(look(path("etcd.conf")).owned, ["etcd"]);
      assert.deepEqual(look(path("kubelet")).owned, ["node"]);
      assert.deepEqual(look(path("link/new.cfg")).owned, ["loadbalancer"]);
      assert.deepEqual(look("/etc/systemd/system/haproxy.service").owned, ["loadbalancer"]);
      assert.deepEqual(look(path("haproxy.d2/x")), { kind: "none", parent: "none", owned: [] });
      assert.equal(look(join(dir, "state/claim")).reserved, join(dir, "state"));
      assert.deepEqual(look(path("free")), { kind: "none", parent: "directory", owned: [] });
    });

    it(`know it also where a directory is a link on the host, whichever way the path and the plan take, by ${shell}`, () => {
      const path = (name: string): string => join(dir, name);
      mkdirSync(path("usr/lib"), { recursive: true });
      symlinkSync("usr/lib", path("lib"));
      symlinkSync("elsewhere", path("usr/lib/linked.conf"));
      manifest(
        "node",
        "manifest",
        `file ${path("lib/planned.conf")} 0644 root:root x - - file`,
        `file ${path("lib/linked.conf")} 0644 root:root x - - file`,
        `file ${path("usr/lib/real.conf")} 0644 root:root x - - file`,
        `directory ${path("lib/purged")} 0755 root:root purge`,
      );
      for (const name of ["usr/lib/planned.conf", "lib/linked.conf", "usr/lib/linked.conf", "lib/real.conf"])
        assert.deepEqual(look(path(name)).owned, ["node"], name);
      assert.deepEqual(look(path("usr/lib/purged/new")).owned, ["node"]);
      assert.deepEqual(look(path("lib/elsewhere")).owned, []);
      renameSync(path("state"), path("disk"));
      symlinkSync("disk", path("state"));
      for (const state of ["state", "disk"]) assert.equal(look(path(`${state}/claim`)).reserved, path("state"));
      const words = ["write", path("disk/claim"), "0".repeat(64), "0640", "-"];
      const { status, stderr } = spawnSync(shell, ["-c", script(...words)], { input: "new", encoding: "utf8" });
      assert.deepEqual([status, stderr], [1, `it is in ${path("state")} now, where Plinth keeps its own things\n`]);
    });

    it(`write a file that has become Plinth's meanwhile no more, by ${shell}`, () => {
      const path = join(dir, "etc/file");
      const sha256 = createHash("sha256").update("new").digest("hex");
      const write = () =>
        spawnSync(shell, ["-c", script("write", path, sha256, "0640", "-")], { input: "new", encoding: "utf8" });
      assert.equal(write().status, 0);
      assert.deepEqual([readFileSync(path, "utf8"), statSync(path).mode & 0o777], ["new", 0o640]);
      manifest("etcd", "manifest", `file ${path} 0644 root:root x - - file`);
      const refused = write();
      assert.deepEqual([refused.status, refused.stderr], [1, "it belongs to the bundle etcd now\n"]);
    });

    it(`leave nothing behind of a write that is ended half-way, by ${shell}`, async () => {
      const path = join(dir, "etc/file");
      const child = spawn(shell, ["-c", script("write", path, "0".repeat(64), "0640", "-")], {
        stdio: ["pipe", "ignore", "pipe"],
      });
      const closed = once(child, "close");
      child.stdin.write("half");
      const begun = () => Promise.resolve(readdirSync(join(dir, "etc")).length > 0 ? true : undefined);
      await eventually("its file", 60, begun);
      child.kill("SIGTERM");
      child.stdin.end();
      assert.deepEqual(await closed, [143, null]);
      assert.deepEqual(readdirSync(join(dir, "etc")), []);
    });

    it(`end a command with their input, with all that it has started, and say its code, by ${shell}`, async () => {
      const run = (words: string[]) => {
        const child = spawn(shell, ["-c", adhocScript("run", ["30", "3", ...words])], {
          stdio: ["pipe", "pipe", "pipe"],
        });
        let text = "";
        for (const stream of [child.stdout, child.stderr])
          stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
        child.stdin.write("abc");
        return { child, closed: once(child, "close"), said: () => text };
      };
      const ended = run(["sh", "-c", "cat; exit 7"]);
      assert.deepEqual([await ended.closed, ended.said()], [[7, null], "abc"]);
      const lasting = run(["sh", "-c", `while [ -d ${dir} ]; do sleep 0.1; done & cat; wait`]);
      await once(lasting.child.stdout, "data");
      lasting.child.stdin.end();
      // Its streams are closed, so nobody is left who has them.
      assert.deepEqual([await lasting.closed, lasting.said()], [[143, null], "abc"]);
    });
  }
});
