import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { ownerOf } from "../../../plan/roster.ts";
import { RosterScripts } from "../../support/rosterScripts.ts";

describe("the roster's rights", function () {
  this.timeout(120_000);
  let roster: RosterScripts;

  before(async () => {
    roster = await RosterScripts.start();
    // Nothing works before: the roster's rights are given by a step of its own.
    const refused = await roster.drain("w0", { deadline: 2 });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /w0: the API server did not tell about the Node within 2 s: .*forbidden/);
    const given = await roster.giveAccess();
    assert.equal(given.code, 0, given.stderr);
  });
  after(() => roster.stop());

  it("can do what they have to, and nothing else", async () => {
    const kube = (...args: string[]): Promise<string> =>
      new Promise((resolve, reject) => {
        const child = spawn(path.join(roster.kubectl, "kubectl"), [
          ...["--kubeconfig", path.join(roster.folder, "etc/kubernetes/roster/host.conf")],
          ...args,
        ]);
        let said = "";
        child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
        child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
        child.on("error", reject);
        child.on("close", () => {
          resolve(said);
        });
      });
    const rights = async (namespace: string): Promise<string[]> => {
      const lines = (await kube("auth", "can-i", "--list", "-n", namespace)).split("\n").slice(1);
      return (
        lines
          .map((line) => line.trim().split(/ {2,}/))
          // What every authenticated client may do: look at what the API offers, and ask for its own rights.
          .filter(([first = ""]) => first !== "" && !first.startsWith("[") && !first.startsWith("self"))
          .map((fields) => fields.filter((field) => field !== "[]").join(" "))
          .sort()
      );
    };
    const everywhere = [
      "certificatesigningrequests.certificates.k8s.io [get list watch delete]",
      "certificatesigningrequests.certificates.k8s.io/approval [update]",
      "daemonsets.apps [get]",
      "nodes [get list watch patch delete]",
      "pods [get list]",
      "pods/eviction [create]",
      "signers.certificates.k8s.io [kubernetes.io/kube-apiserver-client-kubelet] [approve]",
      "signers.certificates.k8s.io [kubernetes.io/kubelet-serving] [approve]",
    ];
    assert.deepEqual(await rights("default"), everywhere);
    assert.deepEqual(await rights("kube-system"), [...everywhere, "secrets [create patch delete]"].sort());

    const secret = (name: string, type: string): string[] => [
      ...["create", "secret", "generic", name, "-n", "kube-system", `--type=${type}`, "--from-literal=a=b"],
    ];
    await roster.server.send("POST", "/api/v1/namespaces/kube-system/secrets", {
      metadata: { name: "of-others" },
      type: "Opaque",
    });
    const policy =
      /ValidatingAdmissionPolicy 'plinth-roster' .* denied request: the roster makes and deletes bootstrap/;
    assert.match(await kube(...secret("stolen", "Opaque")), policy);
    assert.match(await kube("delete", "secret", "of-others", "-n", "kube-system"), policy);
    const changed = path.join(roster.folder, "of-others.json");
    const metadata = { name: "of-others", namespace: "kube-system" };
    writeFileSync(changed, JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, data: { a: "Yg==" } }));
    assert.match(await kube("apply", "--server-side", "-f", changed), policy);
    const forbidden = /forbidden/i;
    assert.match(await kube("get", "secrets", "-n", "kube-system"), forbidden);
    assert.match(await kube("get", "secret", "of-others", "-n", "kube-system"), forbidden);
    assert.match(
      await kube(...secret("elsewhere", "Opaque").map((word) => word.replace("kube-system", "default"))),
      forbidden,
    );
    assert.match(
      await kube("create", "clusterrolebinding", "more", "--clusterrole=cluster-admin", "--user=me"),
      forbidden,
    );
    assert.match(await kube("run", "pod", "--image=none"), forbidden);
    assert.match(await kube("delete", "pod", "any"), forbidden);
    assert.match(await kube("create", "token", "default"), forbidden);
    assert.match(await kube("auth", "can-i", "approve", "signers/kubernetes.io/kube-apiserver-client"), /^no|no\n/);
    const other = (await roster.server.get("/api/v1/namespaces/kube-system/secrets/of-others")) as { data?: object };
    assert.equal(other.data, undefined);
  });

  it("get their rights again when somebody has taken them", async () => {
    const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/plinth:roster";
    await roster.server.send("DELETE", role, {});
    assert.equal((await roster.giveAccess()).code, 0);
    assert.ok(await roster.server.get(role));
  });

  it("come with labels for the Nodes of earlier releases, which said who owns them in an annotation: once", async () => {
    const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/plinth:roster";
    const label = "node-restriction.kubernetes.io/plinth-owner";
    const owners = { w1: "lab", w2: "pool", w3: "_odd_", w4: undefined, w5: "lab\nw4 lab -", w6: "lab" };
    for (const [name, owner] of Object.entries(owners)) {
      await roster.join(name);
      await roster.patch(name, { metadata: { annotations: owner === undefined ? {} : { "plinth/owner": owner } } });
    }
    await roster.patch("w6", { metadata: { labels: { [label]: "another" } } });
    const found = async () => {
      const nodes = await Promise.all(Object.keys(owners).map((name) => roster.node(name)));
      return nodes.map(({ metadata }) => metadata.labels?.[label]);
    };
    // It is this release's already.
    assert.equal((await roster.giveAccess()).code, 0);
    assert.deepEqual(await found(), [undefined, undefined, undefined, undefined, undefined, "another"]);
    const metadata = { annotations: { "plinth/owners": null } };
    await roster.server.send("PATCH", role, { metadata }, "application/merge-patch+json");
    const { code, stderr } = await roster.giveAccess();
    assert.equal(code, 0, stderr);
    const digest = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 40);
    assert.deepEqual(await found(), ["lab", "pool", ownerOf("_odd_"), undefined, digest("lab%0Aw4+lab+-"), "another"]);
    await roster.patch("w4", { metadata: { annotations: { "plinth/owner": "lab" } } });
    assert.equal((await roster.giveAccess()).code, 0);
    assert.equal((await found())[3], undefined);
  });
});
