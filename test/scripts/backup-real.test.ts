import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { defaultVersions, ensureArtifacts } from "../../artifacts/index.ts";
import { openData } from "../../cli/backup/opendata.ts";
import { checkPlace, forgetSets, listSets, readSet, type Restic } from "../../cli/backup/repository.ts";
import { bytesOf } from "../../cli/backup/seal.ts";
import { backupUnitScript } from "../../plan/scripts.ts";
import { stateSet, placeOf } from "../support/backup.ts";
import { FakeHost, shells } from "./support/fake-host.ts";

// Whether members and operators understand each other, with real repositories and seals. etcd's own programs have nothing here.
describe("backups, with a real restic and age", function () {
  // May have to build them.
  this.timeout(1_200_000);
  let binaries: Map<string, string>;
  let identity: string;
  let host: FakeHost;
  let restic: Restic;
  const snapshot = randomBytes(300_000);
  const source = (): string => join(host.fakes, "backup");

  before(async () => {
    binaries = await ensureArtifacts(["restic", "age"].map((name) => ({ name, version: defaultVersions[name] ?? "" })));
    identity = await generateX25519Identity();
  });
  beforeEach(() => {
    host = new FakeHost();
    for (const path of ["/opt/plinth/bin", "/etc/plinth/backup", "/var/lib/plinth"])
      mkdirSync(host.path(path), { recursive: true });
    for (const [name, path] of binaries) {
      copyFileSync(path, host.path(`/opt/plinth/bin/${name}`));
      chmodSync(host.path(`/opt/plinth/bin/${name}`), 0o755);
    }
    writeFileSync(join(host.fakes, "snapshot"), snapshot);
    writeFileSync(source(), backupUnitScript().content);
    host.write(
      "/opt/plinth/bin/etcdctl",
      `#!/bin/sh\ncase "$*" in *"endpoint status"*) echo '"DBSize" : 300000'; exit ;; esac\nwhile [ "$1" != save ]; do shift; done\ncp "$PLINTH_FAKES/snapshot" "$2"\n`,
    );
    host.write(
      "/opt/plinth/bin/etcdutl",
      `#!/bin/sh\n[ "$2" = restore ] || echo '{"hash":1,"revision":4711,"totalKey":815,"totalSize":9}'\n`,
    );
    for (const name of ["etcdctl", "etcdutl"]) chmodSync(host.path(`/opt/plinth/bin/${name}`), 0o755);
    host.env["PLINTH_BACKUP_LOCKED"] = "yes";
    restic = {
      executable: binaries.get("restic") ?? "",
      password: "a long password of repositories",
      cacheDir: join(host.directory, "cache"),
      signal: new AbortController().signal,
    };
  });
  afterEach(() => {
    host.remove();
  });

  const configure = async (target: string): Promise<void> => {
    const lines = [
      "cluster demo",
      "host cp1",
      "kubernetes 1.36.3",
      "etcd 3.6.14",
      "minutes 360",
      "endpoint https://127.0.0.1:2379",
      "data /var/lib/etcd",
    ];
    host.write("/etc/plinth/backup/settings", [...lines, `target disk ${target}`, ""].join("\n"));
    host.write("/etc/plinth/backup/password", `${restic.password}\n`);
    host.write("/etc/plinth/backup/recipients", `${await identityToRecipient(identity)}\n`);
    host.write("/etc/plinth/backup/digests", `serviceAccounts ${"1".repeat(64)}\nencryption ${"2".repeat(64)}\n`);
    host.write("/var/lib/plinth/claim", "cluster demo\ncluster-id 0123456789abcdef\n");
  };

  for (const shell of shells) {
    it(`what members store, operators list, open, verify and delete (${shell})`, async () => {
      host.shell = shell;
      const repository = join(host.directory, "repository");
      await configure(repository);
      const place = placeOf("disk", { url: repository });
      const run = (args: string[], input = "") => host.runFile(source(), args, input);
      await assert.rejects(listSets(restic, place), /there is no repository yet/);

      const made = await run(["due"]);
      assert.equal(made.code, 0, made.stdout + made.stderr);
      assert.match(made.stdout, /^stored disk \d{8}T\d{6}Z-cp1\n$/);
      const found = await run(["due"]);
      assert.equal(found.stdout, made.stdout.replace("stored", "there"));
      assert.deepEqual(host.list("/var/lib/plinth/backup"), ["disk.data"]);

      const state = `${JSON.stringify(stateSet())}\nage-encryption.org/v1\nsealed`;
      const given = await run(["store", createHash("sha256").update(state).digest("hex")], state);
      assert.equal(given.stdout, `stored disk ${stateSet().id}\n`, given.stderr);

      const sets = await listSets(restic, place);
      assert.deepEqual(sets.map(({ kind }) => kind).sort(), ["data", "state"]);
      const data = sets.find(({ kind }) => kind === "data");
      assert.ok(data !== undefined && "kind" in data.set && data.set.kind === "data", JSON.stringify(sets));
      const opened = await bytesOf(await openData(readSet(restic, place, data.snapshot), [identity], data.set));
      assert.ok(snapshot.equals(opened));
      await checkPlace(restic, place, "100%");

      const wrong = { ...restic, password: "another password of them" };
      await assert.rejects(listSets(wrong, place), /the password of plinth:backup is not that of the repository/);
      await assert.rejects(bytesOf(readSet(restic, place, "f".repeat(64))), /Target disk: /);

      host.write("/etc/plinth/backup/password", "another password of them\n");
      const refused = await run(["due"]);
      assert.equal(refused.code, 1);
      assert.match(refused.stdout, /^failed disk .*wrong password/);

      await forgetSets(restic, place, [data.snapshot]);
      assert.deepEqual(
        (await listSets(restic, place)).map(({ kind }) => kind),
        ["state"],
      );
    });
  }

  describe("damage to what is stored", () => {
    /** A set of data, and the packs of its repository, the largest first. */
    const stored = async () => {
      const repository = join(host.directory, "repository");
      await configure(repository);
      const place = placeOf("disk", { url: repository });
      assert.equal((await host.runFile(source(), ["now", "test"])).code, 0);
      const [found] = await listSets(restic, place);
      assert.ok(found !== undefined && "kind" in found.set && found.set.kind === "data");
      const { set, snapshot: id } = found;
      const packs = readdirSync(join(repository, "data"), { recursive: true, encoding: "utf8" })
        .map((name) => join(repository, "data", name))
        .filter((path) => statSync(path).isFile())
        .sort((a, b) => statSync(b).size - statSync(a).size);
      const read = async (by: Restic) => bytesOf(await openData(readSet(by, place, id), [identity], set));
      return { place, packs, read };
    };
    const damage = (pack = ""): void => {
      const bytes = readFileSync(pack);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      rmSync(pack);
      writeFileSync(pack, bytes);
    };

    it("is found", async () => {
      const { place, packs, read } = await stored();
      damage(packs[0]);
      await assert.rejects(checkPlace(restic, place, "100%"), /Target disk: /);
      await assert.rejects(read(restic), /Target disk: /);
    });

    it("is not hidden by what this machine has kept of earlier reads from whoever reads anew", async () => {
      const { packs, read } = await stored();
      assert.equal(Buffer.compare(await read(restic), snapshot), 0);
      damage(packs.at(-1));
      assert.equal(Buffer.compare(await read(restic), snapshot), 0);
      await assert.rejects(read({ ...restic, cacheDir: undefined }), /Target disk: /);
    });
  });
});
