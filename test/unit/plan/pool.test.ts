import assert from "node:assert/strict";
import { configSchema } from "../../../plan/config.ts";
import { describeFinding } from "../../../plan/findings.ts";
import { checkInput } from "../../../plan/stackinput.ts";
import { endpointOf } from "../../../plan/endpoint.ts";
import { resolverFindings } from "../../../plan/guards/network.ts";
import { checkPool, controlPlaneOf, guardPool, poolMaterial } from "../../../plan/pool.ts";
import { parsePoolMaterial, type PoolMaterial } from "../../../plan/poolmaterial.ts";
import { configOf, factsOf, hostsOf, readingsOf } from "../../support/cluster.ts";
import { materialOf, poolHosts, rawPool } from "../../support/pool.ts";

const texts = (extra: object, inventory: unknown = poolHosts, material: PoolMaterial | undefined = materialOf()) =>
  checkPool(inventory, { ...rawPool, ...extra }, material).findings.map(describeFinding);

describe("plan/pool", () => {
  it("takes from the cluster what must be the same, and the rest from its own configuration", () => {
    const { config, findings, hosts } = checkPool(poolHosts, { ...rawPool, containerdVersion: "2.4.1" }, materialOf());
    assert.deepEqual(findings, []);
    assert.ok(config);
    const { clusterName, podCidr, serviceCidr, network } = config;
    assert.deepEqual(
      [clusterName, podCidr, serviceCidr, network],
      ["demo", "10.244.0.0/16", "10.96.0.0/16", "flannel"],
    );
    assert.equal(config.containerdVersion, "2.4.1");
    assert.equal(endpointOf(hosts, config), "https://192.0.2.10:6443");
  });

  it("has the name servers of its hosts judged by where the cluster's DNS forwards to", () => {
    const judge = (dnsUpstreams: string[]) => {
      const material = poolMaterial(hostsOf(), configOf({ dnsUpstreams }), "https://192.0.2.10:6443", () => ({
        ...{ port: 22, user: "root", hostKey: "ssh-ed25519 KEY" },
      }));
      const { config, hosts } = checkPool(poolHosts, rawPool, materialOf(material));
      assert.ok(config);
      const [host] = hosts;
      assert.ok(host);
      return resolverFindings(host, factsOf(host.name, { resolvers: { "/etc/resolv.conf": "none" } }), config);
    };
    assert.equal(judge(["/etc/resolv.conf"]).length, 1);
    assert.deepEqual(judge([]), []);
  });

  it("goes on with a cluster of an earlier release, which does not tell where its DNS forwards to", () => {
    const settings: Partial<PoolMaterial["settings"]> = materialOf().settings;
    delete settings.dnsUpstreams;
    const { material, findings } = parsePoolMaterial("demo", { ...materialOf(), settings });
    assert.deepEqual(findings, []);
    assert.deepEqual(material?.settings.dnsUpstreams, []);
  });

  it("is judged without its cluster as far as it goes", () => {
    const { findings, config } = checkInput(poolHosts, rawPool);
    assert.deepEqual(findings, []);
    assert.equal(config?.artifactsUrl, rawPool.artifactsUrl);
    const bad = checkInput([...poolHosts, ...poolHosts], { ...rawPool, podCidr: "10.0.0.0/8" });
    const rules = bad.findings.map(({ rule }) => rule);
    for (const rule of ["duplicate-name", "duplicate-address", "pool-setting"]) assert.ok(rules.includes(rule), rule);
  });

  it("refuses settings of the cluster that are set otherwise", () => {
    assert.match(texts({ podCidr: "10.99.0.0/16" }).join(), /plinth:podCidr is the cluster's/);
    assert.match(texts({ tenants: { shop: {} } }).join(), /plinth:tenants is the cluster's/);
    assert.match(texts({ vip: "192.0.2.10" }).join(), /plinth:vip is the cluster's/);
    assert.match(texts({ exportPoolMaterial: "true" }).join(), /plinth:exportPoolMaterial is the cluster's/);
    assert.match(texts({ clusterName: "other" }).join(), /plinth:clusterName is the cluster's/);
  });

  it("takes no offence at the defaults, which the engine fills in, nor at what the cluster has", () => {
    // As the engine gives them: text, but for lists and maps.
    const defaults = Object.entries(configSchema.shape).map(([key, field]): [string, unknown] => {
      const value: unknown = field.safeParse(undefined).data;
      return [key, typeof value === "number" || typeof value === "boolean" ? String(value) : (value ?? "")];
    });
    const raw = { ...Object.fromEntries(defaults), ...rawPool };
    const other = materialOf();
    other.settings.podCidr = "10.99.0.0/16";
    for (const settings of [raw, { ...raw, podCidr: "10.99.0.0/16", clusterName: "demo" }]) {
      const { config, findings } = checkPool(poolHosts, settings, other);
      assert.deepEqual(findings.map(describeFinding), []);
      assert.equal(config?.podCidr, "10.99.0.0/16");
    }
  });

  it("refuses hosts that are more than workers, or the cluster's own", () => {
    const host = { name: "w9", address: "192.0.2.39", roles: ["worker"] };
    assert.match(texts({}, [{ ...host, roles: ["etcd", "worker"] }]).join(), /w9: a pool has workers only/);
    assert.match(
      texts({}, [{ ...host, name: "cp1" }]).join(),
      /cp1: the cluster's stack has the host cp1 at 192\.0\.2\.11/,
    );
    assert.match(texts({}, [{ ...host, address: "192.0.2.11" }]).join(), /w9: the cluster's stack has the host cp1/);
  });

  it("refuses kubelets that are newer than the API servers, or too old for them", () => {
    const allowed = (pool: string, cluster: string) =>
      !texts({ kubernetesVersion: pool }, poolHosts, materialOf({ kubernetesVersion: cluster })).some((text) =>
        text.includes("[pool-version]"),
      );
    assert.ok(allowed("1.36.3", "1.36.3"));
    assert.ok(allowed("1.35.9", "1.36.3"));
    assert.ok(allowed("1.35.0", "1.38.0"));
    assert.ok(!allowed("1.36.4", "1.36.3"));
    assert.ok(!allowed("1.36.0", "1.35.9"));
    assert.ok(!allowed("1.35.0", "1.39.0"));
  });

  it("refuses hosts that another stack of the same cluster has claimed", () => {
    const hosts = checkPool(poolHosts, rawPool, materialOf()).hosts;
    const claimedBy = (stack: string, clusterId = materialOf().clusterId) =>
      readingsOf(hosts, {
        w1: { facts: factsOf("w1", { claim: { cluster: "demo", clusterId, host: "w1", stack, generation: 1 } }) },
      });
    assert.match(
      guardPool("pool", hosts, claimedBy("other"), materialOf()).map(describeFinding).join(),
      /w1: .*stack other/,
    );
    assert.deepEqual(guardPool("pool", hosts, claimedBy("pool"), materialOf()), []);
    // Another cluster's claim has a rule of its own.
    assert.deepEqual(guardPool("pool", hosts, claimedBy("other", "ffff"), materialOf()), []);
    assert.deepEqual(guardPool("pool", hosts, readingsOf(hosts), materialOf()), []);
  });

  it("says what to do when the cluster hands nothing over, or something else, and prints none of it", () => {
    assert.match(
      parsePoolMaterial("organization/plinth/demo", undefined).findings.map(describeFinding).join(),
      /organization\/plinth\/demo has no output poolMaterial.*plinth:exportPoolMaterial/,
    );
    const { material, findings } = parsePoolMaterial("s", { ...materialOf(), format: 1, authority: ["SECRET"] });
    assert.equal(material, undefined);
    assert.match(findings.map(describeFinding).join(), /\(format, authority\)/);
    assert.doesNotMatch(findings.map(describeFinding).join(), /SECRET/);
  });

  it("reaches control-plane hosts by what the cluster knows of them", () => {
    const [first] = controlPlaneOf(materialOf());
    assert.equal(first?.address, "192.0.2.11");
    assert.deepEqual([first.user, first.port, first.hostKey], ["root", 22, "ssh-ed25519 KEY-cp1"]);
  });

  it("is not asked for by default", () => {
    assert.equal(configOf().exportPoolMaterial, false);
    assert.equal(configOf().clusterStack, undefined);
  });
});
