import assert from "node:assert/strict";
import fc from "fast-check";
import { describeFinding } from "../../../plan/findings.ts";
import {
  newlyEnforced,
  parseWorkloads,
  refusals,
  refusalWarnings,
  type Refusal,
  type Workloads,
} from "../../../plan/refusals.ts";
import { parsePreviousRun } from "../../../plan/previousrun.ts";
import { modesOf, protectionModes, type ProtectionName } from "../../../plan/protections.ts";
import { configOf, hostsOf, threeHosts } from "../../support/cluster.ts";

const look = (...lines: string[]) => ["noise", "plinth-facts 1", ...lines, "end", ""].join("\n");
const all = ["pod-security", "control-plane-hosts", "system-priorities"] as const satisfies ProtectionName[];
const taint = "node-role.kubernetes.io/control-plane";
const input = (inventory: unknown = threeHosts, raw: Record<string, unknown> = {}) => ({
  config: configOf(raw),
  hosts: hostsOf(inventory),
});
const found = (text: string, given = input(), protections: readonly ProtectionName[] = all) =>
  refusals(protections, given, parseWorkloads(text)).map(({ workload, reason }) => `${workload}: ${reason}`);

describe("plan/refusals", () => {
  it("names what would be refused, and why", () => {
    const text = look(
      "namespace kube-system - - -",
      "namespace work - - -",
      "namespace agents privileged off -",
      "workload daemonsets work exporter - - |",
      "workload daemonsets work narrow - - |NoExecute gpu|NoSchedule",
      `workload deployments work ingress - system-cluster-critical ${taint}|NoSchedule`,
      "workload cronjobs work pinned cp2 -",
      "workload statefulsets work elsewhere w1 -",
      "workload daemonsets agents exporter - system-node-critical |",
      "workload daemonsets kube-system proxy - system-node-critical |",
      'violation work existing pods in namespace "work" violate the new PodSecurity enforce level "baseline:latest"',
      "violation work web-abc-x (and 2 other pods): privileged, hostPath volumes",
      "violation agents exporter-x: host namespaces",
    );
    assert.deepEqual(found(text), [
      "CronJob work/pinned: names cp2",
      "DaemonSet agents/exporter: has the priority system-node-critical",
      "DaemonSet work/exporter: tolerates every taint",
      "Deployment work/ingress: tolerates the taint of control-plane hosts",
      "Deployment work/ingress: has the priority system-cluster-critical",
      "Pod work/web-abc-x (and 2 other pods): privileged, hostPath volumes",
    ]);
  });

  it("names nothing for hosts that are workers, too, nor for namespaces that the operator exempts", () => {
    const text = look("namespace work - - -", "workload daemonsets work a one - |", "violation work a: privileged");
    const single = [
      { name: "one", address: "192.0.2.11", roles: ["etcd", "control-plane", "load-balancer", "worker"] },
    ];
    assert.deepEqual(found(text, input(single)), ["Pod work/a: privileged"]);
    const exempt = { admission: { PodSecurity: { exemptions: { namespaces: ["work"] } } } };
    assert.deepEqual(found(text, input(single, exempt)), []);
  });

  it("asks for protections that this run is the first to enforce, on a cluster that is there", () => {
    assert.deepEqual(newlyEnforced(configOf(), undefined), []);
    assert.deepEqual(newlyEnforced(configOf(), {}), all);
    assert.deepEqual(newlyEnforced(configOf(), { protections: modesOf(configOf().protections) }), []);
    const warned = configOf({ protections: { "control-plane-hosts": "warn", "system-priorities": "off" } });
    assert.deepEqual(newlyEnforced(warned, {}), ["pod-security"]);
    assert.deepEqual(newlyEnforced(configOf(), { protections: modesOf(warned.protections) }), all.slice(1));
    assert.deepEqual(Object.keys(modesOf(configOf().protections)), Object.keys(protectionModes));
    const outputs = { hosts: {}, protections: modesOf(warned.protections) };
    const { previous, findings } = parsePreviousRun("demo", outputs);
    assert.deepEqual(findings.map(describeFinding), []);
    assert.equal(previous?.protections?.["control-plane-hosts"], "warn");
  });

  it("believes no line that is not as it is told", () => {
    for (const line of [
      "workload secrets work a - -",
      "workload pods work a\u001b[31m - -",
      "workload pods work",
      "workload pods work a - - key=x",
      "namespace work",
      "violation ../x a: b",
    ])
      assert.throws(() => parseWorkloads(look(line)), Error, line);
    assert.throws(() => parseWorkloads("plinth-facts 1\n"), /not complete/);
    const { violations } = parseWorkloads(look("violation work a: \u001b[31mred"));
    assert.equal(violations[0]?.sentence.includes("\u001b"), false);
  });

  it("warns in a bounded number of words, and says what it leaves out", () => {
    const many = Array.from({ length: 57 }, (_, n): Refusal => ({
      ...{ protection: "control-plane-hosts", workload: `DaemonSet work/d${n}`, reason: "tolerates every taint" },
    }));
    const [warning = "", ...others] = refusalWarnings(many, []);
    assert.deepEqual(others, []);
    assert.match(
      warning,
      /^refused at their next start, because control-plane-hosts is enforced .*: DaemonSet work\/d0 /,
    );
    assert.match(
      warning,
      /, and 37 more; what runs goes on; .*protections\.plinth\/control-plane-hosts=off, or set plinth:/,
    );
    assert.deepEqual(refusalWarnings([], []), []);
    assert.match(
      refusalWarnings([], ["pods", "jobs", "pods"]).join(),
      /too much of it or it did not answer: jobs, pods$/,
    );
  });

  it("names every workload once a protection at most, none of the cluster's own, and each only with a cause", () => {
    const word = fc.constantFrom("work", "kube-system", "agents");
    const workload = fc.record({
      kind: fc.constantFrom("Deployment" as const, "Pod" as const),
      namespace: word,
      name: fc.stringMatching(/^[a-z]{1,8}$/),
      nodeName: fc.constantFrom("cp1", "w1"),
      priorityClassName: fc.constantFrom("high", "system-node-critical"),
      tolerations: fc.array(
        fc.record({ key: fc.constantFrom("", "gpu", taint), effect: fc.constantFrom("", "NoSchedule", "NoExecute") }),
        { maxLength: 3 },
      ),
    });
    fc.assert(
      fc.property(fc.array(workload, { maxLength: 40 }), (workloads) => {
        const seen: Workloads = { namespaces: [], workloads, violations: [], unread: [] };
        const named = refusals(all, input(), seen);
        assert.ok(named.length <= 2 * workloads.length);
        for (const { workload, reason } of named) {
          assert.doesNotMatch(workload, / kube-system\//);
          assert.match(reason, /^(names cp1|tolerates |has the priority system-)/);
        }
        const harmless = workloads.filter(
          ({ nodeName, priorityClassName, tolerations }) =>
            nodeName === "w1" &&
            priorityClassName === "high" &&
            tolerations.every(({ key, effect }) => key === "gpu" || effect === "NoExecute"),
        );
        assert.deepEqual(refusals(all, input(), { ...seen, workloads: harmless }), []);
        for (const warning of refusalWarnings(named, [])) assert.ok(warning.length < 3000);
      }),
    );
  });
});
