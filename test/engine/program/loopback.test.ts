import assert from "node:assert/strict";
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import * as random from "@pulumi/random";
import { refuseOtherUsers } from "../../../local/peers.ts";
import { startPlugins, type RunningPlugins } from "../../../plugins/index.ts";
import { canBeOther, greet } from "../../support/otherUser.ts";
import { testStack } from "../../support/pulumi.ts";

/** Ports of 127.0.0.1 on which this process listens. */
function listeningPorts(): number[] {
  const own = new Set(
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // The descriptor by which the list was read.
      }
    }),
  );
  const rows = readFileSync("/proc/self/net/tcp", "utf8").split("\n");
  return rows.flatMap((row) => {
    const [, local, , state, , , , , , inode] = row.trim().split(/\s+/);
    if (state !== "0A" || inode === undefined || !own.has(inode)) return [];
    const [address, port] = (local ?? "").split(":");
    return address === "0100007F" && port !== undefined ? [parseInt(port, 16)] : [];
  });
}

// The real engine talks to this process by several servers: the plugins, the SDK's for the program and for events.
describe("what this process listens on while a run lasts", function () {
  this.timeout(120_000);
  let plugins: RunningPlugins;
  before(async () => {
    await refuseOtherUsers();
    plugins = await startPlugins();
  });
  after(() => plugins.close());

  it(`does not talk to other users${canBeOther ? "" : " (not root: it could not be tried as another user)"}`, async () => {
    const read: Record<string, number> = {};
    const stack = await testStack({
      program: async () => {
        for (const port of listeningPorts()) read[port] = await greet(port, canBeOther ? "other" : "self");
        new random.RandomPassword("served", { length: 8 });
      },
      debugProviders: plugins.debugProviders,
    });
    try {
      // With a listener for events, as the command line has one.
      const { summary } = await stack.stack.up({ onEvent: () => undefined });
      assert.equal(summary.result, "succeeded");
    } finally {
      await stack.close();
    }
    const answers = Object.values(read);
    // Four plugins, the program, the events.
    assert.ok(answers.length >= 6, JSON.stringify(read));
    assert.deepEqual([...new Set(answers)], [canBeOther ? 0 : 9], JSON.stringify(read));
  });
});
