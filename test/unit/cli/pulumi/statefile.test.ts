import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { isKnownStack, outputsInFile } from "../../../../cli/pulumi/statefile.ts";

const secret = {
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ciphertext: "v1:abc",
};
const state = {
  version: 4,
  features: [],
  checkpoint: {
    stack: "organization/plinth/lab",
    latest: {
      resources: [
        { type: "command:remote:Command", outputs: { stdout: "no" } },
        { type: "pulumi:pulumi:Stack", outputs: { kind: "cluster", kubeconfig: secret, tenants: { a: [secret, 1] } } },
      ],
    },
  },
};

describe("the file with the state of a stack", () => {
  let stateDir: string;
  const place = (stack = "lab") => ({ backend: { stateDir }, settings: { projectName: "plinth" }, stack });
  const write = (name: string, bytes: string | Buffer): void => {
    writeFileSync(join(stateDir, ".pulumi/stacks/plinth", name), bytes);
  };

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), "plinth-state-"));
    mkdirSync(join(stateDir, ".pulumi/stacks/plinth"), { recursive: true });
  });
  afterEach(() => {
    rmSync(stateDir, { recursive: true });
  });

  for (const [name, pack] of [
    ["lab.json", (text: string) => text],
    ["lab.json.gz", gzipSync],
    ["lab.json.zst", zstdCompressSync],
  ] as const)
    it(`${name} tells the outputs, without secrets`, () => {
      write(name, pack(JSON.stringify(state)));
      write(`${name}.bak`, "of before");
      assert.ok(isKnownStack(place()));
      assert.deepEqual(outputsInFile(place()), {
        kind: "cluster",
        kubeconfig: "[secret]",
        tenants: { a: ["[secret]", 1] },
      });
    });

  it("tells nothing where the engine has to be asked", () => {
    assert.equal(outputsInFile(place()), undefined);
    assert.ok(!isKnownStack(place()));
    assert.equal(outputsInFile({ ...place(), backend: { stateDir: undefined } }), undefined);
    write("lab.json", JSON.stringify({ ...state, version: 5 }));
    assert.equal(outputsInFile(place()), undefined);
    write("lab.json", "{ half");
    assert.equal(outputsInFile(place()), undefined);
    write("lab.json", JSON.stringify(state));
    write("lab.json.zst", zstdCompressSync(JSON.stringify(state)));
    assert.equal(outputsInFile(place()), undefined, "which of them is the state");
    assert.ok(!isKnownStack(place()));
  });

  it("of a stack that was never brought up tells none", () => {
    write("new.json", JSON.stringify({ version: 3, checkpoint: { stack: "new", latest: {} } }));
    assert.deepEqual(outputsInFile(place("new")), {});
  });
});
