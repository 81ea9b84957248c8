import assert from "node:assert/strict";
import { describeFinding } from "../../../../plan/findings.ts";
import { overwriteFindings } from "../../../../plan/import/overwriting.ts";

const said = (files: Readonly<Record<string, string>>, force: boolean): string[] =>
  overwriteFindings(
    "/x",
    Object.entries(files).map(([path, text]) => ({ path, text })),
    force,
  ).map(describeFinding);

describe("plan/import: files that are there already", () => {
  it("are overwritten by force", () => {
    assert.deepEqual(said({}, false), []);
    assert.deepEqual(said({ "hosts/a.ts": "", "Pulumi.a.yaml": "config:\n  plinth:vip: 192.0.2.1\n" }, true), []);
    assert.deepEqual(said({ "hosts/a.ts": "", "import-a.md": "secure: x" }, false), [
      "hosts/a.ts, import-a.md are in /x already, and nothing was written; choose another --stack, or overwrite by --force [import-overwrite]",
    ]);
  });

  it("stay even then where secrets cannot be read without them", () => {
    for (const [text, name] of [
      ["config: {}\nencryptionsalt: v1:x\n", "encryptionsalt"],
      ["secretsprovider: awskms://x\nencryptedkey: y\n", "encryptedkey, secretsprovider"],
      ['"encryptionsalt": v1:x\n', "encryptionsalt"],
      ["config:\n  plinth:sudoPassword:\n    secure: v1:x\n", "secure"],
      ["config: { plinth:sudoPassword: {secure: v1:x} }\n", "secure"],
    ] as const)
      for (const force of [true, false])
        assert.match(
          said({ "Pulumi.a.yaml": text }, force).join("\n"),
          new RegExp(`^Pulumi.a.yaml in /x has ${name}, [^\\n]*$`),
        );
  });
});
