import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { identityVariable } from "../../../../cli/backup/identity.ts";
import type { TargetsOf } from "../../../../cli/backup/session.ts";
import type { LocalSnapshot } from "../../../../cli/restore/source.ts";
import { targetSource } from "../../../../cli/restore/target-source.ts";
import type { WantedSet } from "../../../../plan/backup/choice.ts";
import { backupOf } from "../../../support/backup.ts";
import { dataSetOf, DirectoryTargets, packedData } from "../../../support/directorytargets.ts";

describe("a snapshot from a target", function () {
  this.timeout(30_000);
  const snapshot = Buffer.from("a snapshot of etcd ".repeat(20_000));
  const timeOf = (hours: number): string =>
    new Date(Date.now() + hours * 3_600_000).toISOString().replace(/\.\d+Z$/, "Z");
  const set = dataSetOf(snapshot, timeOf(-1));
  let folder: string;
  let sets: string;
  let recipient: string;
  let warnings: string[];
  const stop = new AbortController();
  const temporary = process.env["TMPDIR"];
  const targetsOf = { terminal: { warn: (line: string) => warnings.push(line) } } as unknown as TargetsOf;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "plinth-target-source-"));
    sets = join(folder, "sets");
    // Whatever opens such a folder tidies up, also a test beside this one.
    mkdirSync((process.env["TMPDIR"] = join(folder, "temporary")));
    warnings = [];
    const identity = await generateX25519Identity();
    recipient = await identityToRecipient(identity);
    writeFileSync(join(folder, "age.txt"), `${identity}\n`, { mode: 0o600 });
    process.env[identityVariable] = join(folder, "age.txt");
    for (const target of ["one", "two"])
      await new DirectoryTargets(sets).put(target, set, packedData(set, snapshot), recipient);
  });
  afterEach(() => {
    Reflect.deleteProperty(process.env, identityVariable);
    if (temporary === undefined) Reflect.deleteProperty(process.env, "TMPDIR");
    else process.env["TMPDIR"] = temporary;
    rmSync(folder, { recursive: true });
  });

  const open = (wanted: WantedSet = {}): Promise<LocalSnapshot> => {
    const opened = { store: new DirectoryTargets(sets), close: () => Promise.resolve() };
    return targetSource(targetsOf, backupOf(), wanted, stop.signal, () => Promise.resolve(opened)).open();
  };
  const damage = (target: string): void => {
    const path = join(sets, target, `${set.id}.age`);
    const bytes = readFileSync(path);
    bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
    writeFileSync(path, bytes);
  };

  it("is a file that its owner alone can read, and gone when it is closed", async () => {
    const local = await open();
    assert.ok(snapshot.equals(readFileSync(local.path)));
    assert.equal(statSync(local.path).mode & 0o777, 0o600);
    await local.close();
    assert.equal(existsSync(join(local.path, "..")), false);
    assert.deepEqual(warnings, []);
  });

  it("comes from the next target where a copy is damaged, which is told with its target and the reason", async () => {
    damage("one");
    const local = await open();
    assert.ok(snapshot.equals(readFileSync(local.path)));
    await local.close();
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /^the copy of the set \d{8}T\d{6}Z-cp1 on one cannot be used: The set .*damaged/);
  });

  it("comes from none where all copies are damaged or gone, and each is told once; nothing is left", async () => {
    damage("one");
    rmSync(join(sets, "two", `${set.id}.age`));
    await assert.rejects(
      open(),
      /^CliError: No copy of the set \d{8}T\d{6}Z-cp1 is left: the copy of the set \S+ on two cannot .*ENOENT[^\n]*\.$/,
    );
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(warnings[0] ?? "", /^the copy .* on one .*damaged/);
    assert.deepEqual(readdirSync(tmpdir()), []);
  });

  it("is not one that is dated in the future, unless it is named", async () => {
    const ahead = dataSetOf(snapshot, timeOf(24));
    await new DirectoryTargets(sets).put("one", ahead, packedData(ahead, snapshot), recipient);
    const newest = await open();
    assert.equal(newest.set?.id, set.id);
    await newest.close();
    const named = await open({ backup: ahead.id });
    assert.equal(named.set?.id, ahead.id);
    await named.close();
  });

  it("is removed by the next restore where its run was killed", async () => {
    const module = (path: string): string =>
      JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../../..", path)).href);
    const text = `
      const { targetSource } = await import(${module("cli/restore/target-source.ts")});
      const { DirectoryTargets } = await import(${module("test/support/directorytargets.ts")});
      const opened = { store: new DirectoryTargets(${JSON.stringify(sets)}), close: () => Promise.resolve() };
      const source = targetSource({ terminal: {} }, {}, {}, new AbortController().signal, () => Promise.resolve(opened));
      const { path } = await source.open();
      process.stdout.write(path, () => process.kill(process.pid, "SIGKILL"));
    `;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", text]);
    const { stdout } = await run.catch((error: unknown) => error as { stdout: string });
    assert.ok(snapshot.equals(readFileSync(stdout)), "it is left in clear");
    const local = await open();
    assert.equal(existsSync(stdout), false);
    assert.equal(existsSync(join(stdout, "..")), false);
    await local.close();
  });
});
