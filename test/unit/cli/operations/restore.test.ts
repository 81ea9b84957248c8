import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { runRestore, type RestoreRun } from "../../../../cli/operations/restore.ts";
import { plannedFrom } from "../../../../cli/project/inventory.ts";
import { fileSource } from "../../../../cli/restore/source.ts";
import type { HostFacts } from "../../../../plan/facts.ts";
import { PlinthError } from "../../../../plan/findings.ts";
import type { RestoreFact, RestoreFacts, RestoreStep } from "../../../../plan/restore/facts.ts";
import { dataSet } from "../../../support/backup.ts";
import { snapshotBytes } from "../../../support/bolt.ts";
import { configOf, factsOf, hostsOf, threeHosts } from "../../../support/cluster.ts";

const hosts = hostsOf(threeHosts.map((host) => ({ ...host, hostKey: "ssh-ed25519 KEY" })));
const config = configOf();
const clusterId = "0123456789abcdef";
const body = "MIIBexample\nofacertificate=";
const caCertificate = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;

/** Hosts that do what the host script does, as far as their facts tell. */
class Fleet {
  readonly restores = new Map<string, RestoreFacts | undefined>();
  readonly log: string[] = [];
  readonly received = new Map<string, number>();
  /** What fails next, `HOST STEP`. */
  fails = "";
  blank = false;

  facts(name: string): HostFacts {
    const restores = this.restores.get(name);
    const told = restores === undefined ? {} : { restores };
    if (this.blank) return factsOf(name, told);
    const complete = { generation: 1, state: "complete" } as const;
    return factsOf(name, {
      claim: { cluster: "demo", clusterId, host: name, stack: "prod", generation: 1 },
      bundles: { etcd: complete, controlplane: complete },
      dataDirectories: { etcd: ["/var/lib/etcd"] },
      ...told,
    });
  }

  readonly exec: NonNullable<RestoreRun["exec"]> = async (target, command, { stdin = "", body: source }) => {
    const name = hosts.find(({ address }) => address === target.host)?.name ?? "";
    const [, length = "", rest = ""] = /plinth-restore '(\d+)' (.*)$/s.exec(command) ?? [];
    assert.equal(Number(length), Buffer.byteLength(stdin));
    assert.match(stdin, /^#!\/bin\/sh\n# plinth-host/);
    const words = [...rest.matchAll(/'([^']*)'/g)].map(([, word = ""]) => word);
    const [verb, step = ""] = words;
    assert.equal(verb, "restore");
    const option = (key: string): string => words[words.indexOf(`--${key}`) + 1] ?? "";
    this.log.push(`${name} ${step}`);
    if (source !== undefined) this.received.set(name, (await textOf(source())).length);
    if (this.fails === `${name} ${step}`) return { code: 1, signal: null, stdout: "", stderr: `${name}: it did not\n` };
    const before = this.restores.get(name)?.current;
    const steps: Record<string, RestoreStep> = {
      ...{ stage: "staged", quiet: "quiet", stop: "stopped", seed: "seeded", start: "started", serve: "serving" },
    };
    const fact = (at: RestoreStep): RestoreFact =>
      ["stage", "plant"].includes(step)
        ? {
            ...{ id: option("id"), step: at, sha256: option("sha256"), token: option("token") },
            ...{ members: option("members"), bump: Number(option("bump")) },
          }
        : { ...(before as RestoreFact), step: at };
    if (step === "plant") this.restores.set(name, { seed: fact("planted") });
    else if (step === "finish") this.restores.set(name, { last: option("id") });
    else this.restores.set(name, { current: fact(steps[step] ?? "staged") });
    return { code: 0, signal: null, stdout: "{}\n", stderr: "" };
  };
}

describe("restore", () => {
  let folder: string;
  let file: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "plinth-restore-"));
    file = join(folder, "etcd.db");
    writeFileSync(file, snapshotBytes({ revision: 100, storage: "3.6.0", text: body }));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function restore(fleet: Fleet, options: Partial<RestoreRun> = {}): Promise<string> {
    let printed = "";
    const print = (line = ""): void => {
      printed += `${line}\n`;
    };
    await runRestore({
      ...{ stack: "prod", input: { hosts, config, planned: plannedFrom(hosts, config) }, yes: true, without: [] },
      outputs: { clusterId, caCertificate, survivors: { roster: "cp1" } },
      source: fileSource(file),
      keys: () => Promise.resolve(undefined),
      terminal: { print, note: print, warn: print, paint: (_style, text) => text, interactive: false },
      stop: new AbortController().signal,
      lock: () => {
        fleet.log.push("lock");
        return Promise.resolve();
      },
      readHosts: (access) =>
        Promise.resolve(new Map([...access.keys()].map((name) => [name, { facts: fleet.facts(name) }]))),
      exec: fleet.exec,
      ...options,
    });
    return printed;
  }

  const all = (step: string): string[] => hosts.map(({ name }) => `${name} ${step}`);

  it("has all hosts do one step after the other, under the cluster's lock", async () => {
    const fleet = new Fleet();
    const printed = await restore(fleet);
    assert.deepEqual(fleet.log, [
      "lock",
      ...["stage", "quiet", "stop", "seed", "start", "serve", "finish"].flatMap(all),
    ]);
    assert.equal(fleet.received.size, 3);
    assert.match(printed, /lost +everything that was written since/);
    assert.match(printed, /Restored \(\d{8}T\d{6}Z-[0-9a-f]{6}\): etcd, API servers and controllers serve\./);
  });

  it("only says what it would do in a preview", async () => {
    const fleet = new Fleet();
    const printed = await restore(fleet, { preview: true });
    assert.deepEqual(fleet.log, []);
    assert.match(printed, /snapshot .*revision 100, whole, of this cluster/);
    assert.match(printed, /seed +cp1, cp2, cp3: set etcd's data aside/);
    assert.match(printed, /Nothing was changed\.\n$/);
  });

  it("goes on where it was cut off, without a snapshot", async () => {
    for (const step of ["quiet", "stop", "seed", "start", "serve", "finish"]) {
      const fleet = new Fleet();
      fleet.fails = `cp2 ${step}`;
      await assert.rejects(restore(fleet), new RegExp(`The step ${step} failed:\n {2}cp2: it did not`));
      fleet.fails = "";
      fleet.log.length = 0;
      assert.match(await restore(fleet, { source: undefined }), /Going on with the restore /);
      assert.deepEqual(fleet.log.slice(0, 2), ["lock", `cp2 ${step}`], "the others have done that");
      assert.ok([...fleet.restores.values()].every((restores) => restores?.current === undefined));
    }
  });

  it("begins anew with another snapshot only where that is said", async () => {
    const fleet = new Fleet();
    fleet.fails = "cp2 seed";
    await assert.rejects(restore(fleet));
    fleet.fails = "";
    const other = join(folder, "other.db");
    writeFileSync(other, snapshotBytes({ revision: 99, storage: "3.6.0", text: body }));
    const run = { source: fileSource(other) };
    await assert.rejects(restore(fleet, run), /is under way, from another snapshot; .*--anew/);
    fleet.log.length = 0;
    await restore(fleet, { ...run, anew: true });
    assert.deepEqual(fleet.log.slice(0, 4), ["lock", ...all("stage")]);
  });

  it("refuses before anything is touched, and says so", async () => {
    const fleet = new Fleet();
    const foreign = join(folder, "foreign.db");
    writeFileSync(foreign, snapshotBytes({ revision: 99, storage: "3.7.0", text: "others" }));
    await assert.rejects(restore(fleet, { source: fileSource(foreign) }), (error: unknown) => {
      assert.ok(error instanceof PlinthError);
      assert.deepEqual(
        error.findings.map(({ rule }) => rule),
        ["snapshot-foreign", "snapshot-newer"],
      );
      return true;
    });
    await assert.rejects(
      restore(fleet, { source: undefined }),
      /No restore is under way: say what to restore, by --latest, .* or --snapshot FILE/,
    );
    await assert.rejects(restore(fleet, { source: fileSource(join(folder, "none")) }), /There is no snapshot/);
    assert.deepEqual(
      fleet.log.filter((line) => line !== "lock"),
      [],
    );
  });

  it("refuses a set that was made with other keys than the state has, and asks for keys only where there is a set", async () => {
    const fleet = new Fleet();
    const bytes = readFileSync(file);
    const set = dataSet(undefined, { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
    const close = (): Promise<void> => Promise.resolve();
    const source = {
      open: () => Promise.resolve({ path: file, name: `set ${set.id}`, time: Date.parse(set.time), set, close }),
    };
    const keys = { ...set.keys, serviceAccounts: "9".repeat(64) };
    await assert.rejects(restore(fleet, { source, keys: () => Promise.resolve(keys) }), (error: unknown) => {
      assert.ok(error instanceof PlinthError);
      assert.deepEqual(
        error.findings.map(({ rule }) => rule),
        ["snapshot-keys"],
      );
      return true;
    });
    assert.deepEqual(fleet.log, ["lock"]);
    await restore(fleet, { source, keys: () => Promise.resolve(set.keys) });
    await restore(new Fleet(), { keys: () => Promise.reject(new Error("nobody needs them")) });
  });

  it("puts the snapshot on empty hosts, and says what comes next", async () => {
    const fleet = new Fleet();
    fleet.blank = true;
    const printed = await restore(fleet);
    assert.deepEqual(fleet.log, ["lock", ...all("plant")]);
    assert.match(printed, /Next: \.\/plinth up --override cluster-gone brings the cluster up with it\./);
    assert.equal(fleet.restores.get("cp1")?.seed?.members.split(",").length, 3);
  });
});
