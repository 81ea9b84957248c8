import assert from "node:assert/strict";
import { setBefore, unstoredFindings, type ComingChange } from "../../../../plan/backup/before.ts";
import type { PreviousRun } from "../../../../plan/previousrun.ts";
import { configOf, hostsOf } from "../../../support/cluster.ts";

const backup = {
  recipients: [`age1${"q".repeat(58)}`],
  password: "a-password-of-the-lab",
  targets: [{ name: "disk", directory: { path: "/srv/backups" } }],
};
const config = configOf({ backup });
const hosts = hostsOf();
const previous = {
  hosts: Object.fromEntries(hosts.map(({ name, address, roles }) => [name, { address, roles: [...roles] }])),
  versions: { kubernetes: config.kubernetesVersion, etcd: config.etcdVersion },
} as unknown as PreviousRun;

const coming = (change: Partial<ComingChange> = {}): ReturnType<typeof setBefore> =>
  setBefore({
    ...{ hosts, leaving: [], config, previous, bootstrapped: true },
    ...{ requests: { lost: [], replace: [] }, answering: new Set(hosts.map(({ name }) => name)) },
    ...change,
  });

describe("plan/backup/before", () => {
  it("wants no set where neither members nor versions change, nothing is there yet, or there are no backups", () => {
    assert.equal(coming(), undefined);
    const leaving = [{ name: "cp9" }];
    assert.equal(coming({ leaving, previous: undefined }), undefined);
    assert.equal(coming({ leaving, bootstrapped: false }), undefined);
    assert.equal(coming({ leaving, config: configOf() }), undefined);
  });

  it("wants one before versions change, and before hosts join, leave or are replaced, and says so", () => {
    const newer = { ...config, etcdVersion: "3.6.15", kubernetesVersion: "1.36.4" };
    assert.equal(coming({ config: newer })?.reason, "before kubernetes 1.36.4 and etcd 3.6.15");
    const [first, ...others] = Object.entries(previous.hosts);
    const without = { ...previous, hosts: Object.fromEntries(others) };
    assert.equal(coming({ previous: without })?.reason, `before ${first?.[0] ?? ""} joins`);
    const answering = new Set([...hosts.map(({ name }) => name), "cp9"]);
    assert.deepEqual(coming({ leaving: [{ name: "cp9" }], answering }), {
      reason: "before cp9 leaves",
      mayFail: false,
    });
  });

  it("lets a run go on without one where somebody dead leaves or is replaced", () => {
    assert.deepEqual(coming({ leaving: [{ name: "cp9" }] }), { reason: "before cp9 leaves", mayFail: true });
    const answering = new Set(["cp1", "cp2"]);
    assert.equal(coming({ requests: { lost: [], replace: ["cp3"] }, answering })?.mayFail, true);
  });

  it("stops a run when no target has taken it, and not when one has", () => {
    const before = { reason: "before cp9 leaves", mayFail: false };
    assert.deepEqual(unstoredFindings(before, { id: "x", stored: ["disk"], problems: ["vault: down"] }), []);
    const [finding] = unstoredFindings(before, { id: undefined, stored: [], problems: ["target disk: full"] });
    assert.equal(finding?.rule, "backup");
    assert.match(
      finding.message,
      /no target of plinth:backup has taken a set of data before cp9 leaves: target disk: full/,
    );
  });
});
