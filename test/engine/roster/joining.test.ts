import assert from "node:assert/strict";
import { createServer } from "node:net";
import { eventually } from "../../support/eventually.ts";
import { bearer, machine, RosterScripts, type RequestForm } from "../../support/rosterScripts.ts";

describe("Nodes of the roster that join", function () {
  this.timeout(120_000);
  let roster: RosterScripts;

  before(async () => {
    roster = await RosterScripts.start();
    const given = await roster.giveAccess();
    assert.equal(given.code, 0, given.stderr);
  });
  after(() => roster.stop());

  it("let exactly the host join whose turn it is, and set it free for pods when it is described", async () => {
    const registration = roster.register("w1", { rack: "r7" }, { token: "abcdef.0123456789abcdef" });
    await eventually("the token is valid", 20, async () =>
      roster.server.get("/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef"),
    );
    roster.request("w1-stranger", bearer("abcdef"), { subject: "/O=system:nodes/CN=system:node:cp1" });
    roster.request("w1-other-token", bearer("zzzzzz"), { subject: "/O=system:nodes/CN=system:node:w1" });
    roster.request("w1-own", bearer("abcdef"), { subject: "/O=system:nodes/CN=system:node:w1" });
    await eventually("its own request is approved", 20, async () =>
      (await roster.conditions("w1-own")).includes("Approved") ? true : undefined,
    );
    await roster.join("w1");
    const { code, stdout, stderr } = await registration;
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { node: "w1", ready: "True", certificatesApproved: 1, taintsChanged: true });
    assert.match(stderr, /w1: the certificate request w1-stranger is not what a kubelet of this Node asks for/);
    assert.deepEqual(await roster.conditions("w1-stranger"), []);
    assert.deepEqual(await roster.conditions("w1-other-token"), []);
    assert.equal(await roster.server.get("/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef"), undefined);
    assert.deepEqual(await roster.taints("w1"), []);
    assert.equal((await roster.node("w1")).metadata.labels?.["topology.plinth/rack"], "r7");
  });

  it("join by a token that looks like a number", async () => {
    const registration = roster.register("w7", {}, { token: "123456.0123456789012345" });
    await eventually("the token is valid", 20, async () =>
      roster.server.get("/api/v1/namespaces/kube-system/secrets/bootstrap-token-123456"),
    );
    roster.request("w7-own", bearer("123456"), { subject: "/O=system:nodes/CN=system:node:w7" });
    await roster.join("w7");
    const { code, stderr } = await registration;
    assert.equal(code, 0, stderr);
  });

  it("approve nothing but what a kubelet of that Node asks for", async () => {
    const token = "hhhhhh.0123456789abcdef";
    const registration = roster.register("w40", {}, { token });
    await eventually("the token is valid", 20, async () =>
      roster.server.get("/api/v1/namespaces/kube-system/secrets/bootstrap-token-hhhhhh"),
    );
    const hostile: Record<string, Partial<RequestForm>> = {
      "a-line-in-its-unit": { subject: "/O=system:nodes/OU=x\nCommon Name: system:node:w40/CN=system:node:cp1" },
      "two-names": { subject: "/O=system:nodes/CN=system:node:w40/CN=system:node:cp1" },
      "another-group": { subject: "/O=system:nodes/O=system:masters/CN=system:node:w40" },
      "a-longer-name": { subject: "/O=system:nodes/CN=system:node:w401" },
      "another-host": { options: ["-addext", "subjectAltName=DNS:cp1"] },
      "another-curve": { curve: "secp384r1" },
      "another-use": { usages: ["digital signature", "key encipherment", "client auth"] },
    };
    for (const [name, form] of Object.entries(hostile))
      roster.request(`w40-${name}`, bearer("hhhhhh"), { subject: "/O=system:nodes/CN=system:node:w40", ...form });
    roster.request("w40-own", bearer("hhhhhh"), { subject: "/O=system:nodes/CN=system:node:w40" });
    await eventually("its own request is approved", 20, async () =>
      (await roster.conditions("w40-own")).includes("Approved") ? true : undefined,
    );
    await roster.join("w40");
    const { code, stdout, stderr } = await registration;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"certificatesApproved":1,/);
    for (const name of Object.keys(hostile)) {
      assert.deepEqual(await roster.conditions(`w40-${name}`), [], name);
      assert.match(stderr, new RegExp(`w40: the certificate request w40-${name} is not what a kubelet`));
    }
  });

  it("let a kubelet ask again whose request an earlier token has left: of a run that was killed before its token was saved", async () => {
    roster.request("w51-left", bearer("lllfff"), { subject: "/O=system:nodes/CN=system:node:w51" });
    roster.request("w52-left", bearer("lllfff"), { subject: "/O=system:nodes/CN=system:node:w52" });
    const registration = roster.register("w51", {}, { token: "nnwwnn.0123456789abcdef" });
    const left = "/apis/certificates.k8s.io/v1/certificatesigningrequests/w51-left";
    await eventually("the request of the earlier token is gone", 20, async () =>
      (await roster.server.get(left)) === undefined ? true : undefined,
    );
    // The kubelet's key is the same, and so is the name of its request.
    roster.request("w51-left", bearer("nnwwnn"), { subject: "/O=system:nodes/CN=system:node:w51" });
    await eventually("its own request is approved", 20, async () =>
      (await roster.conditions("w51-left")).includes("Approved") ? true : undefined,
    );
    await roster.join("w51");
    const { code, stderr } = await registration;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /w51: the certificate request w51-left was made with an earlier token; it is deleted/);
    assert.deepEqual(await roster.conditions("w52-left"), [], "another host's is none of its business");
    assert.ok(await roster.server.get(left.replace("w51", "w52")));
  });

  it("change nothing when nothing is to change", async () => {
    const before = await roster.node("w1");
    const { code, stdout } = await roster.register("w1", { rack: "r7" });
    assert.equal(code, 0);
    assert.match(stdout, /"taintsChanged":false/);
    assert.deepEqual(await roster.node("w1"), before);
  });

  it("keep taints in step with the inventory, and leave those of others alone", async () => {
    await roster.patch("w1", { spec: { taints: [{ key: "manual", effect: "NoSchedule" }] } });
    const dedicated = [{ key: "dedicated", value: "db", effect: "NoSchedule" }];
    assert.equal((await roster.register("w1", { taints: dedicated })).code, 0);
    assert.deepEqual(await roster.taints("w1"), ["dedicated:NoSchedule", "manual:NoSchedule"]);
    const other = [{ key: "dedicated", value: "web", effect: "NoExecute" }];
    assert.equal((await roster.register("w1", { taints: other })).code, 0);
    assert.deepEqual(await roster.taints("w1"), ["dedicated:NoExecute", "manual:NoSchedule"]);
    assert.equal((await roster.register("w1")).code, 0);
    assert.deepEqual(await roster.taints("w1"), ["manual:NoSchedule"]);
  });

  it("leave labels of others alone, remove what the inventory has no more, and report a conflict", async () => {
    await roster.patch("w1", { metadata: { labels: { "example.com/manual": "kept" } } });
    assert.equal((await roster.register("w1", { labels: { "example.com/disk": "nvme" } })).code, 0);
    assert.equal((await roster.node("w1")).metadata.labels?.["example.com/disk"], "nvme");
    assert.equal((await roster.node("w1")).metadata.labels?.["example.com/manual"], "kept");
    const { code, stderr } = await roster.register("w1", { labels: { "example.com/manual": "ours" } });
    assert.equal(code, 1);
    assert.match(stderr, /w1: labels and annotations could not be set: .*example\.com\/manual/);
    assert.equal((await roster.register("w1")).code, 0);
    const { labels } = (await roster.node("w1")).metadata;
    assert.equal(labels?.["example.com/disk"], undefined);
    assert.equal(labels?.["example.com/manual"], "kept");
  });

  it("refuse a Node of that name on another machine", async () => {
    await roster.join("w2", "ffffffffffffffffffffffffffffffff");
    for (const outcome of [await roster.register("w2"), await roster.drain("w2")]) {
      assert.equal(outcome.code, 1);
      assert.match(outcome.stderr, /w2: the Node belongs to another machine \(id f+, expected 0123456789abcdef/);
    }
    assert.deepEqual(await roster.taints("w2"), ["plinth/uninitialized:NoSchedule"]);
  });

  it("say when no Node registers, and take the token back", async () => {
    const { code, stderr } = await roster.register("w3", {}, { token: "aaaaaa.0123456789abcdef", deadline: 2 });
    assert.equal(code, 1);
    assert.match(stderr, /w3: no Node registered within 2 s: look at the kubelet there/);
    assert.equal(await roster.server.get("/api/v1/namespaces/kube-system/secrets/bootstrap-token-aaaaaa"), undefined);
  });

  it("have nothing to drain where there is no Node yet, and let that host ask for its certificate before it starts", async () => {
    const { code, stdout, stderr } = await roster.drain("w9", { token: "nnnnnn.0123456789abcdef" });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"drained":false,"reason":"there is no such Node yet, it may join"/);
    const secret = "/api/v1/namespaces/kube-system/secrets/bootstrap-token-nnnnnn";
    assert.ok(await roster.server.get(secret));
    const registration = roster.register("w9", {}, { token: "nnnnnn.0123456789abcdef" });
    await roster.join("w9");
    assert.equal((await registration).code, 0);
    assert.equal(await roster.server.get(secret), undefined);
  });

  it("let nobody in for a Node that is there already", async () => {
    assert.equal((await roster.drain("w9", { token: "oooooo.0123456789abcdef" })).code, 0);
    assert.equal(await roster.server.get("/api/v1/namespaces/kube-system/secrets/bootstrap-token-oooooo"), undefined);
    assert.equal((await roster.register("w9")).code, 0);
  });

  describe("whose kubelet has a certificate that has ended", () => {
    const address = "127.0.0.9";
    const token = "rrrrrr.0123456789abcdef";
    const secret = "/api/v1/namespaces/kube-system/secrets/bootstrap-token-rrrrrr";

    before(async () => {
      await roster.join("w60");
      assert.equal((await roster.register("w60", { address })).code, 0);
      await roster.pod("w60-runs", "w60");
    });

    it("may join anew, and nothing is drained there, whatever runtime they are to have", async () => {
      const { code, stdout, stderr } = await roster.drain("w60", {
        ...{ token, runtime: "containerd 9.9.9", generation: 4, joinedAnew: 4 },
      });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /"drained":false,"reason":"the certificate of its kubelet has ended, it may join anew"/);
      assert.ok(await roster.server.get(secret));
      assert.equal((await roster.node("w60")).spec.unschedulable, undefined);
      assert.ok(await roster.server.get("/api/v1/namespaces/default/pods/w60-runs"));
    });

    it("have joined when their kubelets serve again: that a Node is ready may be old news", async () => {
      const registration = roster.register("w60", { address }, { token, generation: 4, joinedAnew: 4 });
      roster.request("w60-anew", bearer("rrrrrr"), { subject: "/O=system:nodes/CN=system:node:w60" });
      await eventually("its request is approved", 20, async () =>
        (await roster.conditions("w60-anew")).includes("Approved") ? true : undefined,
      );
      const kubeletServes = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => kubeletServes.listen(10250, address, resolve));
      try {
        const { code, stdout, stderr } = await registration;
        assert.equal(code, 0, stderr);
        assert.match(stdout, /"certificatesApproved":1,/);
        assert.equal(await roster.server.get(secret), undefined);
      } finally {
        kubeletServes.close();
      }
    });

    it("are let in once: a later run of the same steps opens no token", async () => {
      assert.equal(
        (await roster.drain("w60", { token, runtime: "containerd 2.4.1", generation: 5, joinedAnew: 4 })).code,
        0,
      );
      assert.equal(await roster.server.get(secret), undefined);
      assert.equal((await roster.register("w60", { address }, { generation: 5, joinedAnew: 4 })).code, 0);
    });

    it("are told of when their kubelets do not come back", async () => {
      const options = { token, deadline: 2, generation: 6, joinedAnew: 6 };
      const { code, stderr } = await roster.register("w60", { address }, options);
      assert.equal(code, 1);
      assert.match(stderr, /w60: its kubelet has not joined anew within 2 s: look at the kubelet there/);
      assert.equal(await roster.server.get(secret), undefined);
    });
  });

  it("say what is missing when no token comes", async () => {
    const variables = { MACHINE_ID: machine, RUNTIME: "containerd 2.4.2", GENERATION: "1" };
    const { code, stderr } = await roster.run({ script: "drain", node: "w9", deadline: 5, variables });
    assert.equal(code, 1);
    assert.match(stderr, /w9: no bootstrap token came by standard input/);
  });

  it("are not freed from the taints of others by a list that their kubelets have changed", async () => {
    await roster.join("w50");
    const dedicated = [{ key: "dedicated", value: "db", effect: "NoSchedule" }];
    assert.equal((await roster.register("w50", { taints: dedicated })).code, 0);
    const [own] = (await roster.node("w50")).spec.taints?.filter(({ key }) => key === "dedicated") ?? [];
    await roster.patch("w50", { spec: { taints: [own, { key: "quarantine", effect: "NoSchedule" }] } });
    const annotations = { "plinth/taints": "dedicated:NoSchedule,quarantine:NoSchedule" };
    await roster.patch("w50", { metadata: { annotations } });
    const { code, stderr } = await roster.register("w50", { taints: dedicated });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /w50: its list of taints that are ours was changed by others; it is not followed/);
    assert.deepEqual(await roster.taints("w50"), ["dedicated:NoSchedule", "quarantine:NoSchedule"]);
    // The list is right again.
    assert.equal((await roster.register("w50")).code, 0);
    assert.deepEqual(await roster.taints("w50"), ["quarantine:NoSchedule"]);
  });
});
