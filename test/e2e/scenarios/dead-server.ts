import assert from "node:assert/strict";
import { LabNetwork } from "../../../lab/network.ts";
import { instanceName } from "../../../lab/paths.ts";
import { eventually } from "../../support/eventually.ts";
import { hosts, vipHolder } from "../support/hosts.ts";
import { Poller } from "../support/poller.ts";
import type { Project } from "../support/project.ts";
import { etcdctl } from "../support/roster.ts";
import { healthy } from "../support/status.ts";

const deaths = 4;

/** A control-plane host other than the given one that does not lead etcd, so that nothing but its API server is missed. */
async function bystander(project: Project, holder: string): Promise<string> {
  for (const host of hosts.filter((name) => name !== holder)) {
    const fields = await project.read(host, `${etcdctl} endpoint status -w fields`);
    const [member, leader] = ["MemberID", "Leader"].map(
      (key) => new RegExp(`^"${key}" : (\\d+)$`, "m").exec(fields)?.[1],
    );
    assert.ok(member !== undefined && leader !== undefined, fields);
    if (member !== leader) return host;
  }
  throw new Error("both hosts without the VIP lead etcd");
}

/** Waits until HAProxy of a host says of an API server that it is up or down. */
async function said(project: Project, holder: string, server: string, state: string, since: number): Promise<void> {
  const journal = `journalctl -q -o cat -u haproxy --since @${since / 1000}`;
  const words = `Server kube-apiserver/${server} is ${state}`;
  await eventually(`HAProxy of ${holder}: ${words}`, 60, async () =>
    (await project.read(holder, journal)).includes(words) ? true : undefined,
  );
}

/** An API server is not heard of any more, from one packet to the next, while clients connect through the VIP. */
export function deadServer(project: Project): void {
  describe("an API server that does not answer any more", () => {
    it(`costs no client that connects afterwards anything but time, ${deaths} times`, async () => {
      const network = new LabNetwork(instanceName(project.dir));
      const holder = await vipHolder(project);
      // Always the same: one that has come back has the fewest connections, and HAProxy would give it the new ones.
      const victim = await bystander(project, holder);
      // Cut off from the others, it would take the VIP for itself.
      await project.read(victim, "systemctl stop keepalived");
      for (let n = 1; n <= deaths; n += 1) {
        // /version needs neither etcd nor another server.
        const poller = await Poller.start(project, { interval: 25, path: "/version" });
        await network.block(victim);
        const dead = Date.now();
        await said(project, holder, victim, "DOWN", dead);
        const { attempts } = await poller.stop();
        const healed = Date.now();
        await network.unblock(victim);
        const later = attempts.filter(({ started }) => started > dead);
        const failed = later.filter(({ ok }) => !ok);
        console.log(`      ${victim}: ${failed.length} of ${later.length} connections failed`);
        assert.ok(later.length > 10);
        assert.deepEqual(failed, []);
        await said(project, holder, victim, "UP", healed);
      }
      await project.read(victim, "systemctl start keepalived");
      await healthy(project, 120);
      assert.equal(await vipHolder(project), holder);
    });
  });
}
