import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostAccess } from "../../../components/host/access.ts";
import {
  describeHolder,
  lockForProcess,
  releaseClusterLocks,
  takeClusterLock,
  type LockHolder,
} from "../../../components/host/lock.ts";
import { PlinthError } from "../../../plan/findings.ts";
import { SshPool } from "../../../ssh/index.ts";
import { hostsOf } from "../../support/cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { startSshServer, type TestSshServer } from "../ssh/sshServer.ts";

const hosts = hostsOf();
const holder = (machine: string): LockHolder => ({
  user: "ops",
  machine,
  command: "plinth up",
  stack: "demo",
  pid: 4711,
  since: "2026-01-02T03:04:05Z",
});

/** Rules and text of the refusal. */
async function refusal(attempt: Promise<unknown>): Promise<{ rules: string[]; text: string }> {
  try {
    await attempt;
  } catch (error) {
    assert.ok(error instanceof PlinthError, String(error));
    assert.equal(error.kind, "guard");
    return { rules: error.findings.map(({ rule }) => rule), text: error.message };
  }
  return assert.fail("it was not refused");
}

// Real SSH, the real script, three hosts that are directories of this machine.
describe("the cluster's run lock", function () {
  this.timeout(30_000);
  let directory: string;
  let servers: Map<string, TestSshServer>;
  let pools: SshPool[];
  let access: HostAccess;

  const pool = (): SshPool => {
    const made = new SshPool();
    pools.push(made);
    return made;
  };
  const take = (machine: string, options: Parameters<typeof takeClusterLock>[3] = {}) =>
    takeClusterLock(access, hosts, holder(machine), { pool: pool(), ...options });
  /** Whether a host's lock is free. */
  const free = (name: string, file = "run/plinth/run.lock", how = "-x"): boolean => {
    try {
      execFileSync("flock", [how, "-n", join(directory, name, file), "true"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  };
  const serve = async (name: string, port?: number): Promise<void> => {
    const root = join(directory, name);
    servers.set(
      name,
      await startSshServer({
        password: "pw",
        environment: { PLINTH_ROOT: root },
        ...(port === undefined ? {} : { port }),
      }),
    );
  };
  const refresh = (): void => {
    access = new Map(
      [...servers].map(([name, { port }]) => [
        name,
        { host: "127.0.0.1", port, user: "root", password: "pw", dialErrorLimit: 0, perDialTimeout: 5 },
      ]),
    );
  };

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "plinth-lock-"));
    servers = new Map();
    pools = [];
    for (const { name } of hosts) await serve(name);
    refresh();
  });
  afterEach(async () => {
    await releaseClusterLocks();
    for (const made of pools) await made.close();
    for (const server of servers.values()) await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it("is taken on every control-plane host by one command each, and is gone when it is released", async () => {
    const own = pool();
    const release = await take("a", { pool: own });
    assert.deepEqual(
      own.stats().map(({ connections, roundTrips }) => [connections, roundTrips]),
      [1, 2, 3].map(() => [1, 1]),
    );
    for (const { name } of hosts) assert.equal(free(name), false, name);
    await release();
    for (const { name } of hosts) assert.equal(free(name), true, name);
    await (
      await take("b")
    )();
  });

  it("is refused to another run on the first host, with who, since when, and what to do", async () => {
    const release = await take("laptop");
    const { rules, text } = await refusal(take("b"));
    assert.deepEqual(rules, ["cluster-locked"]);
    assert.match(
      text,
      /cp1: another run is changing this cluster: ops@laptop, "plinth up" of stack demo, process 4711, since 2026-01-02T03:04:05Z; wait/,
    );
    await release();
  });

  it("goes to several pools at once, each of them once, and to the cluster's own stack alone", async () => {
    const one = await take("one", { poolStack: "racks1" });
    const two = await take("two", { poolStack: "racks2" });
    assert.match((await refusal(take("again", { poolStack: "racks1" }))).text, /another run is .*ops@one/);
    assert.match((await refusal(take("cluster"))).text, /another run is .*ops@(one|two)/);
    await two();
    assert.match((await refusal(take("cluster"))).text, /another run is .*ops@one/);
    await one();
    const cluster = await take("cluster");
    assert.match((await refusal(take("one", { poolStack: "racks1" }))).text, /another run is .*ops@cluster/);
    await cluster();
    for (const { name } of hosts) assert.equal(free(name), true, name);
  });

  it("goes to one of two that come at once", async () => {
    const both = await Promise.allSettled([take("a"), take("b")]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    for (const one of both) if (one.status === "fulfilled") await one.value();
    await (
      await take("c")
    )();
  });

  it("does without a host that cannot be reached, and says so when those are too many", async () => {
    await servers.get("cp1")?.close();
    const release = await take("a");
    const { text } = await refusal(take("b"));
    assert.match(text, /cp2: another run .*ops@a/);
    await release();
    await servers.get("cp2")?.close();
    const tooFew = await refusal(take("c"));
    assert.deepEqual(tooFew.rules, ["cluster-lock"]);
    assert.match(tooFew.text, /taken on 1 of 3 control-plane hosts, expected at least 2 \(cp1: .*; cp2: /);
    await eventually("cp3 is free", 5, () => Promise.resolve(free("cp3") ? true : undefined));
  });

  it("gives back what it has got when another run holds a later host", async () => {
    const elsewhere = await takeClusterLock(access, hosts.slice(1), holder("a"), { pool: pool() });
    assert.match((await refusal(take("b"))).text, /cp2: another run/);
    assert.equal(free("cp1"), true);
    await elsewhere();
  });

  it("lasts as long as it gives signs of life, and no longer", async () => {
    const alive = await take("a", { beat: 200, patience: 1000 });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    for (const { name } of hosts) assert.equal(free(name), false, name);
    await alive();
    const silent = await take("b", { beat: 60_000, patience: 1000 });
    for (const { name } of hosts)
      await eventually(`${name} is free`, 5, () => Promise.resolve(free(name) || undefined));
    await silent();
  });

  it("is taken again on hosts that were lost, and tells when it is not held by a majority", async () => {
    const told: string[] = [];
    const own = pool();
    const release = await take("a", { pool: own, beat: 100, warn: (sentence) => void told.push(sentence) });
    for (const name of ["cp1", "cp2"]) servers.get(name)?.dropConnections();
    await eventually("a warning", 5, () => Promise.resolve(told[0]));
    assert.match(told[0] ?? "", /held on 1 of 3 control-plane hosts only/);
    // The run goes on and talks to its hosts; the lock follows.
    for (const name of ["cp1", "cp2"]) await own.exec(access.get(name) ?? { host: "" }, "true");
    await eventually("it is held again", 5, () => Promise.resolve(told[1]));
    for (const { name } of hosts)
      await eventually(`${name} is locked`, 5, () => Promise.resolve(!free(name) || undefined));
    await release();
    for (const { name } of hosts) assert.equal(free(name), true, name);
  });

  it("is given back also where it was just being taken again", async () => {
    const own = pool();
    let takenAgain = 0;
    const slow: Pick<SshPool, "attend" | "connected"> = {
      connected: (target) => own.connected(target),
      attend: async (...args) => {
        const command = await own.attend(...args);
        if (told.length > 0) {
          takenAgain++;
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }
        return command;
      },
    };
    const told: string[] = [];
    const release = await take("a", { pool: slow, beat: 100, warn: (sentence) => void told.push(sentence) });
    for (const name of ["cp1", "cp2"]) servers.get(name)?.dropConnections();
    await eventually("a warning", 5, () => Promise.resolve(told[0]));
    await own.exec(access.get("cp2") ?? { host: "" }, "true");
    await eventually("it is being taken", 5, () => Promise.resolve(takenAgain > 0 && !free("cp2") ? true : undefined));
    await release();
    for (const { name } of hosts) assert.equal(free(name), true, name);
  });

  describe("beside runs of former releases, whose locks lie in /run/lock", () => {
    const former = "run/lock/plinth-run.lock";
    const formerPool = "run/lock/plinth-run.pool-racks1.lock";
    let holders: ChildProcess[];
    beforeEach(() => {
      holders = [];
    });
    afterEach(() => {
      for (const held of holders) held.stdin?.end();
    });

    /** Holds locks on cp1 as a former release does: the first one shared where there is a second, a pool's. */
    const hold = async (line: string, mode: number, ...files: string[]): Promise<void> => {
      mkdirSync(join(directory, "cp1/run/lock"), { recursive: true });
      for (const [index, file] of files.entries()) {
        const path = join(directory, "cp1", file);
        writeFileSync(path, index === files.length - 1 ? `${line}\n` : "", { mode });
        const how = index < files.length - 1 ? "-s" : "-x";
        const held = spawn("flock", [how, path, "sh", "-c", "echo held; read x"], {
          stdio: ["pipe", "pipe", "inherit"],
        });
        holders.push(held);
        await once(held.stdout, "data");
      }
    };

    it("is refused with who holds theirs", async () => {
      await hold("ops@old, of the cluster", 0o600, former);
      assert.match((await refusal(take("a"))).text, /another run is .*: ops@old, of the cluster/);
      assert.match(
        (await refusal(take("a", { poolStack: "racks1" }))).text,
        /another run is .*: ops@old, of the cluster/,
      );
      assert.equal(free("cp1"), true, "and gives back what it has got");
    });

    it("goes to a pool beside another pool of theirs, and to no other", async () => {
      await hold("ops@old, of a pool", 0o600, former, formerPool);
      assert.match((await refusal(take("a"))).text, /another run is .*: ops@old, of a pool/);
      assert.match((await refusal(take("a", { poolStack: "racks1" }))).text, /another run is .*: ops@old, of a pool/);
      await (
        await take("a", { poolStack: "racks2" })
      )();
    });

    it("keeps theirs away, and tells them who it is", async () => {
      const cluster = await take("a");
      for (const { name } of hosts) assert.equal(free(name, former, "-s"), false, name);
      assert.match(readFileSync(join(directory, "cp1", former), "utf8"), /^ops@a, /);
      await cluster();
      const pool = await take("b", { poolStack: "racks1" });
      assert.deepEqual([free("cp1", former), free("cp1", former, "-s"), free("cp1", formerPool)], [false, true, false]);
      assert.match(readFileSync(join(directory, "cp1", formerPool), "utf8"), /^ops@b, /);
      await pool();
      assert.deepEqual([free("cp1", former), free("cp1", formerPool)], [true, true]);
    });

    it("does not care for files that they have not made: anybody may make some there", async () => {
      await hold("mallory", 0o644, former);
      await (
        await take("a")
      )();
      assert.equal(readFileSync(join(directory, "cp1", former), "utf8"), "mallory\n");
    });
  });

  it("lies where root alone may enter", async () => {
    const release = await take("a");
    assert.equal(statSync(join(directory, "cp1/run/plinth")).mode & 0o777, 0o700);
    await release();
  });

  it("does not keep its process alive, and is gone with it", async () => {
    const targets = JSON.stringify([...access]);
    const program = `
      import { takeClusterLock } from ${JSON.stringify(join(import.meta.dirname, "../../../components/host/lock.ts"))};
      const hosts = ${JSON.stringify(hosts)};
      await takeClusterLock(new Map(${targets}), hosts, ${JSON.stringify(holder("child"))});
      console.log("taken");`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.deepEqual([printed, code], ["taken\n", 0]);
    for (const { name } of hosts)
      await eventually(`${name} is free`, 5, () => Promise.resolve(free(name) || undefined));
  });

  it("of an earlier run of the same process is given back first", async () => {
    const own = pool();
    await lockForProcess(access, hosts, "demo", { pool: own });
    await lockForProcess(access, hosts, "demo", { pool: own });
    await releaseClusterLocks();
    await releaseClusterLocks();
    for (const { name } of hosts) assert.equal(free(name), true, name);
  });

  it("names its holder on one line of plain text", () => {
    assert.equal(
      describeHolder({ ...holder("höst\n"), user: "a" }),
      'a@h?st?, "plinth up" of stack demo, process 4711, since 2026-01-02T03:04:05Z',
    );
  });
});
