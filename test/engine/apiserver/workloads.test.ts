import assert from "node:assert/strict";
import { parseWorkloads, refusals } from "../../../plan/refusals.ts";
import { configOf, hostsOf } from "../../support/cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { Planned } from "../../support/planned.ts";

const containers = [{ name: "a", image: "a" }];
const everywhere = { containers, tolerations: [{ operator: "Exists" }] };

describe("a cluster from before the protections", function () {
  this.timeout(180_000);
  const planned = new Planned();

  const make = async (target: string, kind: string, apiVersion: string, name: string, more: object) => {
    const { status, body } = await planned.ask("POST", target, { apiVersion, kind, metadata: { name }, ...more });
    assert.equal(status, 201, JSON.stringify(body));
  };
  const hasAccount = (namespace: string) =>
    eventually(`the default service account of ${namespace}`, 60, async () => {
      const { status } = await planned.ask("GET", `/api/v1/namespaces/${namespace}/serviceaccounts/default`);
      return status === 200 ? status : undefined;
    });
  const workload = (kind: string, name: string, spec: object, namespace = "work") => {
    const labels = { app: name };
    const template = { metadata: { labels }, spec };
    const target = `/apis/apps/v1/namespaces/${namespace}/${kind.toLowerCase()}s`;
    return make(target, kind, "apps/v1", name, { spec: { selector: { matchLabels: labels }, template } });
  };

  before(async () => {
    await planned.start({ protections: { "pod-security": "off" } });
    for (const [name, labels] of Object.entries({
      work: {},
      agents: { "protections.plinth/control-plane-hosts": "off", "pod-security.kubernetes.io/enforce": "privileged" },
    })) {
      const metadata = { name, labels };
      await planned.ask("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
      await hasAccount(name);
    }
    await hasAccount("kube-system");
    await workload("DaemonSet", "exporter", everywhere);
    await workload("DaemonSet", "agent", everywhere, "agents");
    await workload("DaemonSet", "proxy", everywhere, "kube-system");
    await workload("Deployment", "named", { containers, nodeName: "cp1" });
    await workload("Deployment", "plain", { containers });
    await make("/apis/batch/v1/namespaces/work/cronjobs", "CronJob", "batch/v1", "nightly", {
      spec: {
        schedule: "0 0 1 1 *",
        jobTemplate: {
          spec: {
            template: { spec: { containers, restartPolicy: "Never", priorityClassName: "system-node-critical" } },
          },
        },
      },
    });
    const privileged = { containers: [{ ...containers[0], securityContext: { privileged: true } }] };
    await workload("Deployment", "strong", privileged);
    await make("/api/v1/namespaces/work/pods", "Pod", "v1", "bare", { spec: { ...privileged, nodeName: "cp1" } });
    await eventually("a pod of the Deployment", 60, async () => {
      const { body } = await planned.ask("GET", "/api/v1/namespaces/work/pods?labelSelector=app%3Dstrong");
      return (body["items"] as object[]).length > 0 ? true : undefined;
    });
  });
  after(() => planned.stop());

  it("tells what they would refuse, by a look that changes nothing", async () => {
    const read = parseWorkloads(await planned.lookAtWorkloads());
    assert.deepEqual(read.unread, []);
    assert.deepEqual(
      read.namespaces.find(({ name }) => name === "agents"),
      {
        ...{ name: "agents", podSecurity: "privileged", off: ["control-plane-hosts"] },
      },
    );
    const found = refusals(
      ["pod-security", "control-plane-hosts", "system-priorities"],
      { config: configOf(), hosts: hostsOf() },
      read,
    ).map(({ protection, workload, reason }) => [protection, workload, reason]);
    assert.deepEqual(found, [
      ["system-priorities", "CronJob work/nightly", "has the priority system-node-critical"],
      ["control-plane-hosts", "DaemonSet work/exporter", "tolerates every taint"],
      ["control-plane-hosts", "Deployment work/named", "names cp1"],
      // Pods with the same reasons are told together.
      ["pod-security", "Pod work/bare (and 1 other pod)", "privileged"],
    ]);
    const { body } = await planned.ask("GET", "/api/v1/namespaces/work");
    assert.equal(
      (body["metadata"] as { labels: Record<string, string> }).labels["pod-security.kubernetes.io/enforce"],
      undefined,
    );
  });
});
