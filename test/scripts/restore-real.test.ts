import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { defaultVersions, ensureArtifacts } from "../../artifacts/index.ts";
import { inspectSnapshot } from "../../cli/restore/inspect.ts";
import { revisionBump } from "../../plan/restore/bump.ts";
import { eventually } from "../support/eventually.ts";
import { Bundle, me } from "./support/bundle.ts";
import { FakeHost } from "./support/fake-host.ts";

/** Addresses of the loopback network, a part of it that no other run is likely to use. */
const network = `127.${128 + (process.pid % 64)}.${(process.pid >> 6) % 256}`;
const url = (n: number, port: number): string => `http://${network}.${n}:${port}`;
const members = [1, 2].map((n) => `cp${n}=${url(n, 2380)}`).join(",");
const id = "20261129T210000Z-1a2b3c";
const data = "/var/lib/etcd";
const kept = `/var/lib/plinth-kept/demo-01234567-restore-${id}${data}`;

/** A host whose systemd is made of files, and whose etcd is real. */
class Member {
  readonly host = new FakeHost();
  private readonly n: number;
  private readonly etcd: string;
  private process: ChildProcess | undefined;

  constructor(n: number, programs: ReadonlyMap<string, string>) {
    this.n = n;
    this.etcd = programs.get("etcd") ?? "";
    mkdirSync(this.host.path("/opt/plinth/bin"), { recursive: true });
    for (const name of ["etcdctl", "etcdutl"])
      symlinkSync(programs.get(name) ?? "", this.host.path(`/opt/plinth/bin/${name}`));
  }

  start(directory = data): void {
    const log = openSync(this.host.path("/etcd.log"), "a");
    const args = {
      name: `cp${this.n}`,
      "data-dir": this.host.path(directory),
      "listen-client-urls": url(this.n, 2379),
      "advertise-client-urls": url(this.n, 2379),
      "listen-peer-urls": url(this.n, 2380),
      "initial-advertise-peer-urls": url(this.n, 2380),
      "initial-cluster": members,
      "unsafe-no-fsync": "true",
    };
    const words = Object.entries(args).map(([name, value]) => `--${name}=${value}`);
    this.process = spawn(this.etcd, words, { stdio: ["ignore", log, log] });
  }

  async kill(): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  /** It has its bundle, and a member that runs. */
  async serve(): Promise<void> {
    await this.host.claim(`cp${this.n}`);
    const bundle = new Bundle("etcd")
      .line(`directory ${data} 0700 ${me} keep`)
      .line(`directory /etc/etcd 0755 ${me} purge`)
      .service("etcd.service")
      .line(`prepare etcd-join 60 etcd.service cp${this.n} ${url(this.n, 2380)} ${data} - - - demo ${members}`)
      .check("etcd-voter", 60, "etcd.service", `${url(this.n, 2379)} - - - cp${this.n} ${members}`);
    await this.host.apply(bundle);
  }

  async step(step: string, words: readonly string[] = [], stdin = ""): Promise<void> {
    const { code, stderr } = await this.host.run(["restore", step, "--id", id, ...words], stdin);
    assert.equal(code, 0, stderr);
  }

  async etcdctl(...words: string[]): Promise<string> {
    const program = this.host.path("/opt/plinth/bin/etcdctl");
    const { stdout } = await promisify(execFile)(program, ["--endpoints", url(this.n, 2379), ...words]);
    return stdout;
  }

  async revision(): Promise<number> {
    const [status] = JSON.parse(await this.etcdctl("endpoint", "status", "-w", "json")) as [
      { Status: { header: { revision: number } } },
    ];
    return status.Status.header.revision;
  }

  log(): string {
    return readFileSync(this.host.path("/etcd.log"), "utf8");
  }
}

describe("a restore with a real etcd", function () {
  this.timeout(300_000);
  let both: [Member, Member] | undefined;
  const pair = (): [Member, Member] => {
    if (both === undefined) throw new Error("there are members in tests only");
    return both;
  };

  before(async function () {
    // May have to build them.
    this.timeout(1_200_000);
    const programs = await ensureArtifacts(
      ["etcd", "etcdctl", "etcdutl"].map((name) => ({ name, version: defaultVersions[name] ?? "" })),
    );
    both = [new Member(1, programs), new Member(2, programs)];
  });

  after(async () => {
    for (const member of both ?? []) {
      await member.kill();
      member.host.remove();
    }
  });

  it("gives back what was acknowledged before the snapshot, under a revision that was never given out", async () => {
    const [one, two] = pair();
    for (const member of [one, two]) member.start();
    await eventually("etcd serves", 60, async () => one.etcdctl("put", "a", "of before").catch(() => undefined));
    for (const member of [one, two]) await member.serve();
    const before = await one.revision();
    const path = join(one.host.directory, "etcd.db");
    await one.etcdctl("snapshot", "save", path);
    await one.etcdctl("put", "a", "of after");
    await one.etcdctl("put", "b", "of after");

    const facts = await inspectSnapshot(path, "of before");
    assert.deepEqual([facts.damage, facts.revision, facts.version, facts.holds], [undefined, before, "3.6.0", true]);
    const bump = revisionBump(before, await one.revision(), Date.now());
    const words = (n: number): string[] => [
      ...["--cluster-id", "0123456789abcdef", "--host", `cp${n}`, "--token", "another", "--members", members],
      ...["--bump", String(bump), "--sha256", facts.sha256],
    ];
    for (const [index, member] of [one, two].entries()) {
      // Bytes do not go through the text that tests send: the script finds the snapshot where it would have put it.
      const directory = member.host.path("/var/lib/plinth/restore-data");
      mkdirSync(directory, { recursive: true });
      symlinkSync(path, join(directory, `${facts.sha256}.db`));
      await member.step("stage", words(index + 1));
    }
    for (const step of ["quiet", "stop"]) for (const member of [one, two]) await member.step(step);
    for (const member of [one, two]) {
      await member.kill();
      await member.step("seed");
    }
    for (const member of [one, two]) member.start();
    for (const member of [one, two]) await member.step("start");
    assert.equal(await two.etcdctl("get", "", "--prefix"), "a\nof before\n");
    assert.ok((await two.revision()) >= before + bump);
    await assert.rejects(two.etcdctl("get", "a", `--rev=${before + 1}`), /has been compacted/);
    for (const step of ["serve", "finish"]) for (const member of [one, two]) await member.step(step);
  });

  it("does not know members of before, and they do not know it", async () => {
    const [one, two] = pair();
    await two.kill();
    two.start(kept);
    await eventually("they refuse each other", 60, () =>
      Promise.resolve(/cluster ID mismatch/i.test(one.log() + two.log()) ? true : undefined),
    );
    await assert.rejects(two.etcdctl("--command-timeout=3s", "get", "a"));
    await two.kill();
    two.start();
    await eventually("etcd serves", 60, async () => two.etcdctl("get", "a").catch(() => undefined));
    assert.equal(await two.etcdctl("get", "a"), "a\nof before\n");
  });
});
