import assert from "node:assert/strict";
import fc from "fast-check";
import { admissionPolicies, dedicatedControlPlane } from "../../../plan/admissionpolicies.ts";
import type { HostInput } from "../../../plan/inventory.ts";
import { protectionModes } from "../../../plan/protections.ts";
import { bundleOf, configOf, hostsOf, threeHosts } from "../../support/cluster.ts";

const single: HostInput = {
  name: "one",
  address: "192.0.2.11",
  roles: ["etcd", "control-plane", "load-balancer", "worker"],
};
const policies = (protections: Record<string, string>, inventory: unknown = threeHosts) =>
  admissionPolicies({ config: configOf({ protections }), hosts: hostsOf(inventory) });
const names = (...args: Parameters<typeof policies>) => policies(...args).map(({ name }) => name);
const byName = (name: string, ...args: Parameters<typeof policies>) =>
  policies(...args).find((policy) => policy.name === name) ?? assert.fail(name);

describe("plan/admissionpolicies", () => {
  it("are these by default", () => {
    assert.deepEqual(names({}), [
      "plinth-control-plane-hosts",
      "plinth-control-plane-hosts-bindings",
      "plinth-control-plane-hosts-templates",
      "plinth-system-priorities",
      "plinth-system-priorities-templates",
      "plinth-token-secrets",
    ]);
    for (const { name, actions, spec } of policies({})) {
      const warns = name.endsWith("-templates");
      assert.deepEqual([actions, spec.failurePolicy], warns ? [["Warn"], "Ignore"] : [["Deny"], "Fail"], name);
    }
  });

  it("name the hosts that only serve the control plane, and are silent where there is none", () => {
    const worker = { name: "w1", address: "192.0.2.21", roles: ["worker"] } as const;
    assert.deepEqual(
      dedicatedControlPlane(hostsOf([...threeHosts, worker])),
      hostsOf().map(({ name }) => name),
    );
    assert.match(
      JSON.stringify(byName("plinth-control-plane-hosts", {})),
      /nodeName in \[\\"cp1\\", \\"cp2\\", \\"cp3\\"\]/,
    );
    assert.deepEqual(
      names({}, [single]).filter((name) => name.includes("control-plane")),
      [],
    );
  });

  it("warn or are not there, protection by protection, and never refuse then", () => {
    const warned = policies(
      Object.fromEntries(
        Object.entries(protectionModes).flatMap(([name, modes]) =>
          (modes as readonly string[]).includes("warn") ? [[name, "warn"]] : [],
        ),
      ),
    );
    assert.equal(warned.length, 8, "the external addresses and lifetimes, too");
    for (const { name, actions, spec } of warned) {
      assert.ok(!actions.includes("Deny"), name);
      assert.equal(spec.failurePolicy, "Ignore", name);
      for (const { message } of spec.validations) assert.match(message, /will be (refused|shortened) once/, name);
    }
    assert.deepEqual(names(Object.fromEntries(Object.keys(protectionModes).map((name) => [name, "off"]))), []);
  });

  it("never are for the cluster's own namespaces, nor for those that are taken out by name", () => {
    const mode = fc.constantFrom("enforce", "warn", "off");
    const some = fc.record(
      { "control-plane-hosts": mode, "system-priorities": mode, "token-secrets": mode },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(some, (protections) => {
        const made = policies(protections);
        assert.equal(new Set(made.map(({ name }) => name)).size, made.length);
        for (const { name, spec } of made) {
          const protection = name.replace(/^plinth-|-(bindings|templates)$/g, "");
          assert.deepEqual(
            spec.matchConstraints.namespaceSelector?.matchExpressions.map(({ key, operator, values }) => [
              key,
              operator,
              ...values,
            ]),
            [
              ["kubernetes.io/metadata.name", "NotIn", "kube-system"],
              [`protections.plinth/${protection}`, "NotIn", "off"],
            ],
          );
        }
      }),
    );
  });

  it("go with an argument of the API server that shortens tokens, which is the user's to change", () => {
    const unit = (raw: Record<string, unknown>) => {
      const hosts = hostsOf();
      const { files } = bundleOf("controlplane", { host: hosts[0] ?? assert.fail(), hosts, config: configOf(raw) });
      const content = files.find(({ path }) => path.endsWith("/kube-apiserver.service"))?.content ?? "";
      return /--service-account-max-token-expiration=(\S+)/.exec(content)?.[1];
    };
    assert.equal(unit({}), "24h");
    assert.equal(unit({ apiserverArgs: { "service-account-max-token-expiration": "720h" } }), "720h");
    for (const mode of ["warn", "off"]) assert.equal(unit({ protections: { "token-lifetime": mode } }), undefined);
  });
});
