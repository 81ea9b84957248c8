import assert from "node:assert/strict";
import { Fleet } from "../../../bench/fleet/fleet.ts";
import { benchHosts } from "../../../bench/project.ts";
import { readHost } from "../../../components/host/reader.ts";
import { factsScript } from "../../../components/host/script.ts";
import { SshPool, type SshPoolOptions } from "../../../ssh/index.ts";

// Hosts behind a server that drops connections as sshd does with its default MaxStartups.
describe("bench/fleet behind MaxStartups", function () {
  this.timeout(60_000);
  const hosts = 40;
  let fleet: Fleet;

  beforeEach(async () => {
    fleet = await Fleet.start({ start: 10, rate: 30, full: 100 });
  });

  afterEach(() => fleet.close());

  /** Reads all hosts at once. Returns how many could be read. */
  async function readAll(options?: SshPoolOptions): Promise<number> {
    const pool = new SshPool(options);
    const script = factsScript();
    const { sshPort: port, privateKey } = fleet.access;
    const targets = await Promise.all(
      benchHosts(fleet.access.subnet, hosts).map(async ({ name, address }) => {
        return { host: address, port, privateKey, hostKey: await fleet.add({ name, address }), dialErrorLimit: 0 };
      }),
    );
    const readings = await Promise.all(targets.map((target) => readHost(target, script, pool)));
    await pool.close();
    return readings.filter((reading) => "facts" in reading).length;
  }

  it("sees no more dials than plinth:sshDials, and drops none", async () => {
    assert.equal(await readAll(), hosts);
    const { dials, dropped, mostWaiting } = fleet.counters();
    assert.deepEqual([dials, dropped], [hosts, 0]);
    assert.ok(mostWaiting <= 8, `${mostWaiting} at a time`);
  });

  it("drops some of those who come all at once, who get in all the same", async () => {
    assert.equal(await readAll({ dials: hosts }), hosts);
    const { dials, dropped } = fleet.counters();
    assert.ok(dropped > 0);
    assert.equal(dials, hosts + dropped);
  });
});
