import assert from "node:assert/strict";
import { clusterKeys, configKeys, configSchema, parseConfig, structuredKeys } from "../../../plan/config.ts";
import { concealSecrets, unreadSecret } from "../../../plan/rawconfig.ts";
import { readConfig } from "../../../plan/stackconfig.ts";
import { rawConfig } from "../../support/cluster.ts";

describe("plan/stackconfig", () => {
  it("reads the same from the engine's text and from a file", () => {
    const fromEngine = {
      "plinth:clusterName": "12",
      "plinth:exportPoolMaterial": "true",
      "plinth:vip": "",
      "plinth:sysctls": '{"vm.panic_on_oom":0}',
      "plinth:images": '["pause"]',
      "aws:region": "x",
    };
    const fromFile = {
      "plinth:clusterName": 12,
      "plinth:exportPoolMaterial": true,
      "plinth:vip": null,
      "plinth:sysctls": { "vm.panic_on_oom": 0 },
      "plinth:images": ["pause"],
      "aws:region": "x",
    };
    assert.deepEqual(readConfig(fromFile), readConfig(fromEngine));
    assert.deepEqual(readConfig(fromEngine)["images"], ["pause"]);
    assert.equal(readConfig(fromEngine)["region"], undefined);
  });

  it("leaves text that is no list or map for the schema to name", () => {
    const { findings } = parseConfig(readConfig({ "plinth:tenants": "{shop" }));
    assert.ok(findings.some(({ message }) => message.startsWith("config key plinth:tenants ")));
  });

  it("takes for a secret exactly what the engine takes for one", () => {
    assert.equal(concealSecrets({ secure: "v1:x" }), unreadSecret);
    for (const value of [{ secure: 1 }, { secure: "x", other: "y" }, {}, "secure", null])
      assert.deepEqual(concealSecrets(value), value);
    assert.deepEqual(concealSecrets([{ a: { secure: "v1:x" } }]), [{ a: unreadSecret }]);
  });

  it("judges every key around a secret, takes the secret for no value, and says which keys were not read", () => {
    for (const key of configKeys) {
      const { config, findings, unread } = parseConfig({ ...rawConfig, [key]: unreadSecret });
      assert.deepEqual(findings, [], key);
      assert.deepEqual(unread, [key]);
      if (config !== undefined) assert.deepEqual(config[key as keyof typeof config], defaultOf(key), key);
    }
    const inside = parseConfig({
      ...rawConfig,
      vip: "x",
      tenants: { shop: { quota: { pods: unreadSecret }, flavour: 1 } },
    });
    assert.deepEqual(
      inside.findings.map(({ message }) => message.split(" ").slice(0, 3).join(" ")),
      ["config key plinth:vip", "config key plinth:tenants.shop"],
    );
  });

  it("knows lists and maps, and what is the cluster's, by the schema", () => {
    for (const key of ["images", "registryCredentials", "kubeletConfig", "hostBaseline"])
      assert.ok(structuredKeys.includes(key), key);
    for (const key of ["vip", "sshPort", "restrictOomScoreAdj", "maxUnavailable"])
      assert.ok(!structuredKeys.includes(key), key);
    assert.ok(clusterKeys.includes("podCidr"));
    assert.ok(!clusterKeys.includes("containerdVersion"));
  });
});

function defaultOf(key: string): unknown {
  return configSchema.shape[key as keyof typeof configSchema.shape].safeParse(undefined).data;
}
