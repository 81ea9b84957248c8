import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { Readable } from "node:stream";
import { identityVariable } from "../../../../cli/backup/identity.ts";
import { pack } from "../../../../cli/backup/pack.ts";
import type { Place } from "../../../../cli/backup/places.ts";
import { bytesOf, seal } from "../../../../cli/backup/seal.ts";
import { TargetStore } from "../../../../cli/backup/targetstore.ts";
import { verifySets, type VerifyReport } from "../../../../cli/backup/verify.ts";
import type { BackupSet } from "../../../../plan/backup/set.ts";
import { dataSet, placeOf, resticList, stateSet } from "../../../support/backup.ts";
import { dataSetOf, packedData } from "../../../support/directorytargets.ts";
import { stateHalfWith } from "../../../support/statehalf.ts";

describe("sets that are verified", () => {
  const snapshot = Buffer.from("a snapshot of etcd");
  const data = dataSetOf(snapshot, "2026-01-01T21:00:00Z");
  const half = stateHalfWith(
    { serviceAccounts: { publicKey: "PEM", privateKey: "PEM" }, encryption: "key", authority: "PEM" },
    Date.parse("2026-01-01T20:00:00Z"),
  );
  const state = half.set;
  const ahead = [dataSet("2999-01-01T00:00:00Z"), stateSet("2999-01-01T00:00:00Z")];
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "plinth-verify-"));
    const identity = await generateX25519Identity();
    const recipient = await identityToRecipient(identity);
    writeFileSync(join(folder, "age.txt"), `${identity}\n`, { mode: 0o600 });
    process.env[identityVariable] = join(folder, "age.txt");
    // restic: `dump` gives the set whose place in the list is the snapshot's name.
    for (const [kind, packed] of [
      ["data", packedData(data, snapshot)],
      ["state", await pack(half)],
    ] as const)
      writeFileSync(join(folder, kind), await bytesOf(await seal(Readable.from([packed]), [recipient])));
    writeFileSync(
      join(folder, "restic"),
      `#!/bin/sh\ncd "${folder}"\ncase "$*" in\n*snapshots*) cat list ;;\n*" dump "*0\\ /content.age) cat data ;;\n*" dump "*) cat state ;;\nesac\n`,
      { mode: 0o755 },
    );
  });
  after(() => {
    Reflect.deleteProperty(process.env, identityVariable);
    rmSync(folder, { recursive: true });
  });

  const verify = (
    sets: readonly BackupSet[],
    { place = placeOf("vault"), id }: { place?: Place; id?: string } = {},
  ): Promise<VerifyReport> => {
    writeFileSync(join(folder, "list"), resticList(sets));
    const { signal } = new AbortController();
    const restic = { executable: join(folder, "restic"), password: "", cacheDir: join(folder, "cache"), signal };
    return verifySets(new TargetStore(restic, [place], undefined), restic, { id, read: "10%" });
  };
  const opens = ({ id, kind }: BackupSet): string => `vault: the set ${id} (${kind}) opens, and is what it says`;

  it("are the newest of each half, opened to their ends", async () => {
    const { good, problems } = await verify([data, state]);
    assert.deepEqual(good, ["vault: the repository is whole, 2 sets", opens(data), opens(state)]);
    assert.deepEqual(problems, []);
    assert.deepEqual(await verify([data, state], { id: state.id }), { good: [opens(state)], problems: [] });
    // What is dumped is that of the first place in the list: another one.
    const exchanged = await verify([state, data]);
    assert.equal(exchanged.good.length, 1);
    assert.equal(exchanged.problems.length, 2);
  });

  it("are a problem where there are none to be opened, as where all of a half are dated in the future", async () => {
    const none = (kind: string): string => `vault: there is no set of ${kind} to open`;
    const { problems } = await verify(ahead);
    assert.deepEqual(
      problems,
      ahead.map(
        ({ kind, id }) =>
          `${none(kind)} (1 dated in the future is taken by ./plinth backup verify ID alone: ${id}; compare the clock of this machine)`,
      ),
    );
    assert.deepEqual((await verify([data])).problems, [none("state")]);
    assert.deepEqual((await verify([])).problems, ["vault: there is no set of this cluster"]);
  });

  it("of a member's own directory may be of one half: that of data is where it was made", async () => {
    const place = placeOf("disk on cp2", { host: "cp2" });
    assert.deepEqual((await verify([data], { place })).problems, []);
    assert.match(
      (await verify([...ahead.slice(1), data], { place })).problems.join("\n"),
      /^disk on cp2: there is no/m,
    );
  });
});
