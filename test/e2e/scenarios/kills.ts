import assert from "node:assert/strict";
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
      { title: "when the VIP has been handed over", host: "cp1", condition: "! ip -o address | grep -q 10.27.0.10/" },
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
      { title: "while a host is cleaned up", host: "cp1", condition: "! test -e /etc/systemd/system/kubelet.service" },
    ];
    let writer: Poller;

    before(async () => {
      const holder = await vipHolder(project, ["cp1", "cp2", "cp3", "cp4", "cp5"]);
      assert.equal(holder, "cp1", "the first host of the inventory has the VIP");
      const id = (
        await project.read("cp1", `${etcdctl} endpoint status -w fields | awk '/"MemberID"/ { print $NF }'`)
      ).trim();
      const leader = `for n in 1 2 3 4 5; do ${etcdctl.replace("127.0.0.1", "10.27.0.1$n")} move-leader $(printf %x ${id}) && break; done; true`;
      await project.read("cp1", leader);
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
