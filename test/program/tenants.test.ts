import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterOutputs } from "../../components/outputs.ts";
import type { ProgramArgs } from "../../components/preflight.ts";
import { deploy } from "../../components/program.ts";
import { PlinthError } from "../../plan/findings.ts";
import { noRequests } from "../../plan/requests.ts";
import { configOf, hostsOf, rawConfig, readingsOf, threeHosts } from "../support/cluster.ts";
import { digestsFor } from "../support/digests.ts";
import { answered } from "../support/program.ts";
import { isSecret, plain, record, type Registration } from "../support/recorder.ts";

const hosts = hostsOf();
const digests = digestsFor(hosts, configOf());

function argsOf(tenants: unknown, previous?: Record<string, { namespaces: string[] }>): ProgramArgs {
  return {
    stack: "demo",
    config: { ...rawConfig, tenants },
    inventory: threeHosts.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` })),
    readHosts: () => Promise.resolve(readingsOf(hosts)),
    readDigests: () => Promise.resolve(digests),
    lockedDigests: undefined,
    readPrevious: () => Promise.resolve(previous === undefined ? {} : { hosts: {}, tenants: previous }),
    requests: noRequests,
    lock: () => Promise.resolve(() => Promise.resolve()),
  };
}

const two = { shop: { namespaces: ["front", "back"], quota: { "requests.cpu": "4" } }, blog: {} };
const runWith = (config: Record<string, unknown>) => {
  const args = argsOf(two);
  return record(() => deploy({ ...args, config: { ...args.config, ...config } }), { state: answered });
};
const run = (tenants: unknown, previous?: Record<string, { namespaces: string[] }>) =>
  record(() => deploy(argsOf(tenants, previous)), { state: answered });
const known = (value: unknown) => (pulumi.output(value) as unknown as { promise(): Promise<unknown> }).promise();
const inTenants = (item: Registration) => item.parent.endsWith("plinth:tenants:Tenants::tenants");
const isObject = (item: Registration) => item.type.startsWith("kubernetes:");

describe("tenants of the program", () => {
  let registrations: Registration[];
  let outputs: ClusterOutputs;
  before(async () => {
    const recorded = await run(two);
    registrations = recorded.registrations;
    outputs = recorded.outputs as ClusterOutputs;
  });

  it("have namespaces, the right to use them, and a quota where one is given", () => {
    const names = registrations
      .filter((item) => inTenants(item) && isObject(item))
      .map((item) => `${item.type.split(":").at(-1) ?? ""} ${item.name}`);
    assert.deepEqual(names.sort(), [
      "LimitRange back-tenant",
      "LimitRange front-tenant",
      "Namespace back",
      "Namespace blog",
      "Namespace front",
      "ResourceQuota back-tenant",
      "ResourceQuota front-tenant",
      "RoleBinding back-tenant",
      "RoleBinding blog-tenant",
      "RoleBinding front-tenant",
      "ServiceAccount back-default",
      "ServiceAccount blog-default",
      "ServiceAccount front-default",
    ]);
  });

  it("have default service accounts whose token pods get only if they ask; turned off, the accounts stay", async () => {
    const accounts = (items: Registration[]) =>
      items
        .filter((item) => inTenants(item) && item.type.endsWith(":ServiceAccount"))
        .map((item) => [
          (plain(item.inputs["metadata"]) as { name: string }).name,
          item.inputs["automountServiceAccountToken"],
        ]);
    assert.deepEqual(accounts(registrations), Array(3).fill(["default", false]));
    const off = await runWith({ protections: { automount: "off" } });
    assert.deepEqual(accounts(off.registrations), Array(3).fill(["default", true]));
  });

  it("have rights in their own namespaces, and none for the whole cluster", () => {
    const bindings = registrations.filter((item) => JSON.stringify(item.inputs).includes("plinth:tenant:"));
    for (const item of bindings.filter(isObject)) {
      assert.match(item.type, /:RoleBinding$/);
      const metadata = plain(item.inputs["metadata"]) as { namespace: string };
      const [subject] = item.inputs["subjects"] as { kind: string; name: string }[];
      assert.equal(subject?.kind, "Group");
      assert.equal(subject.name, metadata.namespace === "blog" ? "plinth:tenant:blog" : "plinth:tenant:shop");
    }
    assert.equal(bindings.filter(isObject).length, 3);
  });

  it("have a kubeconfig each, with a key of their own and their first namespace, as one secret output", async () => {
    assert.deepEqual(outputs.tenants, { shop: { namespaces: ["front", "back"] }, blog: { namespaces: ["blog"] } });
    assert.equal(await pulumi.isSecret(outputs.tenantKubeconfigs), true);
    const kubeconfigs = (await known(outputs.tenantKubeconfigs)) as Record<string, string>;
    assert.deepEqual(Object.keys(kubeconfigs), ["shop", "blog"]);
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const { shop = "", blog = "" } = kubeconfigs;
    assert.ok(shop.includes(base64("PRIVATE KEY tenant-shop")));
    assert.ok(shop.includes("namespace: front"));
    assert.ok(blog.includes(base64("certificate tenant-blog")));
    assert.ok(!blog.includes(base64("PRIVATE KEY admin")));
    for (const item of registrations.filter(({ name, type }) => name === "tenant-shop" && type.startsWith("tls:"))) {
      const key = item.inputs["privateKeyPem"] ?? item.inputs["caPrivateKeyPem"];
      if (key !== undefined) assert.ok(isSecret(key), item.type);
    }
  });

  it("change nothing on any host, and nothing for each other", async () => {
    const without = (await run({})).registrations;
    const shared = (item: Registration) => !inTenants(item) && !item.parent.includes("plinth:tenants:Tenants");
    const hosts = (items: Registration[]) => items.filter((item) => item.type === "command:remote:Command");
    assert.deepEqual(
      hosts(registrations)
        .map(({ urn, inputs, dependencies }) => [urn, inputs, [...dependencies].sort()])
        .sort(),
      hosts(without)
        .map(({ urn, inputs, dependencies }) => [urn, inputs, [...dependencies].sort()])
        .sort(),
    );
    assert.deepEqual(
      registrations
        .filter(shared)
        .map(({ urn }) => urn)
        .sort(),
      without
        .filter(shared)
        .map(({ urn }) => urn)
        .sort(),
    );
    const three = (await run({ ...two, late: {} })).registrations;
    for (const item of registrations.filter(inTenants)) {
      assert.deepEqual(three.find(({ urn }) => urn === item.urn)?.inputs, item.inputs, item.urn);
    }
  });

  it("are the same objects when a namespace goes to another tenant", async () => {
    const moved = (await run({ shop: { namespaces: ["front"] }, blog: { namespaces: ["blog", "back"] } }))
      .registrations;
    const urn = (items: Registration[]) =>
      items.find((item) => item.type.endsWith(":Namespace") && item.name === "back");
    assert.equal(urn(moved)?.urn, urn(registrations)?.urn);
  });

  it("are not removed by leaving them out", async () => {
    const previous = { shop: { namespaces: ["front", "back"] }, blog: { namespaces: ["blog"] } };
    await assert.rejects(run({ shop: { namespaces: ["front", "back"] } }, previous), (error: unknown) => {
      assert.ok(error instanceof PlinthError);
      assert.deepEqual(
        error.findings.map(({ rule, kind }) => `${kind} ${rule}`),
        ["guard tenant-removal"],
      );
      return true;
    });
  });
});
