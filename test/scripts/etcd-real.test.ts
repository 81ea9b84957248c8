import assert from "node:assert/strict";
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { defaultVersions, ensureArtifacts } from "../../artifacts/index.ts";
import { factsScript } from "../../components/host/script.ts";
import { parseFacts } from "../../plan/facts.ts";
import { memberName } from "../../plan/bundles/etcd.ts";
import type { EtcdFacts } from "../../plan/members.ts";
import { eventually } from "../support/eventually.ts";
import { Bundle, me } from "./support/bundle.ts";
import { FakeHost } from "./support/fake-host.ts";

/** Addresses of the loopback network, a part of it that no other run is likely to use. */
const network = `127.${64 + (process.pid % 64)}.${(process.pid >> 6) % 256}`;
const url = (n: number, port: number) => `https://${network}.${n}:${port}`;
const pki = "/etc/kubernetes/pki/etcd";
/** Authority, and certificate and key of a client, on every host, as arguments of prepares and checks. */
const access = ["ca.crt", "client.crt", "client.key"].map((file) => `${pki}/${file}`).join(" ");
/** Certificate and key of members. */
const memberAccess = ["member.crt", "member.key"].map((file) => `${pki}/${file}`).join(" ");

/**
 * An authority, one certificate for all members and one for all clients, in a new folder. Connections come from the first
 * address of loopback.
 */
function makeCertificates(): string {
  const folder = mkdtempSync(join(tmpdir(), "plinth-etcd-pki-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=etcd-ca");
  const addresses = ["127.0.0.1", ...[1, 2, 3, 4, 5].map((n) => `${network}.${n}`)].map((address) => `IP:${address}`);
  const leaf = (name: string, ...extensions: string[]) =>
    openssl(
      ...["req", "-x509", ...key, "-CA", "ca.crt", "-CAkey", "ca.key", "-addext", "basicConstraints=CA:FALSE"],
      ...extensions.flatMap((extension) => ["-addext", extension]),
      ...["-keyout", `${name}.key`, "-out", `${name}.crt`, "-subj", `/CN=${name}`],
    );
  const names = [`DNS:${memberName}`, ...addresses].join(",");
  leaf("member", `subjectAltName=${names}`, "extendedKeyUsage=serverAuth,clientAuth");
  leaf("client", "extendedKeyUsage=clientAuth");
  return folder;
}

/** A host whose systemd is made of files, and whose etcd is real. */
class Member {
  readonly host = new FakeHost();
  readonly name: string;
  private readonly n: number;
  private readonly etcd: string;
  private process: ChildProcess | undefined;

  constructor(n: number, etcd: string, etcdctl: string, certificates: string) {
    this.n = n;
    this.name = `cp${n}`;
    this.etcd = etcd;
    mkdirSync(this.host.path("/opt/plinth/bin"), { recursive: true });
    symlinkSync(etcdctl, this.host.path("/opt/plinth/bin/etcdctl"));
    cpSync(certificates, this.host.path(pki), { recursive: true });
  }

  private bundle(members: string): Bundle {
    return new Bundle("etcd")
      .line(`directory /var/lib/etcd 0700 ${me} keep`)
      .line(`directory /etc/etcd 0755 ${me} purge`)
      .service("etcd.service")
      .line(
        `prepare etcd-join 60 etcd.service ${this.name} ${url(this.n, 2380)} /var/lib/etcd ${access} demo ${members} ${memberAccess}`,
      );
  }

  async claim(): Promise<void> {
    await this.host.claim(this.name);
  }

  /** What comes before the start of the unit. */
  async prepare(members: string): Promise<string> {
    this.host.setUnit("etcd.service", "active", "inactive");
    const { code, stderr } = await this.host.run(["apply"], this.bundle(members).text());
    assert.equal(code, 0, stderr);
    return stderr;
  }

  async check(members: string): Promise<void> {
    const args = `${url(this.n, 2379)} ${access} ${this.name} ${members}`;
    await this.host.apply(this.bundle(members).check("etcd-voter", 60, "etcd.service", args));
  }

  /** @param closed whether the peer port takes members only; those of earlier releases take everybody of the authority. */
  start(closed = true): void {
    const lines = readFileSync(this.host.path("/etc/etcd/bootstrap.env"), "utf8").trim().split("\n");
    const settings = lines.filter((line) => !line.startsWith("#")).map((line) => line.split(/=(.*)/s).slice(0, 2));
    const log = openSync(this.host.path("/etcd.log"), "a");
    const args = {
      name: this.name,
      "data-dir": this.host.path("/var/lib/etcd"),
      "listen-client-urls": url(this.n, 2379),
      "advertise-client-urls": url(this.n, 2379),
      "listen-peer-urls": url(this.n, 2380),
      "initial-advertise-peer-urls": url(this.n, 2380),
      "unsafe-no-fsync": "true",
      ...(closed ? { "peer-cert-allowed-hostname": memberName } : {}),
      ...Object.fromEntries(
        ["", "peer-"].flatMap((kind) => [
          [`${kind}client-cert-auth`, "true"],
          [`${kind}trusted-ca-file`, this.host.path(`${pki}/ca.crt`)],
          [`${kind}cert-file`, this.host.path(`${pki}/member.crt`)],
          [`${kind}key-file`, this.host.path(`${pki}/member.key`)],
        ]),
      ),
    };
    this.process = spawn(
      this.etcd,
      Object.entries(args).map(([name, value]) => `--${name}=${value}`),
      { stdio: ["ignore", log, log], env: { ...process.env, ...(Object.fromEntries(settings) as NodeJS.ProcessEnv) } },
    );
  }

  /** Whether etcd ends by itself within some seconds. */
  async ends(): Promise<boolean> {
    const child = this.process;
    if (child === undefined) return true;
    await Promise.race([once(child, "exit"), sleep(15_000)]);
    return child.exitCode !== null;
  }

  async kill(): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  loseData(): void {
    rmSync(this.host.path("/var/lib/etcd/member"), { recursive: true });
  }

  async list(): Promise<string[]> {
    const etcdctl = this.host.path("/opt/plinth/bin/etcdctl");
    const [ca = "", cert = "", key = ""] = access.split(" ").map((file) => this.host.path(file));
    const credentials = ["--cacert", ca, "--cert", cert, "--key", key];
    const { stdout } = await promisify(execFile)(etcdctl, [
      ...["--endpoints", url(this.n, 2379), ...credentials],
      ...["member", "list"],
    ]);
    return stdout
      .trim()
      .split("\n")
      .map((line) => line.split(", "))
      .map(([, state, name, , , learner]) => `${name ?? ""} ${state ?? ""} ${learner === "true" ? "learner" : "voter"}`)
      .sort();
  }

  async facts(): Promise<EtcdFacts | undefined> {
    return parseFacts((await this.host.runFile("-s", [], factsScript())).stdout).etcd;
  }

  /** Whether the peer port answers whoever has a certificate of this name. */
  async answersPeer(name: "member" | "client"): Promise<boolean> {
    const [ca = "", cert = "", key = ""] = ["ca.crt", `${name}.crt`, `${name}.key`].map((each) =>
      this.host.path(`${pki}/${each}`),
    );
    const request = ["--silent", "--fail", "--max-time", "10", "--cacert", ca, "--cert", cert, "--key", key];
    try {
      await promisify(execFile)("curl", [...request, "--http1.1", `${url(this.n, 2380)}/members`]);
      return true;
    } catch {
      return false;
    }
  }

  log(): string {
    return existsSync(this.host.path("/etcd.log")) ? readFileSync(this.host.path("/etcd.log"), "utf8") : "";
  }
}

describe("members of a real etcd", function () {
  this.timeout(300_000);
  const members: Member[] = [];
  let certificates = "";
  const declared = (...numbers: number[]) => numbers.map((n) => `cp${n}=${url(n, 2380)}`).join(",");
  const voters = (...numbers: number[]) => numbers.map((n) => `cp${n} started voter`);
  const member = (n: number): Member => {
    const found = members[n - 1];
    if (found === undefined) throw new Error(`there is no member ${n}`);
    return found;
  };

  before(async function () {
    // May have to build them.
    this.timeout(1_200_000);
    const paths = await ensureArtifacts(
      ["etcd", "etcdctl"].map((name) => ({ name, version: defaultVersions[name] ?? "" })),
    );
    certificates = makeCertificates();
    for (let n = 1; n <= 5; n++)
      members.push(new Member(n, paths.get("etcd") ?? "", paths.get("etcdctl") ?? "", certificates));
    for (const each of members) await each.claim();
  });

  after(async () => {
    for (const each of members) {
      await each.kill();
      each.host.remove();
    }
    rmSync(certificates, { recursive: true, force: true });
  });

  it("begin a cluster together, also the one that comes late", async () => {
    const all = declared(1, 2, 3);
    await member(1).prepare(all);
    member(1).start(false);
    await eventually("the first one waits for the others", 20, () =>
      Promise.resolve(member(1).log().includes("starting a new election") ? true : undefined),
    );
    await member(2).prepare(all);
    member(2).start(false);
    await Promise.all([1, 2].map((n) => member(n).check(all)));
    await member(3).prepare(all);
    member(3).start(false);
    await member(3).check(all);
    assert.deepEqual(await member(3).list(), voters(1, 2, 3));
  });

  it("close their peer ports to clients one after the other, and none refuses another", async () => {
    const all = declared(1, 2, 3);
    assert.equal(await member(1).answersPeer("client"), true, "as earlier releases have left it");
    for (const n of [1, 2, 3]) {
      await member(n).kill();
      member(n).start();
      // Every mixture of members that ask and members that do not is a cluster in which all answer.
      for (const each of [1, 2, 3]) await member(each).check(all);
      assert.deepEqual([await member(n).answersPeer("member"), await member(n).answersPeer("client")], [true, false]);
    }
    // With two members left, a quorum needs the connection between them in both directions.
    await member(1).kill();
    for (const n of [2, 3]) await member(n).check(all);
    member(1).start();
    await member(1).check(all);
  });

  it("take a new one as a learner, then as a voter", async () => {
    const all = declared(1, 2, 3, 4);
    assert.match(await member(4).prepare(all), /added cp4 as a learner/);
    assert.doesNotMatch(await member(4).prepare(all), /added|removed/, "a run that was killed has left it");
    const before = await member(1).facts();
    assert.deepEqual(
      before?.members.filter((each) => each.learner).map(({ peerUrls, name, started }) => [peerUrls, name, started]),
      [[[url(4, 2380)], undefined, false]],
    );
    member(4).start();
    await member(4).check(all);
    assert.deepEqual(await member(1).list(), voters(1, 2, 3, 4));
    const after = await member(1).facts();
    const [self, leader] = [after?.self?.id, after?.self?.leader].map((id) =>
      after?.members.find((each) => each.id === id),
    );
    assert.deepEqual([self?.name, self?.peerUrls, self?.started], ["cp1", [url(1, 2380)], true]);
    assert.equal(leader?.learner, false, "the leader is one of the members");
    assert.equal(after?.data, true);
  });

  it("do not come back by themselves once their data is lost, and join again", async () => {
    const all = declared(1, 2, 3, 4);
    await member(2).kill();
    member(2).loseData();
    member(2).start();
    assert.equal(await member(2).ends(), true, member(2).log());
    // It has begun an empty database meanwhile.
    assert.match(await member(2).prepare(all), /removed the member cp2 [^]*added cp2 as a learner/);
    member(2).start();
    await member(2).check(all);
    assert.deepEqual(await member(1).list(), voters(1, 2, 3, 4));
  });

  it("lose a dead one that nobody declares before the next one joins", async () => {
    const all = declared(1, 2, 3, 5);
    await member(4).kill();
    assert.match(await member(5).prepare(all), /removed the member cp4 [^]*does not answer[^]*added cp5 as a learner/);
    member(5).start();
    await member(5).check(all);
    assert.deepEqual(await member(1).list(), voters(1, 2, 3, 5));
  });

  it("begin nothing new beside a cluster that stands still", async () => {
    await member(2).kill();
    await member(3).kill();
    const line = `prepare etcd-join 1 - cp4 ${url(4, 2380)} /var/lib/other ${access} demo ${declared(1, 3, 4)} ${memberAccess}`;
    const { code, stderr } = await member(4).host.run(["apply"], new Bundle("probe").line(line).text());
    assert.equal(code, 1);
    assert.match(stderr, /the cluster is in service, but cp1 does not list its members \(has it lost its quorum\?\)/);
  });
});
