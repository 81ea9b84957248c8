import assert from "node:assert/strict";
import {
  runReset,
  carriedLines,
  memberFinding,
  parseReleased,
  resetHost,
  type ResetRun,
} from "../../../../cli/operations/reset.ts";
import { plannedFrom } from "../../../../cli/project/inventory.ts";
import { hostScriptPath } from "../../../../components/host/script.ts";
import type { Claim, HostFacts } from "../../../../plan/facts.ts";
import { PlinthError } from "../../../../plan/findings.ts";
import { configOf, factsOf, hostsOf, threeHosts } from "../../../support/cluster.ts";

const hosts = hostsOf(threeHosts.map((host) => ({ ...host, hostKey: "ssh-ed25519 KEY" })));
const config = configOf();
const claim = (host: string, extra: Partial<Claim> = {}): Claim => ({
  cluster: "demo",
  clusterId: "0123456789abcdef",
  host,
  stack: "prod",
  generation: 1,
  ...extra,
});

/** Runs a reset against a host that says `facts`; returns what was printed, warned and run there. */
async function reset(
  facts: Partial<HostFacts>,
  options: Partial<ResetRun> = {},
  answer = {
    code: 0,
    stdout: '{"host":"w9","skipped":false,"kept":["/var/lib/plinth-kept/a/var/lib/etcd"],"left":[]}\n',
    stderr: "",
  },
): Promise<{ printed: string; warned: string; commands: string[] }> {
  let printed = "";
  let warned = "";
  const commands: string[] = [];
  await runReset({
    name: "w9",
    address: "192.0.2.29",
    hostKey: "ssh-ed25519 KEY",
    stack: "prod",
    input: { hosts, config, planned: plannedFrom(hosts, config) },
    yes: true,
    lost: [],
    clusterId: "0123456789abcdef",
    terminal: {
      print: (line = "") => (printed += `${line}\n`),
      note: () => undefined,
      warn: (line) => (warned += line),
      paint: (_style, text) => text,
      interactive: false,
    },
    readHosts: (access) =>
      Promise.resolve(new Map([...access.keys()].map((name) => [name, { facts: factsOf(name, facts) }]))),
    deleteNode: (name, machineId) => {
      commands.push(`Node ${name} of ${machineId}`);
      return Promise.resolve("deleted");
    },
    exec: (target, command, stdin) => {
      assert.match(stdin, /^#!\/bin\/sh\n# plinth-host/);
      commands.push(`${target.host} ${command}`);
      return Promise.resolve({ signal: null, ...answer });
    },
    ...options,
  });
  return { printed, warned, commands };
}

describe("reset", () => {
  it("shows what a host carries, releases it whoever claims it, and tells what was kept", async () => {
    const { printed, commands } = await reset({
      claim: claim("w9"),
      bundles: { baseline: { generation: 1, state: "complete" }, runtime: { generation: 1, state: "half-done" } },
    });
    assert.match(
      printed,
      /Host w9 \(192\.0\.2\.29\) carries:\n {2}claim +host w9 of cluster demo \(id 0123456789abcdef, stack prod\)/,
    );
    assert.match(printed, /bundles +baseline, runtime \(half-done\)/);
    assert.match(
      printed,
      /Host w9 is free of Plinth\.\n {2}kept on w9: \/var\/lib\/plinth-kept\/a\/var\/lib\/etcd\n {2}Node w9 deleted\n$/,
    );
    assert.deepEqual(commands.slice(1), [`Node w9 of ${factsOf("w9").machineId}`]);
    assert.match(
      commands[0] ?? "",
      new RegExp(
        `192\\.0\\.2\\.29 if test -x ${hostScriptPath}; then .* release --force </dev/null; else .* release --force; fi`,
      ),
    );
  });

  it("of a host with nothing on it says so, and finishes what an earlier one has not", async () => {
    const { printed, commands } = await reset({}, { yes: false });
    assert.equal(printed, "Host w9 (192.0.2.29) carries nothing of Plinth.\n  Node w9 deleted\n");
    assert.equal(commands.length, 2);
  });

  it("deletes the Node by the name that the host had, and says when it cannot tell whether there is one", async () => {
    const { printed, warned } = await reset(
      { claim: claim("w3") },
      {
        deleteNode: (name) =>
          Promise.resolve(name === "w3" ? { unreachable: "The API server cannot be reached." } : "none"),
      },
    );
    assert.match(
      warned,
      /may still have a Node w3, run the command again when its API server answers: The API server cannot be reached\./,
    );
    assert.doesNotMatch(printed, /deleted/);
  });

  it("refuses a member of the stack's cluster, unless it was declared lost or --force is given", async () => {
    const member = { claim: claim("cp2"), bundles: {} };
    const run = { name: "cp2", address: undefined, hostKey: undefined } as unknown as Partial<ResetRun>;
    await assert.rejects(reset(member, run), (error) => {
      assert.ok(error instanceof PlinthError);
      assert.equal(error.kind, "guard");
      assert.match(
        error.message,
        /cp2: it serves the cluster demo as host cp2, which is in the inventory of stack prod; .*\[live-member\]/,
      );
      return true;
    });
    assert.equal((await reset(member, { ...run, lost: ["cp2"] })).warned, "");
    assert.match((await reset(member, { ...run, force: true })).warned, /going on because of --force/);
  });

  it("does not take another name for a member: its claim and its address tell", () => {
    const at = (address: string) => resetHost("w9", hosts, { address, hostKey: "ssh-ed25519 KEY" });
    const run = {
      input: { hosts, config, planned: plannedFrom(hosts, config) },
      stack: "prod",
      clusterId: "0123456789abcdef",
      lost: [],
    };
    assert.equal(memberFinding(at("192.0.2.99"), claim("cp1"), run)?.rule, "live-member");
    assert.equal(memberFinding(at("192.0.2.11"), claim("old"), run)?.rule, "live-member");
    assert.equal(memberFinding(at("192.0.2.99"), claim("w9"), run), undefined, "not in the inventory any more");
    assert.equal(
      memberFinding(at("192.0.2.11"), claim("cp1", { clusterId: "ffff" }), run),
      undefined,
      "another cluster's",
    );
    assert.equal(memberFinding(at("192.0.2.11"), undefined, run), undefined, "nobody's");
    const stateless = { ...run, clusterId: undefined };
    assert.equal(memberFinding(at("192.0.2.11"), claim("cp1"), stateless)?.rule, "live-member");
    assert.equal(memberFinding(at("192.0.2.11"), claim("cp1", { stack: "lab" }), stateless), undefined);
  });

  it("needs an address for a host that the inventory does not have, and none for one that it has", () => {
    assert.throws(
      () => resetHost("w9", hosts, {}),
      /not in the inventory \(it has: cp1, cp2, cp3\): say where it is by --address/,
    );
    assert.throws(() => resetHost("cp1", hosts, { address: "192.0.2.11" }), /is in the inventory \(192\.0\.2\.11\)/);
    assert.throws(() => resetHost("w9", hosts, { address: "nowhere" }), PlinthError);
    assert.equal(resetHost("cp1", hosts, {}), hosts[0]);
    const made = resetHost("w9", hosts, { address: "192.0.2.29", user: "ops", port: 2222 });
    assert.deepEqual([made.address, made.user, made.port], ["192.0.2.29", "ops", 2222]);
  });

  it("without a terminal needs --yes, before anything is run", async () => {
    await assert.rejects(reset({ claim: claim("w9") }, { yes: false }), /without a terminal say --yes/);
  });

  it("passes on why a host could not be released", async () => {
    const answer = { code: 75, stdout: "", stderr: "plinth-host: another run still holds the lock\n" };
    await assert.rejects(
      reset({ claim: claim("w9") }, {}, answer),
      /w9 could not be reset \(exit code 75\):\n.*holds the lock\n.*again/,
    );
  });

  it("reads the last line of a release, and shows only what is there", () => {
    assert.deepEqual(parseReleased('noise\n{"kept":["/a"],"left":["/b"]}\n'), { kept: ["/a"], left: ["/b"] });
    assert.throws(() => parseReleased(""), /nothing/);
    assert.deepEqual(carriedLines(factsOf("w9")), []);
  });
});
