import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { vipHolder } from "../support/hosts.ts";
import { killWhenOnHost, killWhenPrinted } from "../support/kill.ts";
import { Poller } from "../support/poller.ts";
import type { Project } from "../support/project.ts";
import {
  addHosts,
  controlPlaneLine,
  etcdctl,
  kubectlOnHost,
  nothingLost,
  removeHosts,
  settled,
} from "../support/roster.ts";

type Moment = { title: string; printed: RegExp } | { title: string; host: string; condition: string };

const membersMatch = (pattern: string): string => `${etcdctl} member list | grep -qE '${pattern}'`;

function kill(project: Project, moment: Moment): Promise<void> {
  if ("printed" in moment) return killWhenPrinted(project, moment.printed);
  return killWhenOnHost(project, moment.host, moment.condition);
}

/** One host gets the VIP, the scheduler's lease and the leadership of etcd. */
async function giveEverythingTo(project: Project, host: string, others: readonly string[]): Promise<void> {
  const onOthers = (script: string) => Promise.all(others.map((other) => project.read(other, script)));
  await onOthers("systemctl stop keepalived kube-scheduler");
  await eventually(`${host} has the VIP and the scheduler's lease`, 60, async () => {
    const lease = ["get", "lease", "-n", "kube-system", "kube-scheduler", "-o", "jsonpath={.spec.holderIdentity}"];
    const holder = (await project.plinth("kubectl", ...lease)).stdout;
    const addresses = await project.read(host, "ip -o -4 address show");
    return addresses.includes("10.27.0.10/") && holder.startsWith(`${host}_`) ? true : undefined;
  });
  await onOthers("systemctl start keepalived kube-scheduler");
  const fields = await project.read(host, `${etcdctl} endpoint status -w fields`);
  const id = BigInt(/^"MemberID" : (\d+)$/m.exec(fields)?.[1] ?? 0).toString(16);
  // Only the leader takes the order.
  await Promise.all(others.map((other) => project.onHost(other, `${etcdctl} move-leader ${id}`)));
  const after = await project.read(host, `${etcdctl} endpoint status -w fields`);
  assert.equal(BigInt(/^"Leader" : (\d+)$/m.exec(after)?.[1] ?? 0).toString(16), id, `${host} leads etcd`);
  assert.equal(await vipHolder(project, [host, ...others]), host);
}

/** Three control-plane hosts become five and three others again; every run but the last ones is killed on its way. */
export function kills(project: Project): void {
  describe("two more control-plane hosts", () => {
    const moments: Moment[] = [
      { title: "when the first of them has been claimed", printed: /created claim on cp[45]/ },
      {
        title: "after its learner was added, before it has started",
        host: "cp1",
        condition: membersMatch("unstarted.*, true$"),
      },
      {
        title: "after the learner has started, before it is promoted",
        host: "cp1",
        // Promotion is seen to by its host, which goes on without us: a later look may find it a voter.
        condition: membersMatch(", started, cp4, "),
      },
      {
        title: "after it was promoted, before that is in the state",
        host: "cp1",
        condition: membersMatch(", started, cp4, .*, false$"),
      },
      { title: "while its API server starts", host: "cp4", condition: "systemctl is-active -q kube-apiserver" },
      { title: "when its Node has registered", host: "cp1", condition: `${kubectlOnHost} get node cp4` },
    ];
    let writer: Poller;

    before(async () => {
      for (const n of [4, 5]) await project.expect(0, "lab", "add", `cp${n}`, `10.27.0.1${n}`);
      writer = await Poller.start(project, { interval: 100, write: `more-${Date.now()}` });
      addHosts(project, controlPlaneLine("cp4"), controlPlaneLine("cp5"));
    });

    for (const moment of moments) it(`SIGKILL ${moment.title}`, () => kill(project, moment));

    it("the next up finishes: five members, one Node each, no write lost", async () => {
      await project.expect(0, "up", "--yes");
      await nothingLost(project, "scaled out", writer);
      await settled(project, ["cp1", "cp2", "cp3", "cp4", "cp5"]);
    });
  });

  describe("two control-plane hosts less, the first of the inventory among them", () => {
    const moments: Moment[] = [
      {
        title: "when the first is cordoned, in its drain",
        host: "cp2",
        condition: `test "$(${kubectlOnHost} get node cp1 -o jsonpath={.spec.unschedulable})" = true`,
      },
      { title: "when all are drained", printed: /updated evacuation/ },
      // What has left the inventory is looked at from beside it.
      {
        title: "when the VIP has been handed over and its API server has stopped",
        host: "cp2",
        condition: "! curl -ks --max-time 2 https://10.27.0.11:6443/livez",
      },
      {
        title: "when the first member has left, before the second",
        host: "cp2",
        condition: `test "$(${etcdctl} member list | wc -l)" = 4`,
      },
      {
        title: "when the members have left, before the last Node is deleted",
        host: "cp2",
        condition: `test "$(${etcdctl} member list | wc -l)" = 3`,
      },
      {
        title: "while a host is cleaned up",
        host: "cp2",
        condition: "! curl -ks --max-time 2 https://10.27.0.11:10250/healthz",
      },
    ];
    let writer: Poller;

    before(async () => {
      await giveEverythingTo(project, "cp1", ["cp2", "cp3", "cp4", "cp5"]);
      writer = await Poller.start(project, { interval: 100, write: `fewer-${Date.now()}` });
      removeHosts(project, "cp1", "cp5");
    });

    for (const moment of moments) it(`SIGKILL ${moment.title}`, () => kill(project, moment));

    it("the next up finishes: three members, their Nodes, the VIP on one of them, no write lost", async () => {
      await project.expect(0, "up", "--yes");
      await nothingLost(project, "scaled in", writer);
      await settled(project, ["cp2", "cp3", "cp4"]);
      assert.ok(await vipHolder(project, ["cp2", "cp3", "cp4"]));
      for (const host of ["cp1", "cp5"]) await project.expect(0, "lab", "remove", host);
    });
  });
}
