import assert from "node:assert/strict";
import { claimedBefore, freeLeavers, type ClaimSearch } from "../../../../cli/operations/abandoned.ts";
import { CliError } from "../../../../cli/errors.ts";
import type { HostReading } from "../../../../plan/facts.ts";
import { configOf, factsOf, hostsOf, threeHosts } from "../../../support/cluster.ts";

const clusterId = "0123456789abcdef";
const hostKey = "ssh-ed25519 KEY";
const released = '{"host":"w3","skipped":false,"kept":["/var/lib/plinth-kept/a/var/lib/etcd"],"left":[]}\n';

/** A stack whose last run knew its three hosts, and workers that have left since; `joining` ones were to be claimed. */
function search(left: Record<string, { joining?: true; reading: HostReading }>, code = 0) {
  const said: string[] = [];
  const done: string[] = [];
  const known = Object.keys(left).map((name, index) => {
    const joining = left[name]?.joining;
    return [
      name,
      { address: `192.0.2.${31 + index}`, roles: ["worker"], hostKey, ...(joining ? { joining } : {}) },
    ] as const;
  });
  const run: ClaimSearch = {
    stack: "prod",
    input: { hosts: hostsOf(threeHosts), config: configOf() },
    previous: { hosts: { cp1: { address: "192.0.2.11", roles: ["etcd"] }, ...Object.fromEntries(known) }, clusterId },
    terminal: { note: (line = "") => void said.push(line), warn: (line) => void said.push(`warning: ${line}`) },
    readHosts: (access) =>
      Promise.resolve(
        new Map([...access.keys()].map((name) => [name, left[name]?.reading ?? { facts: factsOf(name) }] as const)),
      ),
    deleteNode: (name, machineId) => {
      done.push(`Node ${name} of ${machineId}`);
      return Promise.resolve("deleted");
    },
    exec: (target, command) => {
      done.push(`${target.host} ${/release --host \w+/.exec(command)?.[0] ?? command}`);
      return Promise.resolve({ code, signal: null, stdout: released, stderr: "the disk is full\n" });
    },
  };
  return { run, said, done };
}

const claimed = (name: string): HostReading => ({
  facts: factsOf(name, { claim: { cluster: "demo", clusterId, host: name, stack: "prod", generation: 1 } }),
});

describe("hosts that a killed run has claimed", () => {
  it("are known before a run; those that the engine releases are not asked", async () => {
    const { run, done } = search({
      w3: { joining: true, reading: claimed("w3") },
      w4: { reading: claimed("w4") },
      w5: { joining: true, reading: { facts: factsOf("w5") } },
    });
    assert.deepEqual(
      (await claimedBefore(run)).map(({ name }) => name),
      ["w3"],
    );
    assert.deepEqual(done, []);
  });

  it("are released after it, with their Nodes; a host that is free already is left alone", async () => {
    const { run, said, done } = search({
      w3: { joining: true, reading: claimed("w3") },
      w4: { reading: { facts: factsOf("w4") } },
    });
    await freeLeavers(run, {});
    assert.deepEqual(done, ["192.0.2.31 release --host w3", "Node w3 of machine-w3"]);
    assert.deepEqual(said, [
      "Host w3, which a killed run had claimed, is free of Plinth.",
      "  kept on w3: /var/lib/plinth-kept/a/var/lib/etcd",
      "  Node w3 deleted",
    ]);
  });

  it("that are lost are left alone", async () => {
    const { run, said, done } = search({ w3: { joining: true, reading: claimed("w3") } });
    await freeLeavers(run, { w3: { address: "192.0.2.31", roles: ["worker"] } });
    assert.deepEqual([said, done], [[], []]);
  });

  it("are told of when they cannot be read, and the others are released all the same", async () => {
    const { run, said, done } = search({
      w3: { joining: true, reading: { failure: "unreachable", message: "no answer within 10 s" } },
      w4: { joining: true, reading: claimed("w4") },
    });
    await freeLeavers(run, {});
    assert.match(
      said[0] ?? "",
      /^warning: whether w3 still carries .* no answer within 10 s; \.\/plinth reset w3 --address 192\.0\.2\.31/,
    );
    assert.deepEqual(done, ["192.0.2.32 release --host w4", "Node w4 of machine-w4"]);
  });

  it("fail the run when they cannot be released", async () => {
    const { run, done } = search({ w3: { joining: true, reading: claimed("w3") } }, 5);
    await assert.rejects(
      freeLeavers(run, {}),
      (error) => error instanceof CliError && /^Host w3, .*\(exit code 5\):\nthe disk is full\n/.test(error.message),
    );
    assert.deepEqual(done, ["192.0.2.31 release --host w3"]);
  });
});
