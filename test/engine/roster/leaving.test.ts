import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { deleteNode, deleteNodesOf } from "../../../cli/cluster/node.ts";
import { machine, rosterOf, RosterScripts } from "../../support/rosterScripts.ts";

describe("Nodes of the roster that leave", function () {
  this.timeout(120_000);
  let roster: RosterScripts;

  before(async () => {
    roster = await RosterScripts.start();
    const given = await roster.giveAccess();
    assert.equal(given.code, 0, given.stderr);
    await roster.join("w1");
    assert.equal((await roster.register("w1")).code, 0);
    await roster.patch("w1", { spec: { taints: [{ key: "manual", effect: "NoSchedule" }] } });
  });
  after(() => roster.stop());

  it("do nothing by what one says of itself, to others or for itself", async () => {
    for (const name of ["w41", "w42", "w43"]) {
      await roster.join(name);
      assert.equal((await roster.register(name, {}, { stack: name === "w43" ? "another" : "hostile" })).code, 0);
    }
    // prettier-ignore
    const lies = ["hostile", "uncordon", "cordoned", "another", "hostile\nw41 hostile x -", "x hostile\\nw41", "w41|hostile|x|", "-", "'; touch /tmp/x; '", "%0aw41"];
    for (const lie of lies) {
      const annotations = { "plinth/owner": lie, "plinth/leaving": lie, "plinth/taints": lie, "plinth/drained": lie };
      await roster.patch("w42", { metadata: { annotations } });
      await roster.patch("w43", { metadata: { annotations } });
      for (const script of ["evacuation", "roster"] as const) {
        const { code, stdout, stderr } = await roster.leave(script, "hostile", rosterOf(["w41", "w42"]));
        assert.deepEqual([code, stdout], [0, ""], `${lie}: ${stderr}`);
      }
      assert.ok(await roster.server.get("/api/v1/nodes/w43"), lie);
      assert.equal((await roster.node("w41")).spec.unschedulable, undefined, lie);
    }
    // The label decides, and no kubelet can write it.
    const left = await roster.leave("roster", "hostile", rosterOf(["w41"]));
    assert.match(left.stdout, /"node":"w42","deleted":true/);
    assert.equal(await roster.server.get("/api/v1/nodes/w42"), undefined);
  });

  it("drain a Node, which is in service again once it is registered", async () => {
    await roster.pod("goes", "w1");
    const { code, stdout, stderr } = await roster.drain("w1");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"drained":true,"evicted":1,/);
    assert.equal((await roster.node("w1")).spec.unschedulable, true);
    assert.ok((await roster.taints("w1")).includes("ToBeDeletedByClusterAutoscaler:NoSchedule"));
    assert.equal((await roster.register("w1")).code, 0);
    assert.equal((await roster.node("w1")).spec.unschedulable, undefined);
    assert.deepEqual(await roster.taints("w1"), ["manual:NoSchedule"]);
  });

  it("wait until load balancers may give a Node connections again that had left: only then may the next one leave", async () => {
    const answers: { status: number; at: number }[] = [];
    // Not healthy yet, healthy, not healthy after all, healthy.
    const plan = [503, 503, 200, 200, 503];
    const health = createServer((_request, response) => {
      const status = plan[answers.length] ?? 200;
      answers.push({ status, at: performance.now() });
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => {
      health.listen(0, "127.0.0.1", resolve);
    });
    const balanced = `http://127.0.0.1:${(health.address() as AddressInfo).port}/healthz 2`;
    try {
      assert.equal((await roster.register("w1", {}, { balanced })).code, 0);
      assert.equal(answers.length, 0, "it had not left");
      assert.equal((await roster.drain("w1")).code, 0);
      const { code, stderr } = await roster.register("w1", {}, { balanced });
      assert.equal(code, 0, stderr);
      const healthy = answers.slice(plan.length);
      const [first] = healthy;
      assert.ok(first);
      assert.ok((healthy.at(-1)?.at ?? 0) - first.at >= 2000);
      assert.equal((await roster.drain("w1")).code, 0);
      plan.push(...Array.from({ length: 1000 }, () => 503));
      const refused = await roster.register("w1", {}, { balanced, deadline: 3 });
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /w1: kube-proxy there was not healthy for 2 s within 3 s/);
    } finally {
      health.close();
    }
    assert.equal((await roster.register("w1")).code, 0);
  });

  it("leave a Node cordoned that somebody else had cordoned, also when the drain was killed and ran again", async () => {
    await roster.patch("w1", { spec: { unschedulable: true } });
    assert.equal((await roster.drain("w1")).code, 0);
    assert.equal((await roster.drain("w1")).code, 0);
    assert.equal((await roster.register("w1")).code, 0);
    assert.equal((await roster.node("w1")).spec.unschedulable, true);
    assert.deepEqual(await roster.taints("w1"), ["manual:NoSchedule"]);
    await roster.patch("w1", { spec: { unschedulable: null } });
  });

  it("respect disruption budgets: a drain that may not go on ends, tells which, and takes itself back", async () => {
    await roster.server.send("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", {
      metadata: { name: "stays" },
      spec: { minAvailable: 1, selector: { matchLabels: { app: "stays" } } },
    });
    await roster.pod("stays", "w1");
    const { code, stderr } = await roster.drain("w1", { deadline: 5 });
    assert.equal(code, 1);
    assert.match(stderr, /w1: it could not be drained within 5 s and is in service again: .*stays/);
    assert.equal((await roster.node("w1")).spec.unschedulable, undefined);
    assert.deepEqual(await roster.taints("w1"), ["manual:NoSchedule"]);
    assert.equal((await roster.node("w1")).metadata.annotations?.["plinth/drained"], undefined);
  });

  it("drain nothing when the Node has that runtime already: the step has only moved to another host", async () => {
    await roster.join("w30");
    assert.equal((await roster.register("w30")).code, 0);
    const moved = await roster.drain("w30", { runtime: "containerd 2.4.1" });
    assert.equal(moved.code, 0, moved.stderr);
    assert.match(moved.stdout, /"drained":false,"reason":"it has that runtime already"/);
    assert.equal((await roster.node("w30")).spec.unschedulable, undefined);
  });

  it("let Nodes leave that are not on the roster, and those of others alone", async () => {
    for (const name of ["w31", "w32", "w33"]) {
      await roster.join(name);
      assert.equal((await roster.register(name, {}, { stack: name === "w33" ? "another" : "lab" })).code, 0);
    }
    const nodes = (await roster.server.get("/api/v1/nodes")) as unknown as { items: { metadata: { name: string } }[] };
    const stay = nodes.items.map(({ metadata }) => metadata.name).filter((name) => name !== "w32" && name !== "w33");
    const lines = rosterOf(stay);
    const step = (script: "evacuation" | "roster", text = lines) => roster.leave(script, "lab", text);
    for (const script of ["evacuation", "roster"] as const) {
      const cut = await step(script, lines.slice(0, lines.length / 2));
      assert.deepEqual([cut.code, cut.stderr], [1, `${script}: the roster is cut off; nothing was changed\n`]);
    }
    const evacuated = await step("evacuation");
    assert.equal(evacuated.code, 0, evacuated.stderr);
    assert.match(evacuated.stdout, /"node":"w32","drained":true/);
    assert.equal((await roster.node("w32")).spec.unschedulable, true);
    const left = await step("roster");
    assert.equal(left.code, 0, left.stderr);
    assert.match(left.stdout, /"node":"w32","deleted":true/);
    assert.equal(await roster.server.get("/api/v1/nodes/w32"), undefined);
    assert.equal((await roster.node("w31")).spec.unschedulable, undefined);
    assert.equal((await roster.node("w33")).spec.unschedulable, undefined);
    // Finished already: nothing is done a second time.
    assert.deepEqual([(await step("evacuation")).code, (await step("roster")).stdout], [0, ""]);
  });

  it("put a Node back into service that was to leave and is on the roster again, as it was before", async () => {
    const both = ["w34", "w35"];
    const step = (script: "evacuation" | "roster", names: readonly string[]) =>
      roster.leave(script, "back", rosterOf(names));
    for (const name of both) {
      await roster.join(name);
      assert.equal((await roster.register(name, {}, { stack: "back" })).code, 0);
    }
    await roster.patch("w35", { spec: { unschedulable: true } });
    for (let times = 0; times < 2; times++) assert.equal((await step("evacuation", [])).code, 0);
    const leaving = await roster.node("w34");
    assert.equal(leaving.spec.unschedulable, true);
    assert.equal(leaving.metadata.annotations?.["plinth/leaving"], "uncordon");
    const back = await step("roster", both);
    assert.equal(back.code, 0, back.stderr);
    assert.match(back.stdout, /"node":"w34","stays":true[^]*"node":"w35","stays":true/);
    const [open, cordoned] = [await roster.node("w34"), await roster.node("w35")];
    assert.deepEqual([open.spec.unschedulable, cordoned.spec.unschedulable], [undefined, true]);
    for (const { spec, metadata } of [open, cordoned]) {
      assert.ok(!(spec.taints ?? []).some(({ key }) => key === "ToBeDeletedByClusterAutoscaler"));
      assert.equal(metadata.annotations?.["plinth/leaving"], undefined);
    }
    assert.equal((await step("roster", both)).stdout, "");
    // A run that was killed between its last two writes has left the taint alone.
    const taint = { key: "ToBeDeletedByClusterAutoscaler", value: "plinth", effect: "NoSchedule" };
    await roster.patch("w34", { spec: { taints: [taint] } });
    assert.match((await step("roster", both)).stdout, /"node":"w34","stays":true/);
    assert.deepEqual(await roster.taints("w34"), []);
    // Another's taint is another's business.
    await roster.patch("w34", { spec: { taints: [{ ...taint, value: "1795" }] } });
    assert.equal((await step("roster", both)).stdout, "");
  });

  it("are not needed for the Node of a machine that is reset: it is deleted, another machine's stays", async () => {
    await roster.join("w36");
    assert.equal((await roster.register("w36")).code, 0);
    assert.equal(await deleteNode(roster.server.kubeconfig, "w36", "f".repeat(32)), "none");
    assert.equal(await deleteNode(roster.server.kubeconfig, "w36", machine), "deleted");
    assert.equal(await deleteNode(roster.server.kubeconfig, "w36", machine), "none");
    assert.equal(await roster.server.get("/api/v1/nodes/w36"), undefined);
  });

  it("are not needed for the Nodes of a worker pool that is destroyed: its own are deleted, and no others", async () => {
    for (const [name, owner] of [
      ["w37", "pool"],
      ["w38", "pool"],
      ["w39", "poolside"],
    ] as const) {
      await roster.join(name);
      await roster.patch(name, {
        metadata: {
          labels: { "node-restriction.kubernetes.io/plinth-owner": owner },
          annotations: { "plinth/owner": "pool" },
        },
      });
    }
    const deletion = await deleteNodesOf(roster.server.kubeconfig, "pool");
    assert.ok("deleted" in deletion);
    assert.deepEqual(deletion.deleted.sort(), ["w37", "w38"]);
    assert.deepEqual(await deleteNodesOf(roster.server.kubeconfig, "pool"), { deleted: [] });
    assert.ok(await roster.server.get("/api/v1/nodes/w39"));
  });
});
