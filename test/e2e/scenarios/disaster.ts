import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { ensureIdentity } from "../../../lab/identity.ts";
import { LabPaths } from "../../../lab/paths.ts";
import type { Backups } from "../support/backups.ts";
import { allHosts, hosts, startTimes } from "../support/hosts.ts";
import { Poller } from "../support/poller.ts";
import type { Project } from "../support/project.ts";
import { Recorder } from "../support/recorder.ts";
import { workerPods } from "../support/running.ts";
import { makeSets } from "../support/sets.ts";
import { healthy } from "../support/status.ts";

const addresses: Readonly<Record<string, string>> = {
  ...{ cp1: "10.27.0.11", cp2: "10.27.0.12", cp3: "10.27.0.13" },
  ...{ w1: "10.27.0.21", w2: "10.27.0.22" },
};

/** Takes etcd's data off members, as a disk does that dies. */
async function loseData(project: Project, ...members: readonly string[]): Promise<void> {
  await Promise.all(
    members.map((host) =>
      project.read(host, "systemctl kill --signal=SIGKILL etcd; systemctl stop etcd; rm -rf /var/lib/etcd/member"),
    ),
  );
}

/** All hosts become other machines under the same names and addresses, with SSH host keys of their own. */
async function wipeAll(project: Project): Promise<void> {
  const { ssh } = new LabPaths(project.dir);
  for (const name of ["hosts", "known_hosts"]) rmSync(path.join(ssh, name), { recursive: true });
  await ensureIdentity(
    ssh,
    allHosts.map((name) => ({ name, address: addresses[name] ?? "" })),
  );
  for (const host of allHosts) await project.expect(0, "lab", "wipe", host);
}

/** What a run brings back, and that nothing is left to do after it. */
async function agreed(project: Project, ...up: readonly string[]): Promise<void> {
  await project.expect(0, "up", "--yes", ...up);
  await project.expect(0, "up", "--yes", "--expect-no-changes");
  // Hosts that are new know of no set yet, which `status` tells.
  await makeSets(project);
  await healthy(project, 180);
}

/**
 * All that can be lost is lost, while a client writes and keeps what it was told. Needs the scenario of workloads to have been run, and
 * a target that outlives all hosts.
 */
export function disaster(project: Project, backups: () => Backups): void {
  describe("a disaster", function () {
    this.timeout(1_800_000);
    before(() => {
      backups().useKey();
    });
    afterEach(() => Poller.stopAll());

    /** @returns what was lost of what was acknowledged since the set. */
    async function rehearse(
      title: string,
      steps: { lose: () => Promise<void>; recover: () => Promise<void> },
    ): Promise<string[]> {
      const recorder = await Recorder.start(project, title);
      await recorder.backup();
      recorder.loses();
      await steps.lose();
      await steps.recover();
      const attempts = await recorder.stop();
      const { broken, lost } = await recorder.judge(attempts);
      assert.deepEqual(broken, []);
      await recorder.negativeControl(attempts);
      return lost;
    }

    it("of one member's data: a repair makes it good from the others, and no write is lost", async () => {
      const lost = await rehearse("data of 1 of 3 members", {
        lose: async () => {
          await loseData(project, "cp2");
          assert.match(
            (await project.expect(1, "status")).text,
            /cp2: .*its data is .* gone: run \.\/plinth etcd repair/,
          );
        },
        recover: async () => {
          const { text } = await project.expect(3, "up", "--yes");
          assert.match(text, /cp2: .*its disk holds none.*run \.\/plinth etcd repair.*\[replaced-host\]/);
          await project.expect(0, "etcd", "repair", "--yes");
        },
      });
      assert.deepEqual(lost, []);
      await agreed(project);
    });

    for (const members of [["cp2", "cp3"], [...hosts]]) {
      it(`of the data of ${members.length} of 3 members: the newest set brings it back, and pods of workers run on`, async () => {
        const before = await workerPods(project);
        await rehearse(`data of ${members.length} of 3 members`, {
          lose: async () => {
            await loseData(project, ...members);
            assert.equal((await project.plinth("status")).code, 1);
          },
          recover: async () => {
            await project.expect(0, "restore", "--latest", "--yes");
          },
        });
        await agreed(project, "--heal");
        assert.equal(await workerPods(project), before, "no pod of a worker was restarted");
      });
    }

    it("of a namespace that somebody has deleted: it is back with what was in it", async () => {
      const create = ["kubectl", "create", "-n", "treasure"];
      await project.expect(0, "kubectl", "create", "namespace", "treasure");
      await project.expect(0, ...create, "secret", "generic", "word", "--from-literal=word=found-again");
      const before = await workerPods(project);
      await rehearse("a deleted namespace", {
        lose: async () => {
          await project.expect(0, "kubectl", "delete", "namespace", "treasure");
        },
        recover: async () => {
          const { stdout } = await project.expect(0, "restore", "--latest", "--yes");
          assert.match(stdout, /3 of 3 members of etcd serve: nothing has to be restored to go on/);
          assert.match(stdout, /\d+ revisions: etcd is at \d+, the snapshot at \d+/);
        },
      });
      const secret = ["get", "secret", "-n", "treasure", "word", "-o", "jsonpath={.data.word}"];
      const { stdout } = await project.expect(0, "kubectl", ...secret);
      assert.equal(Buffer.from(stdout, "base64").toString(), "found-again", "and Secrets can be read");
      await agreed(project, "--heal");
      assert.equal(await workerPods(project), before, "no pod of a worker was restarted");
      await project.expect(0, "kubectl", "delete", "namespace", "treasure");
    });

    it("of the state alone: a set on the targets brings it back, and no unit is restarted", async () => {
      const starts = () => Promise.all(allHosts.map((host) => startTimes(project, host)));
      await project.expect(0, "backup", "now");
      const before = await starts();
      rmSync(path.join(project.dir, ".plinth", "state"), { recursive: true });
      const { text } = await project.expect(3, "up", "--yes");
      assert.match(text, /its state is lost, and \.\/plinth restore state brings it back.*\[foreign-host\]/);
      const began = Date.now();
      await project.expect(0, "restore", "state", "--yes");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
      console.log(
        `      RPO/RTO the state: no write is lost, hosts serve on; ${Math.round((Date.now() - began) / 1000)} s to the state and an up that agrees`,
      );
      assert.deepEqual(await starts(), before);
      await healthy(project);
    });

    it("of all hosts: other machines with other host keys begin with the newest set", async () => {
      await rehearse("all hosts", {
        lose: () => wipeAll(project),
        recover: async () => {
          await project.expect(0, "restore", "--latest", "--yes");
          await project.expect(0, "up", "--yes", "--override", "cluster-gone");
        },
      });
      await agreed(project, "--heal");
    });

    it("of all hosts and the stack's state: configuration, targets and keys in the safe are enough", async () => {
      await rehearse("all hosts and the state", {
        lose: async () => {
          rmSync(path.join(project.dir, ".plinth"), { recursive: true });
          await wipeAll(project);
        },
        recover: async () => {
          await project.expect(0, "restore", "state", "--yes");
          await project.expect(0, "restore", "--latest", "--yes");
          await project.expect(0, "up", "--yes", "--override", "cluster-gone");
        },
      });
      await agreed(project, "--heal");
    });
  });
}
