import assert from "node:assert/strict";
import fc from "fast-check";
import { parseConfig } from "../../../../plan/config.ts";
import { backupOf, rawBackup, rawTargets } from "../../../support/backup.ts";
import { rawConfig } from "../../../support/cluster.ts";

const findingsOf = (backup: unknown): string[] =>
  parseConfig({ ...rawConfig, backup }).findings.map(({ message }) => message);

const { disk, vault, store } = rawTargets;
const onlyTarget = (target: unknown) => ({ ...rawBackup, targets: [target] });
const directory = (path: string) => onlyTarget({ ...disk, directory: { path } });
const ssh = (extra: object) => onlyTarget({ ...vault, ssh: { ...vault.ssh, ...extra } });
const s3 = (extra: object) => onlyTarget({ ...store, s3: { ...store.s3, ...extra } });

describe("plan/backup/settings", () => {
  it("has defaults for all that needs none", () => {
    const { everyMinutes, keep, targets } = backupOf({ targets: [disk, vault, s3({}).targets[0]] });
    assert.deepEqual([everyMinutes, keep], [360, { last: 28, days: 30 }]);
    assert.equal(targets[1]?.ssh?.port, 22);
    assert.equal(targets[2]?.s3?.region, "us-east-1");
    assert.deepEqual(findingsOf(rawBackup), []);
    // As plain `pulumi up` has it where nothing is configured.
    assert.deepEqual(findingsOf(""), []);
  });

  it("takes numbers as text, as configuration has them", () => {
    const { everyMinutes, keep } = backupOf({ everyMinutes: "60", keep: { last: "3", days: "0" } });
    assert.deepEqual([everyMinutes, keep], [60, { last: 3, days: 0 }]);
  });

  const wrong: Record<string, [backup: unknown, said: RegExp]> = {
    "no recipient": [{ ...rawBackup, recipients: [] }, /at least one key of an operator, or nobody could open a set/],
    "a private key as recipient": [{ ...rawBackup, recipients: ["AGE-SECRET-KEY-1QQ"] }, /must be a public key of age/],
    "no password": [{ ...rawBackup, password: undefined }, /password/],
    "a short password": [{ ...rawBackup, password: "short" }, /must have at least 16 characters/],
    "a password of two lines": [{ ...rawBackup, password: "a long password\nand more" }, /must be one line/],
    "a password that restic reads otherwise": [
      { ...rawBackup, password: "a long password with a space " },
      /must not begin or end with a space/,
    ],
    "too often": [{ ...rawBackup, everyMinutes: 1 }, /everyMinutes/],
    "nothing kept": [{ ...rawBackup, keep: { last: 0 } }, /keep\.last/],
    "no target": [{ ...rawBackup, targets: [] }, /at least one target/],
    "one name twice": [{ ...rawBackup, targets: [disk, { ...vault, name: "disk" }] }, /a name of its own/],
    "a name that is none": [onlyTarget({ ...disk, name: "../disk" }), /DNS-1123 label/],
    "two places": [onlyTarget({ ...disk, ssh: vault.ssh }), /exactly one of directory, ssh and s3/],
    "no place": [onlyTarget({ name: "disk" }), /exactly one of directory, ssh and s3/],
    "a relative directory": [directory("srv"), /must be an absolute path/],
    "a directory with a space": [directory("/srv/my backup"), /must be an absolute path of letters/],
    "a directory with dots": [directory("/srv/../etc"), /must have no \. and no \.\. in it/],
    "a directory that the service does not see": [directory("/home/backup"), /must be in a place where sets stay/],
    "a directory that is emptied": [directory("/tmp/backup"), /must be in a place where sets stay/],
    "a directory of etcd's": [directory("/var/lib/etcd"), /must be in a place where sets stay/],
    "a host with an account": [ssh({ host: "backup@vault" }), /targets\.0\.ssh\.host/],
    "an account with an option": [ssh({ user: "-oProxyCommand=x" }), /must be the name of an account/],
    "a public key as private one": [
      ssh({ privateKey: "ssh-ed25519 AAAA" }),
      /must be a private key in OpenSSH's format/,
    ],
    "a host key of two lines": [
      ssh({ hostKey: "ssh-ed25519 AAAA\nother ssh-ed25519 BBBB" }),
      /must be a public key such as/,
    ],
    "a path there with a quote": [ssh({ path: "/srv/it's" }), /must be an absolute path/],
    "an endpoint without scheme": [s3({ endpoint: "s3.example.net" }), /must be a URL/],
    "a bucket in capitals": [s3({ bucket: "Backups" }), /must be the name of a bucket/],
    "a prefix with a slash in front": [s3({ prefix: "/clusters" }), /must be a path such as clusters\/lab/],
    "a prefix with dots": [s3({ prefix: "clusters/../other" }), /must have no \. and no \.\. in it/],
    "a region with a space": [s3({ region: "us east" }), /must be the name of a region/],
    "a key as certificate": [s3({ authority: "-----BEGIN PRIVATE KEY-----" }), /must be a certificate as PEM/],
    "no key of members": [s3({ members: undefined }), /targets\.0\.s3\.members/],
    "half a key": [s3({ members: { accessKey: "member", secretKey: "" } }), /must not be empty/],
    "a key that nobody knows": [{ ...rawBackup, evryMinutes: 5 }, /evryMinutes/],
  };
  for (const [what, [backup, said]] of Object.entries(wrong)) {
    it(`refuses ${what} in one sentence`, () => {
      const found = findingsOf(backup);
      assert.ok(
        found.some((sentence) => said.test(sentence)),
        found.join("\n"),
      );
      for (const sentence of found) assert.ok(!sentence.includes("\n"), sentence);
    });
  }

  it("never quotes a secret", () => {
    const secret = "short secret";
    const found = [
      ...findingsOf({ ...rawBackup, password: secret }),
      ...findingsOf(ssh({ privateKey: secret })),
      ...findingsOf(s3({ members: { accessKey: "member", secretKey: `${secret}\n` } })),
    ];
    assert.ok(found.length >= 3);
    for (const sentence of found) assert.ok(!sentence.includes(secret), sentence);
  });

  it("tells all that is wrong at once", () => {
    const found = findingsOf({ ...rawBackup, recipients: [], password: "short", targets: [] });
    for (const key of ["recipients", "password", "targets"])
      assert.ok(
        found.some((text) => text.includes(key)),
        key,
      );
  });

  it("takes no place that is more than one word", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const backup of [
          directory(`/srv/${text}`),
          ssh({ path: `/srv/${text}` }),
          s3({ prefix: text }),
          ssh({ user: text }),
        ])
          if (findingsOf(backup).length === 0) assert.match(text, /^[\w.@+/-]*$/);
      }),
      { numRuns: 20 },
    );
  });
});
