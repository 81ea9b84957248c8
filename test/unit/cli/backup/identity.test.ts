import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity } from "age-encryption";
import { identityPath, readIdentities } from "../../../../cli/backup/identity.ts";

describe("the operator's private keys", () => {
  const folder = mkdtempSync(join(tmpdir(), "plinth-identity-"));
  const path = join(folder, "age.txt");
  after(() => {
    rmSync(folder, { recursive: true });
  });
  const write = (text: string, mode = 0o600): void => {
    writeFileSync(path, text);
    chmodSync(path, mode);
  };

  it("are in the file that the environment names, or in the configuration's folder", () => {
    assert.equal(identityPath({ PLINTH_BACKUP_IDENTITY: "/media/key.txt", XDG_CONFIG_HOME: "/c" }), "/media/key.txt");
    assert.equal(identityPath({ PLINTH_BACKUP_IDENTITY: "", XDG_CONFIG_HOME: "/c" }), "/c/plinth/age.txt");
    assert.match(identityPath({}), /\/\.config\/plinth\/age\.txt$/);
  });

  it("are read as age-keygen writes them", async () => {
    const [one, two] = [await generateX25519Identity(), await generateX25519Identity()];
    write(`# created: 2026-01-01T00:00:00Z\n# public key: age1…\n${one}\n\n${two}\r\n`);
    assert.deepEqual(readIdentities(path), [one, two]);
  });

  it("are refused where there are none, or others may read them, and never quoted", async () => {
    const key = await generateX25519Identity();
    assert.throws(() => readIdentities(join(folder, "nothing")), /cannot be read \(ENOENT\).*PLINTH_BACKUP_IDENTITY/);
    assert.throws(() => readIdentities(folder), /is not a file/);
    write("# nothing\n");
    assert.throws(() => readIdentities(path), /holds no private key of age/);
    write(`${key}\n`, 0o640);
    assert.throws(() => readIdentities(path), /chmod 600/);
    write(`# one\n${key}x\n`);
    assert.throws(
      () => readIdentities(path),
      (error: Error) => /^Line 2 of /.test(error.message) && !error.message.includes(key),
    );
  });
});
