import assert from "node:assert/strict";
import { parse } from "yaml";
import { configOf, inventoryOf, parseRecap, recapFailure } from "../../../../bench/roles/ansible.ts";
import { knownHostsOf, labHosts, reached } from "../../../../bench/roles/hosts.ts";
import { costIn, hostsModule, stackFile } from "../../../../bench/roles/plinth.ts";
import { inventoryModule, parseResults } from "../../../../bench/roles/pyinfra.ts";
import { pythonProblem } from "../../../../bench/roles/python.ts";

const known = "10.27.0.12 ssh-ed25519 BBBB\n10.27.0.11 ssh-ed25519 AAAA\n10.27.0.11 ssh-ed25519 OLD\n";
const direct = reached(labHosts(2), known, false);
const proxied = reached(labHosts(2), known, true);

describe("bench roles: how hosts are reached", () => {
  it("is straight, or by a port of the proxy for each, with the host's own key", () => {
    assert.equal(knownHostsOf(direct), "10.27.0.11 ssh-ed25519 AAAA\n10.27.0.12 ssh-ed25519 BBBB\n");
    assert.equal(knownHostsOf(proxied), "[10.27.0.1]:20001 ssh-ed25519 AAAA\n[10.27.0.1]:20002 ssh-ed25519 BBBB\n");
    assert.throws(() => reached(labHosts(3), known, false), /no key of m3 \(10\.27\.0\.13\)/);
  });

  it("is told to each tool in its own way", () => {
    const inventory = parse(inventoryOf(proxied, "/key")) as { all: { hosts: unknown; vars: Record<string, unknown> } };
    assert.deepEqual(inventory.all.hosts, {
      m1: { ansible_host: "10.27.0.1", ansible_port: 20001 },
      m2: { ansible_host: "10.27.0.1", ansible_port: 20002 },
    });
    assert.equal(inventory.all.vars["ansible_ssh_private_key_file"], "/key");
    assert.match(inventoryModule(proxied, "/key", "/known"), /^ {4}\("m2", \{.*"ssh_port":20002,.*"\/known".*\}\),$/m);
    const module = hostsModule(direct);
    assert.deepEqual((JSON.parse(module.slice("export default ".length, -2)) as unknown[])[0], {
      ...{ name: "m1", address: "10.27.0.11", sshAddress: "10.27.0.11", port: 22, hostKey: "ssh-ed25519 AAAA" },
      roles: ["bench-tasks"],
    });
    const { config } = parse(stackFile({ name: "bench-plinth-0-1", text: "one" }, "/key")) as {
      config: Record<string, Record<string, { text: string; files: object }>>;
    };
    const parameters = config["plinth:parameters"]?.["bench-tasks"];
    assert.equal(parameters?.text, "one");
    assert.deepEqual(Object.keys(parameters.files), ["one.conf", "three.conf", "two.conf"]);
  });

  it("is by as many forks as there are hosts, at most fifty", () => {
    assert.match(configOf(25, "/known", "/cp"), /^forks = 25$/m);
    assert.match(configOf(100, "/known", "/cp"), /^forks = 50$/m);
    assert.match(configOf(100, "/known", "/cp"), /^ssh_args = .*UserKnownHostsFile=\/known .*ControlPersist=60s$/m);
  });
});

describe("bench roles: what tools tell", () => {
  const recap = `TASK [changed=9] ***
m1 : ok=1 changed=7
PLAY RECAP *********************************************************************
m1                         : ok=9    changed=8    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   
m2                         : ok=3    changed=0    unreachable=1    failed=0    skipped=0    rescued=0    ignored=0   

`;

  it("is Ansible's recap", () => {
    const told = parseRecap(recap);
    assert.deepEqual(
      [...told],
      [
        ["m1", { changed: 8, unreachable: 0, failed: 0 }],
        ["m2", { changed: 0, unreachable: 1, failed: 0 }],
      ],
    );
    assert.equal(recapFailure(told, ["m1"]), undefined);
    assert.match(recapFailure(told, ["m1", "m2"]) ?? "", /on 1 hosts, the first: m2/);
    assert.match(recapFailure(told, ["m1", "m3"]) ?? "", /on 1 hosts, the first: m3/);
    assert.equal(parseRecap("ERROR! no hosts").size, 0);
  });

  it("is pyinfra's JSON", () => {
    const results = (operations: object[], failed: string[] = []): string =>
      JSON.stringify({ plan: [], results: { operations, totals: {}, failed_hosts: failed } });
    const operation = { name: "A group", hosts: 2, success: ["m1", "m2"], error: [], no_change: [] };
    assert.deepEqual(parseResults(results([operation, { ...operation, success: ["m1"] }])), { changed: 3, failed: [] });
    assert.deepEqual(parseResults(results([{ ...operation, success: [], error: ["m2"] }], ["m2", "m1"])), {
      changed: 0,
      failed: ["m1", "m2"],
    });
    assert.equal(parseResults("--> An exception"), undefined);
    assert.equal(parseResults('{"plan":[],"results":null}'), undefined);
  });

  it("is Plinth's summary", () => {
    const summary = {
      phases: [
        { name: "engine start", duration: 400 },
        { name: "converge", duration: 3000 },
      ],
      programStart: 1100,
      ssh: [
        { host: "a", connections: 1, roundTrips: 4 },
        { host: "b", connections: 2, roundTrips: 5 },
      ],
    };
    assert.deepEqual(costIn(JSON.stringify(summary)), { engineSeconds: 1.5, connections: 3, commands: 9 });
    assert.equal(costIn(""), undefined);
    assert.equal(costIn('{"result":"changes"}'), undefined);
  });
});

describe("bench roles: Python", () => {
  it("must be there, and not too old", () => {
    const version = (stdout: string) => pythonProblem({ code: 0, stdout });
    assert.equal(version("3.11.2\n"), undefined);
    assert.equal(version("3.13.0\n"), undefined);
    assert.equal(version("4.0.0\n"), undefined);
    assert.match(version("3.9.2\n") ?? "", /need Python 3\.11 or later, and python3 of this machine is 3\.9\.2: /);
    assert.match(pythonProblem(undefined) ?? "", /no python3: install it/);
  });
});
