import assert from "node:assert/strict";
import fc from "fast-check";
import type { Host } from "../../plan/inventory.ts";
import { peerUrlOf, type LiveMember } from "../../plan/livecluster.ts";
import { planMembership } from "../../plan/membership.ts";
import { renderEntries } from "../../plan/rostertext.ts";
import { rosterScript } from "../../plan/scripts.ts";
import { Bundle, me } from "./support/bundle.ts";
import { FakeEtcd } from "./support/etcdctl.ts";
import { onHosts } from "./support/suite.ts";

/** A member of a made-up cluster. */
interface Situated {
  state: "well" | "silent" | "learner";
  stays: boolean;
}

type Named = Pick<Host, "name" | "address">;

const hostAt = (index: number): Named => ({ name: `cp${index + 1}`, address: `10.0.0.${index + 1}` });
const idOf = (index: number): string => String(1111 * (index + 1));
const asLive = (members: readonly Situated[], leader: number): LiveMember[] =>
  members.map(({ state }, index) => ({
    id: idOf(index),
    name: hostAt(index).name,
    peerUrls: [peerUrlOf(hostAt(index))],
    started: true,
    learner: state === "learner",
    // A learner does not tell the list of members, by which hosts know a member that serves.
    healthy: state === "well",
    leader: index === leader,
  }));
const staying = (members: readonly Situated[]): Named[] =>
  members.flatMap(({ stays }, index) => (stays ? [hostAt(index)] : []));

/** Clusters of two to five members in any state, of which a voter that serves stays. A learner is about to leave. */
const situation = fc
  .array(fc.record({ state: fc.constantFrom<Situated["state"]>("well", "well", "silent"), stays: fc.boolean() }), {
    minLength: 2,
    maxLength: 4,
  })
  .chain((voters) =>
    fc.record({
      members: fc
        .option(fc.nat(voters.length), { nil: undefined })
        .map((at): Situated[] =>
          at === undefined ? voters : voters.toSpliced(at, 0, { state: "learner", stays: false }),
        ),
      pick: fc.nat(),
    }),
  )
  .filter(({ members }) => members.some(({ state, stays }) => state === "well" && stays))
  .map(({ members, pick }) => {
    const well = members.flatMap(({ state }, index) => (state === "well" ? [index] : []));
    return { members, leader: well[pick % well.length] ?? 0 };
  });

/** Puts the made-up cluster where the fake etcdctl finds it. */
function stage(etcd: FakeEtcd, members: readonly Situated[], leader: number): void {
  etcd.well().members(
    ...members.map(({ state }, index) => {
      const { name, address } = hostAt(index);
      const learner = String(state === "learner");
      return `${idOf(index)}, started, ${name}, https://${address}:2380, https://${address}:2379, ${learner}`;
    }),
  );
  etcd.leader(idOf(leader));
  for (const [index, { state }] of members.entries()) {
    const { address } = hostAt(index);
    if (state === "silent") etcd.silent("context deadline exceeded", address);
    if (state === "learner") etcd.sick("rpc not supported for learner", address);
  }
}

/** The changes that etcdctl was told to make: `remove ID` and `add NAME`. */
const changesOf = (etcd: FakeEtcd): string[] =>
  etcd.log().flatMap((line) => /member ((?:remove|add) \S+)/.exec(line)?.slice(1, 2) ?? []);

onHosts("membership, as it is planned and as hosts carry it out,", (host) => {
  let etcd: FakeEtcd;
  const seed = { seed: 16, numRuns: 60 };

  beforeEach(() => {
    etcd = new FakeEtcd(host());
  });

  it("ends in the same order", async function () {
    this.timeout(240_000);
    host().write("/etc/kubernetes/roster/host.conf", "");
    host().command("kubectl", "exit 0");
    host().write("/roster", rosterScript("roster").content.replace("BIN_PATH=/", `BIN_PATH=${host().path("/")}`));
    const planned = fc
      .sample(situation, seed)
      .map(({ members, leader }) => ({
        members,
        leader,
        plan: planMembership(asLive(members, leader), staying(members)),
      }))
      .filter(({ plan }) => plan.blocked === undefined && plan.steps.length > 0);
    assert.ok(planned.length >= 10, "there is something to compare");
    for (const { members, leader, plan } of planned.slice(0, 12)) {
      stage(etcd, members, leader);
      const local = members.findIndex(({ state, stays }) => state === "well" && stays);
      host().env = {
        ...host().env,
        NODE: "roster",
        DEADLINE: "20",
        OWNER: "lab",
        LOCAL: `https://${hostAt(local).address}:2379`,
      };
      const roster = staying(members).map((each): [string, string] => [each.name, peerUrlOf(each)]);
      const entries = renderEntries({ members: new Map(roster), nodes: new Map() });
      const result = await host().runFile(host().path("/roster"), [], entries);
      assert.equal(result.code, 0, result.stderr);
      const expected = plan.steps.map(({ member }) => `remove ${idOf(Number(member.slice(2)) - 1)}`);
      assert.deepEqual(changesOf(etcd), expected, JSON.stringify({ members, leader }));
    }
  });

  it("begins in the same order", async function () {
    this.timeout(240_000);
    const joining = hostAt(4);
    await host().claim(joining.name);
    host().command("curl", "exit 7");
    const planned = fc
      .sample(situation, seed)
      .filter(({ members }) => members.length <= 4)
      .map(({ members, leader }) => {
        const desired = [...staying(members), joining];
        return { members, leader, desired, plan: planMembership(asLive(members, leader), desired) };
      })
      .filter(({ plan }) => plan.blocked === undefined);
    assert.ok(planned.length >= 10, "there is something to compare");
    for (const { members, leader, desired, plan } of planned.slice(0, 12)) {
      stage(etcd, members, leader);
      const list = desired.map((each) => `${each.name}=${peerUrlOf(each)}`).join(",");
      const bundle = new Bundle("etcd")
        .directory("/var/lib/etcd", "keep")
        .line(`directory /etc/etcd 0755 ${me} purge`)
        .service("etcd.service")
        .line(
          `prepare etcd-join 5 etcd.service ${joining.name} ${peerUrlOf(joining)} /var/lib/etcd /ca /crt /key demo ${list}`,
        );
      await host().run(["release", "--force"]);
      host().install();
      await host().claim(joining.name);
      etcd = new FakeEtcd(host());
      stage(etcd, members, leader);
      await host().apply(bundle);
      // The host itself takes the steps until it is added; promotion follows, and the roster does the rest.
      const until = plan.steps.findIndex(({ action }) => action === "add") + 1;
      const expected = plan.steps
        .slice(0, until)
        .map(({ action, member }) =>
          action === "add" ? `add ${member}` : `remove ${idOf(Number(member.slice(2)) - 1)}`,
        );
      assert.deepEqual(changesOf(etcd), expected, JSON.stringify({ members, leader }));
    }
  });
});
