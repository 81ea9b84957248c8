import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import { configKeys } from "../../../plan/config.ts";
import { checkProposedFile, decidedBy, parseProposedInventory } from "../../../plan/proposal.ts";

const own = {
  secretsprovider: "passphrase",
  encryptionsalt: "v1:abc",
  config: {
    "plinth:clusterName": "prod",
    "plinth:vip": "192.0.2.10",
    "plinth:artifactsUrl": "https://mirror.example.net",
    "plinth:sshKnownHostsFile": "/etc/plinth/known_hosts",
    "plinth:registryCredentials": { "registry.example.net": { username: "puller", password: { secure: "v1:one" } } },
    "plinth:kubeletConfig": { maxPods: 110, staticToken: { secure: "v1:two" } },
    "kubernetes:namespace": "default",
  },
};
const without = (key: keyof typeof own.config): Record<string, unknown> =>
  Object.fromEntries(Object.entries(own.config).filter(([name]) => name !== key));
const messages = ({ findings }: { findings: { message: string }[] }): string[] =>
  findings.map(({ message }) => message);
const judged = (config: Record<string, unknown>, rest: Record<string, unknown> = {}): string[] =>
  messages(checkProposedFile(own, { ...own, ...rest, config: { ...own.config, ...config } }));

describe("a proposal's configuration", () => {
  it("has somebody who decides for every key that there is, and for no other", () => {
    assert.deepEqual(Object.keys(decidedBy).sort(), [...configKeys].sort());
    const described = parse(readFileSync(path.join(import.meta.dirname, "../../../Pulumi.yaml"), "utf8")) as {
      config: object;
    };
    assert.deepEqual(Object.keys(decidedBy).sort(), Object.keys(described.config).sort());
  });

  it("does not decide what is read here, whom this program talks to, and where secrets go", () => {
    // Whatever names a file, an address or a login stands here, and nothing that does may be left out.
    const telling = configKeys.filter((key) =>
      /Files?$|Url$|Key|^ssh|registr|Stack$|Endpoint|vip$|Material/i.test(key),
    );
    const left = telling.filter((key) => decidedBy[key as keyof typeof decidedBy] !== "project");
    // Whether hosts hold an address longer, and an address for clients of services: this program never goes there.
    assert.deepEqual(left, ["keepFormerEndpoints", "serviceVip"]);
  });

  it("is used where it says what hosts and cluster shall be", () => {
    const config = { ...own.config, "plinth:kubernetesVersion": "1.37.0", "plinth:tenants": { demo: {} } };
    assert.deepEqual(checkProposedFile(own, { ...own, config }), { file: { ...own, config }, findings: [] });
    const fewer = without("plinth:clusterName");
    assert.deepEqual(checkProposedFile(own, { ...own, config: fewer }).file["config"], fewer);
  });

  it("is refused where it names a file of this machine, another address, or another way for secrets", () => {
    const found = judged({
      "plinth:sshPrivateKeyFile": "~/.ssh/id_ed25519",
      "plinth:sshKnownHostsFile": "/tmp/known_hosts",
      "plinth:artifactsUrl": "http://203.0.113.7",
      "plinth:vip": "203.0.113.8",
      "plinth:registries": { "docker.io": { mirrors: ["https://mirror.example.net"], caFile: "~/.ssh/id_ed25519" } },
    });
    assert.deepEqual(found.map((message) => /"plinth:(\w+)" is not as the project has it/.exec(message)?.[1]).sort(), [
      "artifactsUrl",
      "registries",
      "sshKnownHostsFile",
      "sshPrivateKeyFile",
      "vip",
    ]);
    assert.match(
      messages(checkProposedFile(own, { ...own, config: without("plinth:vip") })).join(),
      /"plinth:vip" is not as/,
    );
    assert.match(messages(checkProposedFile(own, {})).join(), /"plinth:registryCredentials" is not as/);
  });

  it("is refused where it changes the engine's own part, or keys that are none of ours", () => {
    for (const section of ["secretsprovider", "encryptionsalt", "encryptedkey", "environment", "backend"])
      assert.deepEqual(judged({}, { [section]: "awskms://x" }), [
        `the given configuration has another "${section}" than the project`,
      ]);
    const spellings = ["kubernetes:namespace", "plinth:config:vip", "vip", "other:vip", "plinth:", "plinth:toString"];
    for (const key of spellings) assert.match(judged({ [key]: "x" }).join(), /is not as the project has it/, key);
  });

  it("has no encrypted value that the project does not have in that very place", () => {
    const secret = { secure: "v1:two" };
    assert.deepEqual(judged({ "plinth:kubeletConfig": { maxPods: 250, staticToken: secret } }), []);
    for (const config of [
      { "plinth:clusterDomain": secret },
      { "plinth:kubeletConfig": { maxPods: 110, clusterDomain: secret } },
      { "plinth:kubeletConfig": { staticToken: { secure: "v1:one" } } },
      { "plinth:kubeletConfig": { staticToken: { ...secret, more: 1 } } },
      { "plinth:dnsUpstreams": [[secret]] },
    ])
      assert.match(
        judged(config).join(),
        /encrypted value that the project does not have there/,
        JSON.stringify(config),
      );
  });

  it("is plain data, and a map", () => {
    for (const file of [null, [], "x", 7, { config: [] }, { config: "x" }])
      assert.match(messages(checkProposedFile(own, file)).join(), /not usable/, JSON.stringify(file));
    const polluted: unknown = JSON.parse('{"config":{"plinth:tenants":{"__proto__":{"a":1}}}}');
    assert.match(messages(checkProposedFile(own, polluted)).join(), /it has the name __proto__/);
    assert.match(messages(checkProposedFile(own, { config: { a: new Map() } })).join(), /something else than texts/);
  });

  it("never has a value of the project's that differs, whatever it says", () => {
    const keys = Object.entries(decidedBy).flatMap(([key, by]) => (by === "project" ? [`plinth:${key}`] : []));
    const changed = fc.dictionary(fc.constantFrom(...keys, "x:y", "plinth:network"), fc.jsonValue());
    fc.assert(
      fc.property(changed, (config) => {
        const { findings, file } = checkProposedFile(own, { ...own, config: { ...own.config, ...config } });
        if (findings.length > 0) return;
        for (const key of keys)
          assert.deepEqual((file["config"] as typeof own.config)[key as "plinth:vip"], own.config[key as "plinth:vip"]);
      }),
    );
  });

  it("of any form comes to findings, and to no exception", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (file, config) => {
        checkProposedFile(own, file);
        checkProposedFile(own, { ...own, config });
      }),
    );
  });
});

describe("a proposal's inventory", () => {
  const read = (text: string): string => messages(parseProposedInventory(text, "prod")).join();

  it("is what `inventory --json` prints, of that stack", () => {
    const hosts = [{ name: "cp1", address: "192.0.2.11", roles: ["etcd"] }];
    assert.deepEqual(parseProposedInventory(JSON.stringify({ stack: "prod", hosts }), "prod"), { hosts, findings: [] });
    assert.match(read('{"stack":"lab","hosts":[]}'), /it is of stack "lab", not of "prod"/);
  });

  it("is refused in any other form", () => {
    assert.match(read("secret of this machine"), /^the given inventory is not usable: it is no JSON$/);
    assert.match(
      read('{"stack":"prod","hosts":[],"run":"x","a\\u001b[2J":1}'),
      /the unknown fields "run", "a\\x1b\[2J"$/,
    );
    assert.match(read('{"stack":"prod","hosts":{"0":{}}}'), /its field hosts is not right/);
    assert.match(read('{"stack":7}'), /its field stack is not right, its field hosts is not right/);
    assert.match(read("[]"), /it is no map with stack and hosts/);
    assert.match(read('{"stack":"prod","hosts":[{"labels":{"__proto__":{"x":1}}}]}'), /it has the name __proto__/);
    assert.match(read(`{"stack":"prod","hosts":${"[".repeat(10_000)}${"]".repeat(10_000)}}`), /more than 16 lists/);
  });

  it("of any text comes to findings, and to no exception", () => {
    const document = fc
      .record({ stack: fc.constant("prod"), hosts: fc.jsonValue() })
      .map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), document), (text) => {
        const { hosts, findings } = parseProposedInventory(text, "prod");
        assert.ok(findings.length > 0 ? hosts.length === 0 : Array.isArray(hosts));
      }),
    );
  });
});
