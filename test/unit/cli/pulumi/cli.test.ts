import assert from "node:assert/strict";
import { PulumiFailure } from "../../../../cli/pulumi/cli.ts";

describe("failures of the Pulumi CLI", () => {
  it("say what the CLI said, or how it ended", () => {
    const result = { code: 255, signal: null, stdout: "out\n", stderr: "error: no\n" };
    assert.equal(new PulumiFailure(result).message, "no");
    assert.equal(new PulumiFailure({ ...result, stderr: "" }).message, "out");
    assert.match(new PulumiFailure({ ...result, stdout: "", stderr: "" }).message, /exit code 255/);
    const wrong = new PulumiFailure({
      ...result,
      stdout: "",
      stderr: "error: getting secrets manager: incorrect passphrase\n",
    });
    assert.match(
      wrong.message,
      /^The secrets of the stack cannot be decrypted: the passphrase is wrong\. Set PULUMI_CONFIG_/,
    );
    assert.match(new PulumiFailure({ ...result, code: null, signal: "SIGKILL" }).message, /ended by SIGKILL/);
  });
});
