import assert from "node:assert/strict";
import { readHost } from "../../../components/host/reader.ts";
import type { HostReading } from "../../../plan/facts.ts";
import { guardHosts } from "../../../plan/guards.ts";
import type { ExecOptions } from "../../../ssh/index.ts";
import { configOf, factsOf, hostsOf, readingsOf } from "../../support/cluster.ts";

describe("components/host/reader", () => {
  const target = { host: "192.0.2.12" };

  /** Reads a host whose clock is right, over a way that takes its time: milliseconds before and after the look. */
  async function readSlowly(way: { queue: number; there: number; back: number }): Promise<HostReading> {
    const now = Date.now;
    let time = 1_000_000_000;
    Date.now = () => time;
    try {
      return await readHost(target, "", {
        exec: (_target: unknown, _command: string, options?: ExecOptions) => {
          time += way.queue;
          options?.onSend?.();
          time += way.there;
          const stdout = `plinth-facts 1\nclock ${time / 1000}\nelapsed 0.00\nend\n`;
          time += way.back;
          return Promise.resolve({ code: 0, signal: null, stdout, stderr: "" });
        },
      });
    } finally {
      Date.now = now;
    }
  }

  const judged = (reading: HostReading): string[] => {
    const hosts = hostsOf();
    assert.ok("facts" in reading);
    const { skew = NaN, skewUncertainty = NaN } = reading.facts;
    const addresses = { "192.0.2.12": "eth0" };
    const readings = readingsOf(hosts, { cp2: { facts: factsOf("cp2", { addresses, skew, skewUncertainty }) } });
    return guardHosts(hosts, configOf(), readings, { clusterId: "x" }).map(({ rule }) => rule);
  };

  it("does not take its own delay for a wrong clock", async () => {
    assert.deepEqual(judged(await readSlowly({ queue: 0, there: 0, back: 9000 })), []);
    assert.deepEqual(judged(await readSlowly({ queue: 0, there: 9000, back: 0 })), []);
  });

  it("leaves the queue and the way to the host out of the look", async () => {
    const reading = await readSlowly({ queue: 60_000, there: 100, back: 100 });
    assert.ok("facts" in reading);
    assert.equal(reading.facts.skewUncertainty?.toFixed(3), "0.100");
    assert.equal(reading.facts.skew?.toFixed(3), "0.000");
  });
});
