import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { eventually } from "../../support/eventually.ts";
import { fetchInside } from "../support/http.ts";
import { Kube } from "../support/kube.ts";
import { finish, type Project } from "../support/project.ts";

interface Deployed {
  namespace: string;
  address: string;
  url: string;
}

/** Runs examples/consumer of the project's copy against its lab, and gives what is printed. */
async function runConsumer(project: Project, action: "up" | "destroy"): Promise<string> {
  const script = path.join(project.dir, "test/e2e/support/consumer.ts");
  const child = spawn(process.execPath, [script, action], { cwd: project.dir, stdio: ["ignore", "pipe", "pipe"] });
  const run = await finish(child);
  if (run.code !== 0) throw new Error(`consumer ${action} exited with ${run.code}:\n${run.text}`);
  return run.stdout;
}

/** Another Pulumi project deploys as a tenant, by the outputs of the cluster's stack. */
export function consumer(project: Project): void {
  describe("a consumer of the cluster", () => {
    let admin: Kube;
    let tenant: Kube;
    let deployed: Deployed;

    before(async () => {
      admin = await Kube.open(project);
      const { stdout } = await project.expect(0, "outputs", "tenantKubeconfigs", "--json", "--show-secrets");
      tenant = await Kube.open(project, (JSON.parse(stdout) as Record<string, string>)["demo"]);
    });
    after(() => {
      admin.close();
      tenant.close();
    });

    it("deploys with a tenant's credentials what answers from outside, and finds nothing to change afterwards", async () => {
      deployed = JSON.parse(await runConsumer(project, "up")) as Deployed;
      assert.equal(deployed.namespace, "demo");
      // The Service's port is programmed on the worker a moment after the Service is there.
      const answer = await eventually("an answer", 30, () => fetchInside(project, deployed.url).catch(() => undefined));
      assert.match(answer, /^host=web-/);
      assert.deepEqual(JSON.parse(await runConsumer(project, "up")), deployed);
    });

    it("reads the secrets of its own namespace, and neither another tenant's nor the cluster's", async () => {
      await tenant.ask("create", "secret", "generic", "own", "--from-literal=password=mine");
      await admin.ask("create", "secret", "generic", "own", "-n", "other", "--from-literal=password=theirs");
      assert.equal(
        await tenant.ask("get", "secret", "own", "-o", "jsonpath={.data.password}"),
        Buffer.from("mine").toString("base64"),
      );
      for (const forbidden of [
        ["get", "secrets", "-n", "other"],
        ["get", "secret", "own", "-n", "other"],
        ["get", "secrets", "--all-namespaces"],
        ["get", "pods", "-n", "kube-system"],
        ["get", "nodes"],
        ["delete", "namespace", "demo"],
        ["delete", "resourcequota", "plinth-tenant"],
        ["create", "rolebinding", "more", "--clusterrole=cluster-admin", "--group=plinth:tenant:demo"],
      ]) {
        const run = await tenant.run(...forbidden);
        assert.notEqual(run.code, 0, forbidden.join(" "));
        assert.match(run.stderr, /forbidden/i, forbidden.join(" "));
      }
    });

    it("is held to the pod security level of its namespace", async () => {
      const run = await tenant.run("run", "strong", "--image=localhost/plinth/web:lab", "--privileged");
      assert.match(run.stderr, /violates PodSecurity "restricted/);
    });

    it("gains a neighbour without a change on any host, and loses one by an explicit word only", async () => {
      const demo = `demo: { quota: { requests.cpu: "1", limits.memory: 1Gi, pods: "10" } }`;
      project.configure("tenants", `{ ${demo}, other: {}, late: {} }`);
      const { stdout } = await project.expect(0, "preview", "--json");
      const { changes } = JSON.parse(stdout) as { changes: { op: string; what: string; host?: string }[] };
      assert.ok(
        changes.some(({ what }) => what === "late Namespace"),
        stdout,
      );
      assert.deepEqual(
        changes.filter(({ op, host }) => op !== "create" || host !== undefined),
        [],
      );
      project.configure("tenants", `{ ${demo} }`);
      const refused = await project.expect(3, "up", "--yes");
      assert.match(refused.text, /the namespace other of tenant other would be deleted .*\[tenant-removal\]/);
      project.configure("tenants", `{ ${demo}, other: {} }`);
    });

    it("is gone after its destroy, and the cluster's own stack has nothing to change", async () => {
      await runConsumer(project, "destroy");
      assert.deepEqual(await admin.list("deployments", "{.items[*].metadata.name}", "-n", "demo"), []);
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
