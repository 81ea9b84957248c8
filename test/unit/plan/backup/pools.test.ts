import assert from "node:assert/strict";
import { poolSentence } from "../../../../plan/backup/pools.ts";
import { requireNoPool } from "../../../../cli/backup/pools.ts";
import { requireBackups } from "../../../../cli/backup/session.ts";

const config = { clusterStack: "organization/plinth/prod" };

describe("backups of a pool's stack", () => {
  it("are refused in one sentence that names the cluster's stack", () => {
    const begin = 'Stack "racks" is a pool of workers, and ';
    assert.equal(
      poolSentence("racks", config, "sets"),
      `${begin}neither half of a backup is made of it: etcd's data and the keys are its cluster's, --stack prod.`,
    );
    assert.equal(poolSentence("racks", config, "data"), `${begin}it has no etcd: restore its cluster, --stack prod.`);
    assert.equal(
      poolSentence("racks", config, "state"),
      `${begin}no set has its state: the keys are in that of its cluster, --stack prod.`,
    );
  });

  it("are refused before anything else is missed", () => {
    const loaded = { config: {}, settings: { config } } as unknown as Parameters<typeof requireBackups>[0];
    assert.throws(() => requireBackups(loaded, "racks"), /is a pool of workers, and neither half/);
    assert.throws(() => {
      requireNoPool("racks", config, "state");
    }, /no set has its state/);
    requireNoPool("prod", {}, "state");
  });
});
