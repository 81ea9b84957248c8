import assert from "node:assert/strict";
import { RunEvents } from "../../../../cli/pulumi/events.ts";
import { componentPhases, coveredTime, sshLine, summarize, summaryLines } from "../../../../cli/render/summary.ts";

describe("the closing summary", () => {
  const step = (chain: string, name: string, started: number, ended: number, op = "create") => ({
    op,
    urn: `urn:pulumi:lab::plinth::${chain}::${name}`,
    custom: true,
    started,
    ended,
    failed: false,
  });

  it("counts overlapping time once", () => {
    const intervals = [
      { started: 0, ended: 10 },
      { started: 5, ended: 12 },
      { started: 6, ended: 7 },
      { started: 20, ended: 25 },
    ];
    assert.equal(coveredTime(intervals), 17);
    assert.equal(coveredTime([]), 0);
  });

  it("groups steps by component in the order of their begin", () => {
    const phases = componentPhases([
      step("plinth:etcd:Member$command:remote:Command", "cp1-etcd", 100, 300),
      step("plinth:pki:Authority$tls:index/privateKey:PrivateKey", "ca", 0, 50),
      step("plinth:etcd:Member$command:remote:Command", "cp2-etcd", 150, 350),
      step("plinth:host:Host$command:remote:Command", "cp1", 60, 90, "same"),
      step("random:index/randomId:RandomId", "id", 0, 1),
    ]);
    assert.deepEqual(phases, [
      { name: "pki", duration: 50 },
      { name: "etcd", duration: 250 },
    ]);
  });

  it("reports SSH use", () => {
    assert.equal(sshLine([]), "no connection");
    assert.equal(
      sshLine([
        { host: "a", connections: 1, roundTrips: 4 },
        { host: "b", connections: 2, roundTrips: 3 },
      ]),
      "3 connections to 2 hosts (at most 2 per host), 7 round trips",
    );
    assert.equal(
      sshLine([{ host: "a", connections: 1, roundTrips: 1 }]),
      "1 connection to 1 host (at most 1 per host), 1 round trip",
    );
  });

  it("says everything an operator wants to know next", () => {
    const events = new RunEvents();
    events.changes = { create: 2, same: 3 };
    const outputs = {
      endpoint: "https://192.0.2.10:6443",
      hosts: {
        cp1: { address: "192.0.2.11", roles: ["etcd", "control-plane"] },
        cp2: { address: "192.0.2.12", roles: [] },
      },
      versions: { kubernetes: "1.36.3", etcd: "3.6.14" },
    };
    const phases = [
      { name: "artifacts", duration: 400 },
      { name: "converge", duration: 61_000 },
    ];
    const ssh = [{ host: "192.0.2.11", connections: 1, roundTrips: 4 }];
    const summary = summarize({ stack: "prod", events, outputs, phases, programStart: 1500.4, ssh });
    assert.equal(summary.programStart, 1500);
    assert.deepEqual(summaryLines(summary), [
      "Done: 2 resources changed.",
      "",
      "  endpoint  https://192.0.2.10:6443",
      "  hosts     cp1  192.0.2.11  etcd, control-plane",
      "            cp2  192.0.2.12",
      "  versions  kubernetes 1.36.3, etcd 3.6.14",
      "  kubectl   ./plinth kubectl --stack prod get --raw '/readyz?verbose'",
      "  time      61.4 s: artifacts 0.4 s, converge 61.0 s",
      "  ssh       1 connection to 1 host (at most 1 per host), 4 round trips",
    ]);
  });
});
