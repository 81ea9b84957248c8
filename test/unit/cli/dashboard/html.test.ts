import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePage } from "../../../../cli/dashboard/file.ts";
import { filePage, htmlOf, livePage } from "../../../../cli/dashboard/html.ts";
import { sectionsOf } from "../../../../cli/dashboard/view/page.ts";
import { el } from "../../../../cli/dashboard/view/tree.ts";
import { CliError } from "../../../../cli/errors.ts";
import { pageOf } from "../../../../plan/dashboard/page.ts";
import { stateOf } from "../../../../plan/runs/progress.ts";
import {
  fleet,
  lookedAt,
  observationOf,
  rollEvents,
  seenStatus,
  statusText,
  withoutPower,
} from "../../../support/dashboard.ts";

const evil = '<script>alert("x")</script><img src=x onerror=alert(1)>';

function sections(count: number, rolls = true) {
  const hosts = fleet(count);
  const state = stateOf(rollEvents(hosts, { pid: 1, startTicks: "1" }));
  const plan = state?.plan && { event: state.plan, command: "up", run: state.run };
  const run = rolls && state !== undefined ? { run: { state, goesOn: true }, plan } : {};
  return sectionsOf(pageOf({ stack: "demo", now: lookedAt, document: seenStatus(hosts), history: [], ...run }));
}

describe("the page as HTML", () => {
  it("has a section for everything that there is something to say about", () => {
    const ids = [...sections(5).keys()];
    assert.deepEqual(ids, [
      ...["summary", "run", "plan", "hosts", "cluster", "nodes", "certificates", "drift", "backups"],
    ]);
    const before = sectionsOf(pageOf({ stack: "demo", now: lookedAt, history: [] }));
    assert.deepEqual([...before.keys()], ["summary", "run", "hosts"]);
  });

  it("tells roles, VIP, leaders, members and Nodes", () => {
    const html = livePage("demo", sections(5, false));
    for (const told of [
      "Everything is healthy.",
      "VIP 10.0.0.10",
      "Leader of kube-scheduler",
      "5 of 5 Nodes ready",
      "Site north/z1",
      "Rack r1",
      "leader of etcd",
    ])
      assert.ok(html.includes(told), told);
  });

  it("tells a dead host in words, and not by a colour alone", () => {
    const hosts = fleet(5);
    const document = seenStatus(hosts, withoutPower(hosts, "cp3"));
    const html = livePage("demo", sectionsOf(pageOf({ stack: "demo", now: lookedAt, document, history: [] })));
    assert.match(html, /cannot be reached: no route to host/);
    assert.match(html, /aria-label="does not answer"/);
    assert.match(html, /<details id="host-cp3" class="host down" open/);
  });

  it("shows what a run does, what waits for what, and the plan with it", () => {
    const html = livePage("demo", sections(5));
    for (const told of [
      "update etcd on cp2, wave 3",
      "etcd on cp3 waits for apiserver on cp2 and 1 more",
      "40 of 90 resources are through",
      "Wave 7",
      "restarts apiserver.service",
      "the clock of w1 is 0.4 s off",
    ])
      assert.ok(html.includes(told), told);
  });

  it("shows whatever hosts say as text", () => {
    const hosts = fleet(5);
    const seen = observationOf(hosts);
    const reading = seen.readings.get("w1");
    assert.ok(reading !== undefined && "probe" in reading && reading.probe.report !== undefined);
    reading.probe.report.bundles = [
      { bundle: evil, generation: 1, state: "failed", reason: evil, units: { [evil]: evil }, drift: [] },
    ];
    reading.probe.certificates.push({
      ...{ path: `/${evil}`, subject: evil, isAuthority: false, notBefore: "2026-01-01", notAfter: "2026-06-02" },
    });
    seen.apiservers = new Map([["cp1", { ready: false, message: evil }]]);
    if ("nodes" in seen.nodes)
      for (const node of seen.nodes.nodes) Object.assign(node, { version: evil, complaints: [evil] });
    const events = rollEvents(hosts, { pid: 1, startTicks: "1" }).map((event) =>
      event.type === "warning" ? { ...event, message: evil } : event,
    );
    const state = stateOf(events);
    assert.ok(state);
    const drift = { type: "drift" as const, at: 1, count: 1, unseen: [evil] };
    const document = seenStatus(hosts, seen);
    const page = pageOf({
      ...{ stack: evil, now: lookedAt, document, history: [], run: { state, goesOn: true } },
      drift: { ...drift, differences: [{ host: evil, kind: evil, name: evil, detail: evil }] },
    });
    for (const html of [livePage(evil, sectionsOf(page)), filePage(evil, sectionsOf(page))]) {
      assert.ok(html.includes("&lt;script>alert(") || html.includes("&lt;script&gt;alert("), "it is there as text");
      assert.ok(!html.includes("<script>alert"), "never as an element");
      assert.ok(!html.includes("<img"), "never as an element");
    }
  });

  it("escapes attributes, too", () => {
    assert.equal(htmlOf(el("p", { title: '"><b>' }, "<i>")), '<p title="&quot;>&lt;b>">&lt;i></p>');
  });

  it("is a file that asks nobody for anything", () => {
    const html = filePage("demo", sections(5));
    assert.match(html, /Content-Security-Policy" content="default-src 'none'; style-src 'sha256-/);
    const outside = [...html.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, where = ""]) => where);
    assert.deepEqual(
      outside.filter((where) => !where.startsWith("#") && where !== "data:,"),
      [],
    );
    assert.ok(!/@import|url\(/.test(html));
  });

  it("grows with the hosts, and not faster", () => {
    const size = (count: number): number => livePage("demo", sections(count)).length;
    const [small, large] = [size(50), size(500)];
    assert.ok(large < small * 10.5, `${large} of 500 hosts, ${small} of 50`);
    const perHost = (large - small) / 450;
    assert.ok(perHost < 4000, `${perHost} characters for each host`);
  });

  it("is sent anew only where it is another one", () => {
    const texts = (from: ReturnType<typeof sections>) =>
      new Map([...from].map(([id, tree]) => [id, JSON.stringify(tree)]));
    const [first, second] = [texts(sections(50)), texts(sections(50))];
    assert.deepEqual(first, second);
  });
});

describe("status --html", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "plinth-page-"));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });
  const hosts = fleet(5);
  const document = JSON.parse(statusText(hosts, observationOf(hosts))) as Record<string, unknown>;

  it("writes the page of what status has found", () => {
    const path = join(dir, "status.html");
    assert.equal(writePage(path, { dir, workDir: dir }, "demo", document), path);
    const html = readFileSync(path, "utf8");
    assert.match(html, /^<!doctype html>/);
    assert.match(html, /Everything is healthy\./);
  });

  it("says where it could not", () => {
    assert.throws(
      () => writePage(join(dir, "no", "status.html"), { dir, workDir: dir }, "demo", document),
      (error: unknown) => error instanceof CliError && error.message.includes("cannot be written"),
    );
  });
});
