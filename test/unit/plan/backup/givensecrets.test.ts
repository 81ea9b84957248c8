import assert from "node:assert/strict";
import { withGivenSecrets } from "../../../../plan/backup/givensecrets.ts";
import { backupSchema } from "../../../../plan/backup/settings.ts";
import { concealSecrets, holdsUnread, unreadSecret } from "../../../../plan/rawconfig.ts";
import { rawBackup, rawTargets } from "../../../support/backup.ts";

const secure = { secure: "v1:ciphertext" };
const { disk, vault, store } = rawTargets;
const written = {
  ...rawBackup,
  password: secure,
  targets: [
    disk,
    { ...vault, ssh: { ...vault.ssh, privateKey: secure } },
    { ...store, s3: { ...store.s3, members: { accessKey: "m", secretKey: secure }, operators: secure } },
  ],
};

describe("backups whose secrets cannot be decrypted", () => {
  it("are reached by the password that is given", () => {
    const operators = { accessKey: "o", secretKey: secure };
    const [one, two, three] = written.targets;
    const own = { ...three, s3: { ...store.s3, members: { accessKey: "m", secretKey: secure }, operators } };
    const config = { backup: concealSecrets({ ...written, targets: [one, two, own] }), sudoPassword: unreadSecret };
    const { backup, sudoPassword } = withGivenSecrets(config, "the password from the safe");
    assert.ok(!holdsUnread(backup));
    assert.equal(backupSchema.parse(backup).password, "the password from the safe");
    assert.equal(sudoPassword, unreadSecret, "others stay closed");
  });

  it("are left as they are where nothing of them is a secret, or all is", () => {
    for (const backup of [rawBackup, unreadSecret, undefined])
      assert.equal(withGivenSecrets({ backup }, "the password from the safe")["backup"], backup);
  });
});
