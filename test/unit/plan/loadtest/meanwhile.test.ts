import assert from "node:assert/strict";
import { parseGlance, type HostGlance } from "../../../../plan/loadtest/hostlook.ts";
import { balancerEvents, changesOf, type Glance } from "../../../../plan/loadtest/meanwhile.ts";
import { memberRemarks, memberResult } from "../../../../plan/loadtest/etcd.ts";
import type { Bucket } from "../../../../plan/etcdcare/histogram.ts";
import type { EtcdFacts } from "../../../../plan/members.ts";
import { memberStatus } from "../../../support/cluster.ts";

const vip = "192.0.2.10";
const unit = (more: Partial<HostGlance["units"][string]> = {}) => ({
  ...{ active: "active", restarts: 0, invocation: "a" },
  ...more,
});
const host = (more: Partial<HostGlance> = {}): HostGlance => ({
  ...{ uptime: 1000, clock: 5000, vips: [], units: { "haproxy.service": unit() }, events: [] },
  ...more,
});
const at = (
  seconds: number,
  hosts: Record<string, HostGlance | { error: string }>,
  nodes: object = { w1: true },
): Glance => ({
  at: seconds,
  nodes: "error" in nodes ? (nodes as { error: string }) : new Map(Object.entries(nodes)),
  hosts: new Map(Object.entries(hosts)),
});
const whatOf = (...glances: Glance[]): [number, string][] => changesOf(glances).map((one) => [one.at, one.what]);

describe("what happened meanwhile", () => {
  it("is nothing where every look is as the one before", () => {
    const same = { cp1: host({ vips: [vip] }), cp2: host() };
    assert.deepEqual(whatOf(at(-2, same), at(3, { cp1: same.cp1 }), at(60, same)), []);
  });

  it("are Nodes that became another way", () => {
    assert.deepEqual(
      whatOf(
        at(0, {}),
        at(5, {}, { w1: false }),
        at(10, {}, { w1: undefined }),
        at(15, {}, { w1: true, w2: true }),
        at(20, {}, {}),
      ),
      [
        [5, "the Node w1 is not ready"],
        [10, "the Node w1 has not been heard of"],
        [15, "the Node w1 is ready"],
        [15, "the Node w2 is new"],
        [20, "the Node w1 is gone"],
        [20, "the Node w2 is gone"],
      ],
    );
  });

  it("are units that were started anew, by whomever, and those that stopped", () => {
    const again = (more: object) => ({ cp1: host({ units: { "haproxy.service": unit(more) } }) });
    assert.deepEqual(
      whatOf(
        at(0, again({})),
        at(5, again({ invocation: "b" })),
        at(10, again({ invocation: "c", restarts: 1 })),
        at(15, again({ invocation: "c", restarts: 1, active: "failed" })),
      ),
      [
        [5, "haproxy.service on cp1 was started anew"],
        [10, "haproxy.service on cp1 was started anew, by systemd, because it had ended"],
        [15, "haproxy.service on cp1 is failed"],
      ],
    );
  });

  it("is a host that was lost, who took the virtual IP over from it, and that it came back", () => {
    const other = host();
    assert.deepEqual(
      whatOf(
        at(0, { cp1: host({ vips: [vip] }), cp2: other }),
        at(5, { cp1: { error: "no answer" }, cp2: other }),
        at(10, { cp1: { error: "no answer" }, cp2: host({ vips: [vip] }) }),
        at(30, { cp1: host({ uptime: 4 }), cp2: host({ vips: [vip] }) }),
      ),
      [
        [5, "cp1 cannot be looked at: no answer"],
        [10, `cp2 has ${vip}, before it was cp1`],
        [30, "cp1 answers again"],
        [30, "cp1 was started anew"],
      ],
    );
  });

  it("is an API that did not answer, told once", () => {
    const silent = { error: "no answer within 4 s" };
    assert.deepEqual(whatOf(at(0, {}), at(5, {}, silent), at(10, {}, silent), at(15, {})), [
      [5, "the Nodes cannot be listed: no answer within 4 s"],
      [15, "the Nodes can be listed again"],
    ]);
  });

  it("is what balancers said, by the load's clock, whatever those of hosts are", () => {
    const first = at(-1, { cp1: host({ clock: 5000 }), cp2: host({ clock: 9000 }), cp3: { error: "x" } });
    const said = (seconds: number, text: string) => ({ events: [{ at: seconds, text }] });
    const last = at(60, {
      cp1: host(said(5031, "Server kube-apiserver/cp2 is DOWN")),
      cp2: host(said(9011, "(api) Entering MASTER STATE")),
      cp3: host(said(1, "nobody knows when")),
    });
    assert.deepEqual(balancerEvents(first, last), [
      { at: 10, host: "cp2", text: "(api) Entering MASTER STATE" },
      { at: 30, host: "cp1", text: "Server kube-apiserver/cp2 is DOWN" },
    ]);
  });
});

describe("a short look at a host", () => {
  const read = (...lines: string[]) => parseGlance(["plinth-facts 1", ...lines, "end", ""].join("\n"), [vip]);

  it("is read line by line", () => {
    const glance = read(
      ...["uptime 12.5", "clock 1700000000.25", `address ${vip} eth0`, "address 192.0.2.11 eth0"],
      ...["unit etcd.service active 2 0123456789abcdef0123456789abcdef", "unit a.timer inactive 0 -"],
      "event 1700000001.5 Server kube-apiserver/cp1 is DOWN, reason: \u001b[2J",
    );
    assert.deepEqual(glance, {
      ...{ uptime: 12.5, clock: 1_700_000_000.25, vips: [vip] },
      units: {
        "etcd.service": { active: "active", restarts: 2, invocation: "0123456789abcdef0123456789abcdef" },
        "a.timer": { active: "inactive", restarts: 0, invocation: "" },
      },
      events: [{ at: 1_700_000_001.5, text: "Server kube-apiserver/cp1 is DOWN, reason: \\x1b[2J" }],
    });
    assert.equal(read("events-failed the journal cannot be read").eventsError, "the journal cannot be read");
  });

  it("is not believed when it makes no sense", () => {
    for (const line of ["uptime x", "unit a b", "event soon it is down", "unit $(x) active 0 -"])
      assert.throws(() => read(line), /makes no sense/, line);
    assert.throws(() => parseGlance("plinth-facts 1\n", []), /not complete/);
  });
});

describe("what etcd measured meanwhile", () => {
  const buckets = (...counts: number[]): Bucket[] =>
    [0.001, 0.01, Infinity].map((seconds, index) => ({ seconds, count: counts[index] ?? 0 }));
  const member = (fsync: Bucket[], size = 1024): EtcdFacts => ({
    ...{ data: true, members: [], self: memberStatus("1", "1") },
    measure: { at: 0, size, used: size, fsync, commit: fsync },
  });

  it("is the difference of two looks", () => {
    const result = memberResult("cp1", member(buckets(1000, 1000, 1000)), member(buckets(1050, 1100, 1100), 5120));
    assert.deepEqual([result.fsync?.count, result.fsync?.p50, result.grown, result.leads], [100, 1, 4096, true]);
    assert.ok((result.fsync?.p99 ?? 0) > 9 && (result.fsync?.p99 ?? 0) <= 10);
    assert.equal(result.restarted, undefined);
  });

  it("is what came since its start where it was started anew, and a reason where nothing is told", () => {
    const result = memberResult("cp1", member(buckets(900, 1000, 1000)), member(buckets(9, 10, 10)));
    assert.deepEqual([result.fsync?.count, result.restarted], [10, true]);
    assert.deepEqual(memberResult("cp1", member(buckets(1)), { error: "no answer" }), {
      ...{ host: "cp1", error: "afterwards: no answer" },
    });
    assert.match(memberResult("cp1", { data: true, members: [] }, member(buckets(1))).error ?? "", /does not tell/);
  });

  it("has a sentence where a disk is slow", () => {
    const upTo = (count: number): Bucket[] => [
      { seconds: 0.01, count: 0 },
      { seconds: 0.5, count },
      { seconds: Infinity, count },
    ];
    const slow = memberResult("cp1", member(upTo(0)), member(upTo(50)));
    assert.equal(memberRemarks([slow]).length, 2);
    assert.deepEqual(memberRemarks([memberResult("cp1", member(buckets(0)), member(buckets(50, 50, 50)))]), []);
  });
});
