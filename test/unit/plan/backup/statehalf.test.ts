import assert from "node:assert/strict";
import fc from "fast-check";
import { secretPlaces, withoutSalt } from "../../../../plan/backup/configsecrets.ts";
import {
  buildStateHalf,
  distrusted,
  encryptedAs,
  filesThatDiffer,
  holdTheSame,
  isStackFile,
  parseExport,
  parseStateHalf,
  relativeImports,
  resourcesToLose,
  sha256,
  type HalfParts,
  type StateHalf,
} from "../../../../plan/backup/statehalf.ts";

const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});
const urn = (type: string, name: string): string => `urn:pulumi:lab::plinth::${type}::${name}`;
const one = (type: string, name: string, more: Record<string, unknown> = {}) => ({
  urn: urn(type, name),
  custom: true,
  type,
  ...more,
});

const encryptionKey = "abcdefghijklmnopqrstuvwxyz012345";
const publicKey = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n";
const outputs = {
  clusterId: "0123456789abcdef",
  clusterName: "lab",
  incarnation: 2,
  versions: { kubernetes: "1.36.3", etcd: "3.6.7", containerd: "2.2.0" },
  hosts: { cp1: { address: "192.0.2.11", roles: ["etcd"] } },
  kubeconfig: secret("apiVersion: v1"),
};
const resources: Record<string, unknown>[] = [
  one("pulumi:pulumi:Stack", "plinth-lab", { custom: false, outputs }),
  one("tls:index/privateKey:PrivateKey", "service-account", {
    outputs: { publicKeyPem: publicKey, privateKeyPem: secret("PRIVATE") },
  }),
  one("random:index/randomPassword:RandomPassword", "encryption-key", { outputs: { result: secret(encryptionKey) } }),
];
const exported = (list: unknown = resources, more: Record<string, unknown> = {}): string =>
  JSON.stringify({ version: 3, deployment: { manifest: { time: "t" }, metadata: {}, resources: list, ...more } });

const parts = (more: Partial<HalfParts> = {}): HalfParts => ({
  project: "plinth",
  stack: "lab",
  reason: "up",
  at: Date.parse("2026-11-29T21:00:00.123Z"),
  open: exported(),
  closed: "encrypted",
  files: { "Pulumi.lab.yaml": "config: {}\n", "hosts/lab.ts": "export default [];\n" },
  imports: ["plan/inventory.ts"],
  operatorFiles: { "~/issuer.pem": "PEM" },
  config: { "plinth:clusterName": "lab" },
  release: "0.1.0",
  ...more,
});

function built(more: Partial<HalfParts> = {}): StateHalf {
  const half = buildStateHalf(parts(more));
  assert.ok(half);
  return half;
}

describe("the half of a backup with state and keys", () => {
  it("is described by what hosts and the other half are compared with", () => {
    const { set } = built();
    assert.deepEqual(set, {
      format: 1,
      kind: "state",
      id: "20261129T210000Z-state-lab",
      time: "2026-11-29T21:00:00Z",
      cluster: "lab",
      clusterId: "0123456789abcdef",
      incarnation: 2,
      reason: "up",
      kubernetes: "1.36.3",
      etcd: "3.6.7",
      keys: {
        serviceAccounts: sha256(publicKey),
        encryption: sha256(Buffer.from(encryptionKey).toString("base64")),
      },
      project: "plinth",
      stack: "lab",
      sha256: sha256("encrypted"),
    });
  });

  it("is read back as it was made", () => {
    const half = built();
    assert.deepEqual(parseStateHalf(JSON.stringify(half)), JSON.parse(JSON.stringify(half)));
  });

  it("does not exist of a stack without a cluster's keys", () => {
    assert.equal(buildStateHalf(parts({ open: exported([]) })), undefined);
    assert.equal(buildStateHalf(parts({ open: exported(resources.slice(0, 2)) })), undefined);
    assert.equal(buildStateHalf(parts({ open: exported(resources.slice(1)) })), undefined);
  });

  it("says in one sentence, which quotes nothing, why it cannot be read", () => {
    const half = built();
    const cases: [string, RegExp][] = [
      ["{ SECRET", /^it is not JSON$/],
      [JSON.stringify({ ...half, format: 2 }), /format 2.*use a newer Plinth/],
      [JSON.stringify({ ...half, files: "SECRET" }), /not as expected at files$/],
      [JSON.stringify({ ...half, set: { ...half.set, id: "SECRET" } }), /makes no sense: id/],
      [JSON.stringify({ ...half, files: { "../SECRET": "" } }), /which is none of a stack's/],
    ];
    for (const [text, expected] of cases) {
      assert.throws(
        () => parseStateHalf(text),
        (error: Error) => expected.test(error.message),
      );
    }
    assert.throws(() => parseExport("SECRET"), /^Error: the stack's deployment is not JSON$/);
  });

  it("is refused where it could make the operator's machine run something", () => {
    const withOne = (resource: Record<string, unknown>): string | undefined =>
      distrusted(parseExport(exported([...resources, resource])));
    assert.equal(distrusted(parseExport(exported())), undefined);
    assert.match(withOne(one("command:local:Command", "x")) ?? "", /x is of the type command:local:Command/);
    assert.match(withOne(one("docker:index:Image", "x")) ?? "", /which Plinth never makes/);
    const provider = (inputs: Record<string, unknown>) => one("pulumi:providers:kubernetes", "k", { inputs });
    assert.equal(withOne(provider({ kubeconfig: secret("users: [{user: {}}]") })), undefined);
    assert.match(withOne(provider({ pluginDownloadURL: "https://x" })) ?? "", /where to fetch a plugin/);
    assert.match(
      withOne(provider({ kubeconfig: secret("user:\n  exec:\n    command: sh") })) ?? "",
      /a command to run/,
    );
    const half = built();
    const text = JSON.stringify({ ...half, stack: parseExport(exported([one("command:local:Command", "x")])) });
    assert.throws(() => parseStateHalf(text), /whoever made it was not Plinth/);
  });

  it("brings files of a stack only", () => {
    const yes = [
      "Pulumi.yaml",
      "Pulumi.lab.yaml",
      "plinth.lock.json",
      "hosts/lab.ts",
      "hosts/racks/a.json",
      "roles/index.ts",
    ];
    const no = [
      "Pulumi.prod.yaml",
      "index.ts",
      "hosts/../index.ts",
      "hosts/./a.ts",
      "/hosts/a.ts",
      "hosts/a.sh",
      "hosts",
      "roles.ts",
      "roles/../index.ts",
    ];
    for (const path of yes) assert.ok(isStackFile(path, "lab"), path);
    for (const path of no) assert.ok(!isStackFile(path, "lab"), path);
    fc.assert(
      fc.property(fc.array(fc.constantFrom("hosts", "..", ".", "", "a.ts", "x"), { maxLength: 5 }), (words) => {
        const path = words.join("/");
        if (isStackFile(path, "lab")) assert.ok(words.every((word) => word !== ".." && word !== "." && word !== ""));
      }),
    );
  });

  it("takes the place of nothing that would be missed", () => {
    const id = one("random:index/randomId:RandomId", "cluster-id");
    const left = [resources[0], one("pulumi:providers:random", "default"), id];
    assert.deepEqual(resourcesToLose(parseExport(exported(left))), []);
    assert.deepEqual(resourcesToLose(parseExport(exported(null))), []);
    assert.equal(resourcesToLose(parseExport(exported())).length, 2);
  });

  it("is encrypted by the provider that the stack has now, without what was under way", () => {
    const now = { secrets_providers: { type: "passphrase", state: { salt: "new" } } };
    const old = parseExport(exported(resources, { secrets_providers: "old", pending_operations: [{}] }));
    const { deployment } = encryptedAs(old, parseExport(exported([], now)));
    assert.deepEqual(deployment.secrets_providers, now.secrets_providers);
    assert.deepEqual(deployment.resources, resources);
    assert.ok(!("pending_operations" in deployment));
    assert.ok(holdTheSame(old, parseExport(exported(resources, now))));
    assert.ok(!holdTheSame(old, parseExport(exported(resources.slice(1)))));
  });

  it("tells which files of the working copy are others", () => {
    const files = { a: "1", b: "2", c: "3" };
    assert.deepEqual(filesThatDiffer(files, { a: "1", b: "x" }), [
      { path: "b", how: "different" },
      { path: "c", how: "missing" },
    ]);
  });

  it("follows what an inventory imports", () => {
    const source = `
      import type { HostInput } from "../plan/inventory.ts";
      import { rack } from './racks/a.ts';
      import "./side.ts";
      export { x } from "./x.ts"; const y = await import("./y.ts"); import z from "zod";`;
    assert.deepEqual(relativeImports(source), [
      "../plan/inventory.ts",
      "./racks/a.ts",
      "./side.ts",
      "./x.ts",
      "./y.ts",
    ]);
  });
});

describe("secrets of a stack's file", () => {
  it("are found at every depth, with their values", () => {
    const file = {
      encryptionsalt: "v1:x",
      config: {
        "plinth:clusterName": "lab",
        "plinth:sudoPassword": { secure: "v1:a" },
        "plinth:registryCredentials": { "a.example.com": { username: "u", password: { secure: "v1:b" } } },
        "plinth:list": [{ key: { secure: "v1:c" } }, "plain"],
      },
    };
    const clear = {
      "plinth:clusterName": "lab",
      "plinth:sudoPassword": "one",
      "plinth:registryCredentials": JSON.stringify({ "a.example.com": { username: "u", password: "two" } }),
      "plinth:list": JSON.stringify([{ key: "three" }, "plain"]),
    };
    assert.deepEqual(secretPlaces(file, clear), [
      { path: "plinth:sudoPassword", value: "one" },
      { path: 'plinth:registryCredentials["a.example.com"]["password"]', value: "two" },
      { path: 'plinth:list[0]["key"]', value: "three" },
    ]);
    assert.deepEqual(secretPlaces({}, clear), []);
  });

  it("are told apart from the salt that they are encrypted by", () => {
    assert.equal(withoutSalt("encryptionsalt: v1\nconfig:\n  a: b\nsecretsprovider: x\n"), "config:\n  a: b\n");
  });
});
