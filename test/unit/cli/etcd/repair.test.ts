import assert from "node:assert/strict";
import { repairLook } from "../../../../cli/etcd/look.ts";
import { repair } from "../../../../cli/etcd/repair.ts";
import type { EtcdVerb } from "../../../../cli/etcd/verbs.ts";
import { CliError, QuietExit } from "../../../../cli/errors.ts";
import { Exit } from "../../../../cli/exit.ts";
import type { RepairHost, RepairLook } from "../../../../plan/etcdcare/repair.ts";
import { hostsOf, memberStatus } from "../../../support/cluster.ts";

const hosts = hostsOf().filter(({ roles }) => roles.includes("etcd"));
const [first = "", second = "", third = ""] = hosts.map(({ name }) => name);

/** A cluster that does what it is told. */
class Cluster {
  alarms: RepairLook["alarms"] = [];
  readonly states = new Map<string, RepairHost>();
  readonly did: string[] = [];
  readonly printed: string[] = [];
  readonly asked: string[] = [];
  agrees = true;
  /** Why the cluster's lock cannot be had. */
  locked: string | undefined;
  looks = 0;
  /** Ends the command at this verb, as a kill does. */
  dies: EtcdVerb | undefined;

  constructor() {
    for (const { name } of hosts)
      this.states.set(name, { host: name, data: true, listed: name, learner: false, well: true, damage: undefined });
  }

  change(name: string, more: Partial<RepairHost>): void {
    const state = this.states.get(name);
    assert.ok(state);
    this.states.set(name, { ...state, ...more });
  }

  repair(): Promise<boolean> {
    this.looks = 0;
    return repair({
      hosts,
      lock: () => {
        assert.equal(this.looks, 0, "what is looked at before may be untrue by now");
        return this.locked === undefined ? Promise.resolve() : Promise.reject(new CliError(this.locked));
      },
      signal: new AbortController().signal,
      terminal: { note: () => undefined, print: (line = "") => void this.printed.push(line) },
      agrees: (question) => {
        this.asked.push(question);
        return Promise.resolve(this.agrees);
      },
      look: () => {
        this.looks++;
        const known = { known: true, hosts: [...this.states.values()], alarms: this.alarms, hashes: [], others: [] };
        return Promise.resolve(known);
      },
      lookAtMembers: () =>
        Promise.resolve(
          hosts.map(({ name }) => ({
            ...{ host: name, id: name },
            self: { leader: first, learner: false, index: 1, applied: 1, alarms: [] },
          })),
        ),
      run: (verb, { name }) => {
        this.did.push(`${verb} ${name}`);
        if (verb === "set-aside") this.change(name, { listed: undefined, data: false, well: false });
        if (this.dies === verb) return Promise.reject(new CliError("the connection was lost"));
        if (verb === "rejoin") this.change(name, { listed: `new-${name}`, data: true, well: true });
        if (verb === "disarm") this.alarms = [];
        return Promise.resolve(`{"host":"${name}","kept":"/kept","before":1,"after":1,"seconds":0}\n`);
      },
    });
  }
}

describe("etcd repair", () => {
  it("changes nothing where nothing is wrong, and asks nothing", async () => {
    const cluster = new Cluster();
    assert.equal(await cluster.repair(), false);
    assert.deepEqual([cluster.did, cluster.asked], [[], []]);
    assert.match(cluster.printed.join(), /no alarm and no damaged member: nothing was changed/);
  });

  it("frees space in the documented order", async () => {
    const cluster = new Cluster();
    cluster.alarms = [{ member: second, alarm: "NOSPACE" }];
    assert.equal(await cluster.repair(), true);
    assert.deepEqual(cluster.did, [
      ...[`compact ${first}`, `defrag ${second}`, `defrag ${third}`, `defrag ${first}`, `disarm ${first}`],
    ]);
    assert.equal(cluster.asked.length, 1);
    assert.match(
      cluster.printed.slice(0, 4).join("\n"),
      /NOSPACE[^]*compact[^]*one member after the other[^]*try a write/,
    );
  });

  it("replaces a corrupt member, and asks once", async () => {
    const cluster = new Cluster();
    cluster.alarms = [{ member: second, alarm: "CORRUPT" }];
    assert.equal(await cluster.repair(), true);
    assert.deepEqual(cluster.did, [`set-aside ${second}`, `disarm ${first}`, `rejoin ${second}`]);
    assert.equal(cluster.asked.length, 1);
    assert.match(cluster.printed.join("\n"), /its data is in \/kept/);
  });

  it("waits for no other run of the cluster, and touches nothing then", async () => {
    const cluster = new Cluster();
    cluster.alarms = [{ member: second, alarm: "CORRUPT" }];
    cluster.locked = "another run has the lock";
    await assert.rejects(cluster.repair(), /another run has the lock/);
    assert.deepEqual([cluster.looks, cluster.did, cluster.asked], [0, [], []]);
  });

  it("is finished by another one when it was killed", async () => {
    const cluster = new Cluster();
    cluster.alarms = [{ member: second, alarm: "CORRUPT" }];
    cluster.dies = "set-aside";
    await assert.rejects(cluster.repair(), /connection was lost/);
    cluster.dies = undefined;
    cluster.did.length = 0;
    assert.equal(await cluster.repair(), true);
    assert.deepEqual(cluster.did, [`disarm ${first}`, `rejoin ${second}`]);
  });

  it("does nothing that nobody has asked for, and refuses with a sentence", async () => {
    const cluster = new Cluster();
    cluster.agrees = false;
    cluster.alarms = [{ member: second, alarm: "CORRUPT" }];
    await assert.rejects(cluster.repair(), (error: unknown) => error instanceof QuietExit);
    cluster.change(third, { well: false });
    await assert.rejects(cluster.repair(), (error: unknown) => {
      assert.ok(error instanceof CliError && error.exitCode === Exit.refused);
      assert.match(error.message, /cannot be repaired now: without .* 1 of 3 voters are well/);
      return true;
    });
    assert.deepEqual(cluster.did, []);
  });

  it("knows members by the addresses of their hosts", () => {
    const addresses = new Map(hosts.map(({ name, address }) => [name, address]));
    const members = hosts.map(({ address }, n) => ({
      ...{ id: String(n), name: `other-${n}`, peerUrls: [`https://${address}:2380`], started: true, learner: n === 2 },
    }));
    const stranger = { id: "9", name: "x", peerUrls: ["https://198.51.100.1:2380"], started: true, learner: false };
    const look = repairLook(
      new Map([
        [first, { data: true, members: [...members, stranger], self: memberStatus("0", "0") }],
        [second, { data: false, members: [], selfError: "refused", damage: "crc mismatch" }],
        [third, { error: "no route" }],
      ]),
      addresses,
      [],
    );
    assert.deepEqual(
      look.hosts.map(({ listed, data, well, learner, damage }) => [listed, data, well, learner, damage]),
      [
        ["0", true, true, false, undefined],
        ["1", false, false, false, "crc mismatch"],
        ["2", undefined, false, true, undefined],
      ],
    );
    assert.deepEqual([look.known, look.others], [true, ["9"]]);
    const nobody = repairLook(new Map([[first, { data: true, members: [] }]]), addresses, []);
    assert.deepEqual([nobody.known, nobody.hosts[0]?.listed], [false, undefined]);
  });
});
