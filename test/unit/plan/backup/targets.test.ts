import assert from "node:assert/strict";
import fc from "fast-check";
import { csvField } from "../../../../cli/backup/repository.ts";
import { resticWord } from "../../../../cli/backup/places.ts";
import { backupSchema, type BackupTarget } from "../../../../plan/backup/settings.ts";
import {
  knownHost,
  memberRepository,
  s3Repository,
  secretOfTarget,
  targetLines,
} from "../../../../plan/backup/targets.ts";
import { backupOf, rawBackup, rawTargets } from "../../../support/backup.ts";

/** As restic splits a command (its internal/backend/shell_split.go): spaces and quotes of both kinds end a word, a backslash goes before. */
function resticSplit(text: string): string[] {
  const words: string[] = [];
  let [word, quote, last] = [undefined as string | undefined, "", ""];
  for (const character of text) {
    const quoting = last !== "\\" && (quote === "" ? /["']/.test(character) : character === quote);
    if (quoting) quote = quote === "" ? character : "";
    else last = character;
    if (quoting || (quote === "" && /[\\\s]/.test(character))) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ""}${character}`;
  }
  assert.equal(quote, "", `a quote is open in ${text}`);
  return word === undefined ? words : [...words, word];
}

/** As pflag's StringSlice reads a value: one line of CSV (RFC 4180), where a quote within a field without quotes is an error. */
function csvSplit(text: string): string[] {
  const fields = text.match(/("([^"]|"")*"|[^",]*)(,|$)/g) ?? [];
  assert.equal(fields.join("").length, text.length, `no CSV: ${text}`);
  return fields
    .slice(0, text.endsWith(",") ? undefined : fields.length > 1 && fields.at(-1) === "" ? -1 : undefined)
    .map((field) => field.replace(/,$/, ""))
    .map((field) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field));
}

const [disk, vault, store] = backupOf().targets as [BackupTarget, BackupTarget, BackupTarget];

/** Targets as far as the schema takes them, from texts of any kind. */
const anyTarget = (() => {
  const text = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.stringMatching(/^[a-z0-9][a-z0-9.-]{2,10}[a-z0-9]$/),
    fc.stringMatching(/^[\w.@+ '",$`;|\\-]{1,12}$/),
  );
  const path = text.map((end) => `/srv/${end}`);
  return fc
    .oneof(
      fc.record({ name: text, directory: fc.record({ path }) }),
      fc.record({
        name: text,
        ssh: fc.record({ host: text, user: text, path, port: fc.integer({ min: 1, max: 65535 }) }),
      }),
      fc.record({
        name: text,
        s3: fc.record({ endpoint: text.map((end) => `https://${end}`), bucket: text, prefix: text, region: text }),
      }),
    )
    .map((raw): unknown => ({
      ...raw,
      ...("ssh" in raw ? { ssh: { ...rawTargets.vault.ssh, ...raw.ssh } } : {}),
      ...("s3" in raw ? { s3: { ...rawTargets.store.s3, ...raw.s3 } } : {}),
    }))
    .map((target) => backupSchema.safeParse({ ...rawBackup, targets: [target] }))
    .filter((parsed) => parsed.success)
    .map(({ data }) => data.targets[0] as BackupTarget);
})();

describe("plan/backup/targets", () => {
  it("members reach each kind of target in its own way", () => {
    assert.deepEqual(memberRepository(disk), { url: "/srv/backup", options: [] });
    assert.deepEqual(memberRepository(store), {
      url: "s3:https://s3.example.net/backups/clusters/demo",
      options: ["s3.region=us-east-1"],
      authorityFile: "/etc/plinth/backup/authorities/store.pem",
    });
    const { url, options } = memberRepository(vault);
    assert.equal(url, "rclone:plinth:");
    const words = resticSplit((options[0] ?? "").replace("rclone.program=", ""));
    assert.deepEqual(words.slice(0, 5), ["ssh", "-F", "none", "-i", "/etc/plinth/backup/keys/vault"]);
    assert.deepEqual(words.slice(-5), ["-p", "22", "-l", "backup", "vault.example.net"]);
    for (const option of [
      "StrictHostKeyChecking=yes",
      "UserKnownHostsFile=/etc/plinth/backup/known_hosts/vault",
      "BatchMode=yes",
    ])
      assert.equal(words[words.indexOf(option) - 1], "-o", option);
  });

  it("a bucket without a folder is named as it is, and slashes do not double", () => {
    const bare = {
      ...rawTargets.store.s3,
      region: "eu",
      endpoint: "https://s3.example.net:9000/",
    };
    assert.equal(
      s3Repository({ ...bare, prefix: undefined, authority: undefined }, "/a").url,
      "s3:https://s3.example.net:9000/backups",
    );
  });

  it("a server at another port has the name that SSH gives it", () => {
    const { host, hostKey } = rawTargets.vault.ssh;
    assert.equal(knownHost({ host, hostKey, port: 22 }), "vault.example.net ssh-ed25519 AAAAC3Nz\n");
    assert.equal(knownHost({ host, hostKey, port: 2222 }), "[vault.example.net]:2222 ssh-ed25519 AAAAC3Nz\n");
  });

  it("no text that the configuration takes becomes more lines, fields or words than it should", () => {
    fc.assert(
      fc.property(anyTarget, (target) => {
        const lines = targetLines(target);
        for (const line of lines) assert.match(line, /^(target|option|cacert) [a-z0-9-]+ [^\p{Cc}]+$/u);
        const { url, options } = memberRepository(target);
        // The script gives the rest of a line to restic as it is, less spaces at its ends.
        assert.equal(lines[0], `target ${target.name} ${url.trim()}`);
        assert.match(url, /^\S+$/);
        for (const option of options) {
          assert.deepEqual(csvSplit(option), [option]);
          assert.equal(option, option.trim());
        }
        if (target.ssh === undefined) return;
        const words = resticSplit((options[0] ?? "").replace("rclone.program=", ""));
        assert.deepEqual(words.slice(-5), ["-p", String(target.ssh.port), "-l", target.ssh.user, target.ssh.host]);
        assert.ok(!target.ssh.host.startsWith("-") && !target.ssh.user.startsWith("-"));
        assert.equal(words.length, 5 + 2 * 7 + 5);
        assert.equal(knownHost(target.ssh).split("\n").length, 2);
      }),
      { numRuns: 60 },
    );
  });

  it("what an operator's restic is told comes out as it was, word by word", () => {
    const word = fc
      .string({ minLength: 1 })
      .filter((text) => !/[\\\n\r]/.test(text) && !(text.includes('"') && text.includes("'")));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const option = `sftp.command=${words.map(resticWord).join(" ")}`;
        const [field, ...more] = csvSplit(csvField(option));
        assert.deepEqual(more, []);
        assert.equal(field, option);
        assert.deepEqual(resticSplit(option.replace("sftp.command=", "")), words);
      }),
    );
    assert.throws(() => resticWord(`"'`), /cannot be told to restic/);
  });

  it("gives each secret file what belongs in it, and nothing where there is no such target", () => {
    const settings = backupOf();
    const of = (source: { part: "password" } | { part: "key" | "environment"; target: string }): string =>
      secretOfTarget({ kind: "backup", ...source }, settings);
    assert.equal(of({ part: "password" }), `${rawBackup.password}\n`);
    assert.equal(of({ part: "key", target: "vault" }), `${rawTargets.vault.ssh.privateKey}\n`);
    assert.equal(
      of({ part: "environment", target: "store" }),
      "AWS_ACCESS_KEY_ID=member\nAWS_SECRET_ACCESS_KEY=member's secret\n",
    );
    for (const source of [
      { part: "key", target: "store" },
      { part: "environment", target: "vault" },
      { part: "key", target: "none" },
    ] as const)
      assert.throws(() => of(source), /^Error: the target \w+ has no (key|environment)$/);
    assert.throws(() => secretOfTarget({ kind: "backup", part: "password" }, undefined), /there are no backups/);
  });

  it("never has a secret in the lines of the settings", () => {
    const text = backupOf().targets.flatMap(targetLines).join("\n");
    for (const secret of ["secret", "OPENSSH", rawBackup.password]) assert.ok(!text.includes(secret), secret);
  });
});
