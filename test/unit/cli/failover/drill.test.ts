import assert from "node:assert/strict";
import type { FailoverClients } from "../../../../cli/failover/clients.ts";
import { drillFailover, reportLines, type FailoverReport } from "../../../../cli/failover/drill.ts";
import { NoAnswer } from "../../../../cli/failover/host.ts";
import { CliError, QuietExit } from "../../../../cli/errors.ts";
import { Exit } from "../../../../cli/exit.ts";
import { attemptKinds, type Attempt } from "../../../../plan/failover/clients.ts";
import type { FailoverHost } from "../../../../plan/failover/hosts.ts";
import { hostsOf } from "../../../support/cluster.ts";

const inventory = hostsOf();

/** A cluster whose hosts do what the script does. */
class Cluster implements FailoverClients {
  readonly attempts: Attempt[] = [];
  readonly did: string[] = [];
  readonly said: string[] = [];
  agrees = true;
  /** What is wrong after the drill. */
  left: Partial<FailoverHost> = {};
  members = inventory.length;
  clientsFail = false;
  /** How the host ends `begin`. */
  refusal: Error | undefined;
  onBegin: () => void = () => undefined;
  /** What becomes of each look once services were stopped. */
  onLook: () => Promise<void> = () => Promise.resolve();
  /** Seconds for the host to be well again. */
  patience = 0;

  /** Services are away for no time: the host is not what is tested here. */
  drill(named?: string, signal = new AbortController().signal): Promise<FailoverReport> {
    const say = (line = ""): void => void this.said.push(line);
    return drillFailover({
      ...{ stack: "lab", inventory, endpoint: "https://192.0.2.10:6443", named, seconds: 0, maxGap: 30, signal },
      ...{ clients: this, patience: this.patience, terminal: { note: say, print: say, warn: say } },
      look: async () => {
        if (this.begun()) await this.onLook();
        return this.look();
      },
      onHost: (host, words) => {
        this.did.push(`${host} ${words.join(" ")}`);
        if (words[0] !== "begin") return Promise.resolve("");
        this.onBegin();
        if (this.refusal !== undefined) return Promise.reject(this.refusal);
        return Promise.resolve(`noise\nuntil 1\nstopped etcd.service\nstopped haproxy.service\n`);
      },
      agrees: (question) => {
        this.did.push(question);
        return Promise.resolve(this.agrees);
      },
    });
  }

  start(): Promise<void> {
    if (this.clientsFail) return Promise.reject(new Error("write: HTTP 403"));
    this.did.push("clients");
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.did.push("removed");
    return Promise.resolve();
  }

  private begun(): boolean {
    return this.did.some((done) => done.includes(" begin "));
  }

  private look(): FailoverHost[] {
    const begun = this.begun();
    return inventory.slice(0, this.members).map(({ name }) => ({
      ...{ name, holdsVip: name === "cp2", apiserver: "ok", node: true },
      member: { host: name, id: name, self: { leader: "cp1", learner: false, index: 1, applied: 1, alarms: [] } },
      units: new Map([
        ["etcd.service", "active"],
        ["haproxy.service", "active"],
      ]),
      ...(begun && name === "cp2" ? this.left : {}),
    }));
  }
}

const refused = (error: unknown): boolean => error instanceof CliError && error.exitCode === Exit.refused;
const question = "Take the services of cp2 away for 0 s?";
const begin = "cp2 begin 0 etcd.service haproxy.service";

describe("drill failover", () => {
  it("asks, takes the services of a host away while clients ask, and reports", async () => {
    const cluster = new Cluster();
    const report = await cluster.drill();
    assert.deepEqual(cluster.did, [question, "clients", begin, "removed"]);
    assert.deepEqual(report.units, ["etcd.service", "haproxy.service"]);
    assert.deepEqual([report.host, report.why, report.result], ["cp2", "it has the virtual IP", "ok"]);
    assert.match(cluster.said.join("\n"), /stops {5}etcd\.service, haproxy\.service; kubelet and containerd stay/);
    const lines = reportLines(report);
    assert.equal(lines.length, attemptKinds.length + 2);
    assert.match(lines.at(-1) ?? "", /^cp2 is back/);
  });

  it("takes the named host, and knows no other", async () => {
    const cluster = new Cluster();
    assert.equal((await cluster.drill("cp3")).host, "cp3");
    await assert.rejects(new Cluster().drill("w1"), (error: unknown) => {
      assert.ok(error instanceof CliError && error.exitCode === Exit.badInput);
      assert.match(error.message, /there are: cp1, cp2, cp3/);
      return true;
    });
  });

  it("stops nothing where something stands against it, nobody agrees, or clients are not answered", async () => {
    const alone = new Cluster();
    alone.members = 1;
    await assert.rejects(alone.drill("cp1"), refused);
    assert.deepEqual(alone.did, []);
    const asked = new Cluster();
    asked.agrees = false;
    await assert.rejects(asked.drill(), (error: unknown) => error instanceof QuietExit);
    assert.deepEqual(asked.did, [question]);
    const denied = new Cluster();
    denied.clientsFail = true;
    await assert.rejects(denied.drill(), refused);
    assert.deepEqual(denied.did, [question, "removed"]);
  });

  it("fails where the host is not back in time, and says what is not", async () => {
    const cluster = new Cluster();
    cluster.left = { apiserver: "no answer" };
    const report = await cluster.drill();
    assert.equal(report.result, "failed");
    assert.equal(report.backAfterSeconds, undefined);
    assert.deepEqual(report.problems, ["not back: the API server of cp2 is not ready: no answer"]);
  });

  it("starts the services at once when it is interrupted", async () => {
    const stopping = new AbortController();
    const cluster = new Cluster();
    cluster.onBegin = () => {
      stopping.abort();
    };
    await assert.rejects(cluster.drill(undefined, stopping.signal), { name: "AbortError" });
    assert.deepEqual(cluster.did, [question, "clients", begin, "cp2 end", "removed"]);
  });

  it("waits no longer for the host to be well when it is interrupted, be it in a look or between two", async () => {
    for (const onLook of [() => new Promise<void>(() => undefined), () => Promise.resolve()]) {
      const stopping = new AbortController();
      const cluster = new Cluster();
      cluster.patience = 300;
      cluster.left = { apiserver: "no answer" };
      cluster.onLook = () => {
        setImmediate(() => {
          stopping.abort();
        });
        return onLook();
      };
      await assert.rejects(cluster.drill(undefined, stopping.signal), { name: "AbortError" });
      assert.deepEqual(cluster.did, [question, "clients", begin, "cp2 end", "removed"]);
    }
  });

  it("ends what may have begun where the host's answer is lost, and nothing where the host refused", async () => {
    const lost = new Cluster();
    lost.refusal = new NoAnswer("cp2: the connection broke");
    await assert.rejects(lost.drill(), /the connection broke/);
    assert.deepEqual(lost.did, [question, "clients", begin, "cp2 end", "removed"]);
    const busy = new Cluster();
    busy.refusal = new CliError("cp2: a failover drill is under way on this host");
    await assert.rejects(busy.drill(), /under way/);
    assert.deepEqual(busy.did, [question, "clients", begin, "removed"]);
  });
});
