import assert from "node:assert/strict";
import { renderKubeconfig } from "../../../plan/bundles/kubeconfig.ts";
import { describeFinding } from "../../../plan/findings.ts";
import { applyOverrides } from "../../../plan/guards.ts";
import {
  guardTenants,
  planTenants,
  tenantGroup,
  tenantNamespaces,
  validateTenants,
  type Tenants,
} from "../../../plan/tenants.ts";
import { checkInput } from "../../../plan/stackinput.ts";
import { tenantLeaf } from "../../../plan/pki.ts";
import { configOf, rawConfig, threeHosts } from "../../support/cluster.ts";

const tenantsOf = (tenants: unknown): Tenants => configOf({ tenants }).tenants;
const problems = (tenants: unknown) => validateTenants(tenantsOf(tenants)).map(describeFinding);

describe("plan/tenants", () => {
  it("has one namespace called like the tenant, restricted and without a quota, when nothing else is said", () => {
    const [namespace, ...others] = planTenants(tenantsOf({ shop: {} }));
    assert.deepEqual(others, []);
    assert.equal(namespace?.name, "shop");
    assert.equal(namespace.group, "plinth:tenant:shop");
    assert.equal(namespace.labels["pod-security.kubernetes.io/enforce"], "restricted");
    assert.equal(namespace.labels["plinth/tenant"], "shop");
    assert.equal(namespace.quota, undefined);
    assert.equal(namespace.defaults, undefined);
  });

  it("gives every namespace of a tenant the same, the first of them being its default", () => {
    const tenants = tenantsOf({ shop: { namespaces: ["front", "back"], podSecurity: "baseline", quota: { pods: 3 } } });
    const plan = planTenants(tenants);
    assert.deepEqual(
      plan.map(({ name, group, quota, labels }) => [name, group, quota, labels["pod-security.kubernetes.io/enforce"]]),
      ["front", "back"].map((name) => [name, "plinth:tenant:shop", { pods: "3" }, "baseline"]),
    );
    assert.deepEqual(tenantNamespaces(tenants), { shop: { namespaces: ["front", "back"] } });
  });

  it("presumes what containers need of a resource that the quota counts, and of no other", () => {
    const defaults = (quota: Record<string, string>) => planTenants(tenantsOf({ shop: { quota } }))[0]?.defaults;
    assert.equal(defaults({ pods: "10", "count/jobs.batch": "5" }), undefined);
    assert.deepEqual(defaults({ cpu: "4" }), { defaultRequest: { cpu: "50m" }, default: {} });
    assert.deepEqual(defaults({ "requests.cpu": "4", "limits.memory": "8Gi" }), {
      defaultRequest: { cpu: "50m", memory: "64Mi" },
      default: { memory: "256Mi" },
    });
  });

  it("certifies a tenant by a group of its own and never as a user or group of the system", () => {
    const { commonName, organization, uses, dnsNames } = tenantLeaf("shop");
    assert.equal(commonName, tenantGroup("shop"));
    assert.equal(organization, tenantGroup("shop"));
    assert.deepEqual([uses, dnsNames], [["client_auth"], []]);
    assert.doesNotMatch(tenantGroup("masters"), /^system:/);
    const longest = "a".repeat(50);
    assert.deepEqual(problems({ [longest]: {} }), []);
    assert.equal(tenantGroup(longest).length, 64);
  });

  it("refuses what does not belong to tenants or to one of them alone, all at once", () => {
    const found = problems({
      Shop: { namespaces: ["shop"] },
      system: { namespaces: ["kube-system", "default", "Bad_Name"] },
      front: { namespaces: ["shared", "front"] },
      back: { namespaces: ["shared"] },
      ["a".repeat(51)]: { namespaces: ["long"] },
      greedy: { quota: { "requests.cpu": "much", "Requests CPU": 1 } },
    });
    for (const expected of [
      /plinth:tenants\.Shop is no name of a tenant/,
      /plinth:tenants\.system has the namespace kube-system, which belongs to the cluster/,
      /plinth:tenants\.system has the namespace default, which belongs to the cluster/,
      /plinth:tenants\.system has the namespace Bad_Name, which is no name of one/,
      /the namespace shared stands 2 times in plinth:tenants \(front and back\)/,
      /plinth:tenants\.a{51} is no name of a tenant/,
      /plinth:tenants\.greedy\.quota has requests\.cpu: much, which is no quantity/,
      /plinth:tenants\.greedy\.quota has Requests CPU, which is no resource/,
    ])
      assert.ok(
        found.some((text) => expected.test(text)),
        `${String(expected)} in\n${found.join("\n")}`,
      );
    assert.equal(found.length, 8);
  });

  it("refuses a namespace that stands twice with one tenant", () => {
    assert.match(problems({ shop: { namespaces: ["shop", "shop"] } }).join(), /stands 2 times .* \(shop\)/);
  });

  it("is checked with the rest of the input", () => {
    const { findings } = checkInput(threeHosts, { ...rawConfig, tenants: { default: {} } });
    assert.deepEqual(
      findings.map(({ rule }) => rule),
      ["tenants"],
    );
    const unknown = checkInput(threeHosts, { ...rawConfig, tenants: { shop: { quotas: {} } } });
    assert.match(unknown.findings.map(describeFinding).join(), /plinth:tenants\.shop/);
  });
});

describe("the removal of tenants", () => {
  const previous = { shop: { namespaces: ["front", "back"] }, blog: { namespaces: ["blog"] } };
  const rest = { shop: { namespaces: ["front", "back"] } };

  it("is refused as long as it would delete a namespace, and can be set aside by name", () => {
    const findings = guardTenants(tenantsOf(rest), previous);
    assert.match(findings.map(describeFinding).join(), /the namespace blog of tenant blog would be deleted/);
    const { remaining, setAside } = applyOverrides(findings, ["tenant-removal"]);
    assert.deepEqual([remaining, setAside.length], [[], 1]);
  });

  it("is refused for single namespaces, too", () => {
    const findings = guardTenants(tenantsOf({ shop: { namespaces: ["front"] }, blog: {} }), previous);
    assert.match(findings.map(describeFinding).join(), /the namespace back of tenant shop/);
  });

  it("is none when another tenant takes the namespace over, nothing is removed, or nothing is known", () => {
    assert.deepEqual(guardTenants(tenantsOf({ all: { namespaces: ["blog", "back", "front"] } }), previous), []);
    assert.deepEqual(guardTenants(tenantsOf({ ...rest, blog: {}, late: {} }), previous), []);
    assert.deepEqual(guardTenants({}, undefined), []);
  });
});

describe("a kubeconfig", () => {
  const fields = { cluster: "demo", user: "u", server: "https://192.0.2.10:6443" };
  const credentials = { authority: { pem: "a" }, certificate: { pem: "b" }, key: { pem: "c" } };

  it("names a default namespace only when it has one", () => {
    assert.match(
      renderKubeconfig({ ...fields, ...credentials, namespace: "shop" }),
      /user: u\n {6}namespace: shop\ncurr/,
    );
    assert.match(renderKubeconfig({ ...fields, ...credentials }), /user: u\ncurrent-context/);
  });
});
