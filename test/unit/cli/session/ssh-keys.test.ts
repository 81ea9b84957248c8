import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeenConnections, withoutSshKeys } from "../../../../cli/session/ssh-keys.ts";

const secret = (value: unknown): unknown => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});
const bare = { host: "192.0.2.11", port: 22, user: "root" };
const keyed = { ...bare, privateKey: "VERYSECRET", privateKeyPassword: "VERYSECRET" };
const command = (connection: unknown): unknown => ({
  urn: "urn:pulumi:lab::plinth::command:remote:Command::cp1-etcd",
  type: "command:remote:Command",
  inputs: { connection, create: "echo privateKey" },
  outputs: { connection, stdout: secret("done") },
});
const stateOf = (...resources: unknown[]): string => JSON.stringify({ version: 3, deployment: { resources } });

describe("SSH keys of a state", () => {
  const certificate = {
    urn: "urn:pulumi:lab::plinth::tls:index/privateKey:PrivateKey::ca",
    type: "tls:index/privateKey:PrivateKey",
    outputs: { privateKeyPem: secret("PEM"), privateKey: secret("not of a connection") },
  };

  for (const [name, before, after] of [
    ["a connection that is a secret", secret(keyed), secret(bare)],
    ["a key that is a secret", { ...bare, privateKey: secret("VERYSECRET") }, bare],
    ["a bastion", secret({ ...bare, proxy: keyed }), secret({ ...bare, proxy: bare })],
  ] as const) {
    it(`are taken out of ${name}, inputs and outputs, and the rest stays`, () => {
      const result = withoutSshKeys(stateOf(certificate, command(before), command(secret(bare))));
      assert.deepEqual(
        JSON.parse(result?.state ?? ""),
        JSON.parse(stateOf(certificate, command(after), command(secret(bare)))),
      );
      assert.equal(result?.commands, 1);
      assert.equal(withoutSshKeys(result.state), undefined, "once is enough");
    });
  }

  it("are usually none", () => {
    assert.equal(withoutSshKeys(stateOf(certificate, command(secret(bare)))), undefined);
    for (const deployment of [{}, { resources: null }, null])
      assert.equal(withoutSshKeys(JSON.stringify({ deployment, note: '"privateKey":' })), undefined);
  });

  it("are looked for once in commands that have not been changed since", () => {
    const folder = mkdtempSync(join(tmpdir(), "plinth-keyless-"));
    try {
      const connection = (ciphertext: string): unknown => ({
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        ciphertext,
      });
      const seen = (state: string): SeenConnections => new SeenConnections(folder, "lab", state);
      const state = (ciphertext: string, modified: string, ...others: unknown[]): string =>
        stateOf({ ...(command(connection(ciphertext)) as object), modified }, ...others);
      assert.equal(seen(state("v1:one", "then")).areKeyless(), false);
      seen(state("v1:one", "then")).note();
      assert.equal(
        seen(state("v1:two", "then", certificate)).areKeyless(),
        true,
        "encrypted anew, and another resource",
      );
      assert.equal(seen(state("v1:one", "now")).areKeyless(), false);
      const two = [command(connection("v1:one")), { ...(command(connection("v1:longer")) as object), urn: "another" }];
      seen(stateOf(...two)).note();
      assert.equal(seen(stateOf(...two.reverse())).areKeyless(), true, "written in another order");
      seen(state("v1:one", "then")).note();
      assert.equal(seen(state("v1:longer", "then")).areKeyless(), false);
      assert.equal(seen(state("v1:one", "then", command(connection("v1:one")))).areKeyless(), false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
