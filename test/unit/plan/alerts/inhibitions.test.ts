import assert from "node:assert/strict";
import fc from "fast-check";
import { allAlerts } from "../../../../plan/alerts/index.ts";
import { lags } from "../../../../plan/alerts/aftermath.ts";
import { causes, type Inhibition } from "../../../../plan/alerts/causes.ts";
import { heard, inhibitRules, type Firing } from "../../../../plan/alerts/inhibitions.ts";
import { scenarios } from "../../../alerts/scenarios/index.ts";

const severities = new Map(allAlerts.map(({ name, severity }) => [name, severity]));
const targetsOf = ({ silent }: Inhibition): string[] =>
  [...severities.keys()].filter((name) => ("allBut" in silent ? !silent.allBut.includes(name) : silent.includes(name)));

describe("what follows from an alert", () => {
  it("is told by names of alerts that there are", () => {
    for (const { by, silent } of causes)
      for (const name of [...by, ...("allBut" in silent ? silent.allBut : silent)])
        assert.ok(severities.has(name), name);
  });

  it("is never a page where the cause is none", () => {
    for (const one of causes)
      if (one.by.some((name) => severities.get(name) !== "critical"))
        assert.deepEqual(
          targetsOf(one).filter((name) => severities.get(name) === "critical"),
          [],
          one.by.join(),
        );
  });

  it("leaves one page for each fault of a cluster", () => {
    for (const { title, moments } of scenarios)
      for (const moment of moments) {
        const left = heard([...moment.firing, ...(moment.ended ?? [])]);
        const names = new Set(
          left.map(({ alertname = "" }) => alertname).filter((name) => severities.get(name) !== "none"),
        );
        assert.deepEqual([...names], moment.heard, `${title}, step ${moment.at}`);
      }
  });

  it("never leaves nobody to be heard, whatever fires", () => {
    const instance = fc.constantFrom("cp1", "w1");
    const job = fc.constantFrom("etcd", "apiserver", "kubelet", "coredns", "kube-scheduler");
    const told = [...severities.keys()].filter((name) => severities.get(name) !== "none");
    const alert = fc.record({ alertname: fc.constantFrom(...told), instance, job });
    fc.assert(
      fc.property(fc.array<Firing>(alert, { minLength: 1, maxLength: 12 }), (firing) => {
        const left = heard(firing);
        assert.ok(left.length > 0, JSON.stringify(firing));
        // A page is made silent by pages alone.
        const pages = (alerts: readonly Firing[]) =>
          alerts.filter(({ alertname = "" }) => severities.get(alertname) === "critical");
        if (pages(firing).length > 0) assert.ok(pages(left).length > 0, JSON.stringify(firing));
      }),
      { numRuns: 2000 },
    );
  });

  it("never touches what is always on, nor other hosts", () => {
    const watchdog = { alertname: "Watchdog" };
    const others = ["EtcdMemberDown", "NodeNotReady", "TargetDown"].map((alertname) => ({ alertname, instance: "w2" }));
    assert.deepEqual(heard([{ alertname: "HostDown", instance: "w1" }, watchdog, ...others]).slice(1), [
      watchdog,
      ...others,
    ]);
  });

  it("stays silent for some time after its cause has ended, and others do not", () => {
    const end = { alertname: "CauseEnded", cause: "ApiServerDown", within: "5m", instance: "cp2", job: "apiserver" };
    const late = { alertname: "HostServiceDown", instance: "cp2", job: "apiserver" };
    const others = [
      { ...late, instance: "cp1" },
      { ...late, job: "kubelet" },
      { alertname: "ApiServerDown", instance: "cp2", job: "apiserver" },
    ];
    assert.deepEqual(heard([end, late, ...others]), [end, ...others]);
    assert.deepEqual(heard([{ ...end, within: "30m" }, late]), [{ ...end, within: "30m" }, late]);
    const restarting = { ...late, alertname: "ServiceRestarting" };
    assert.deepEqual(heard([end, restarting]), [end, restarting]);
    assert.deepEqual(heard([{ ...end, within: "30m" }, restarting]).length, 1);
  });

  it("never makes a cause silent that comes again", () => {
    for (const { by } of causes)
      for (const cause of by) {
        const again = { alertname: cause, instance: "w1", job: "kubelet" };
        for (const within of ["5m", ...Object.values(lags)]) {
          const end = { alertname: "CauseEnded", cause, within, instance: "w1", job: "kubelet" };
          assert.ok(heard([end, again]).includes(again), `${cause}, ${within}`);
        }
      }
  });

  it("may go on for as long as it looks back", () => {
    const minutes = (time: string) => Number.parseInt(time, 10) * (time.endsWith("h") ? 60 : 1);
    const targets = new Set(causes.flatMap(({ silent }) => ("allBut" in silent ? [] : silent)));
    const exprs = new Map(allAlerts.map(({ name, expr }) => [name, expr]));
    // Of two windows that both have to tell, the short one counts: its expressions begin with the long one, 6 hours or 1 hour.
    const shortOnes: Record<string, string> = { ApiErrors: "30m", ServiceRestarting: "20m" };
    // Goes by a trend, and says of a disk what is true.
    const trends = ["HostDiskFilling"];
    for (const name of [...targets].filter((one) => !trends.includes(one))) {
      const windows = [...(exprs.get(name) ?? "").matchAll(/\[(\d+[smhd])/g)].map(([, window = "5m"]) => window);
      const longest = shortOnes[name] ?? windows.toSorted((one, other) => minutes(one) - minutes(other)).at(-1) ?? "1m";
      assert.ok(minutes(longest) <= minutes(lags[name] ?? "5m"), `${name} looks back ${longest}`);
    }
    for (const name of Object.keys(lags)) assert.ok(targets.has(name), name);
  });

  it("is what Alertmanager is given", () => {
    assert.deepEqual(inhibitRules()[0], {
      source_matchers: ['alertname=~"HostDown"'],
      target_matchers: ['alertname!~"HostDown"'],
      equal: ["instance"],
    });
    assert.deepEqual(
      inhibitRules().find(({ source_matchers }) => source_matchers[0] === 'alertname=~"NodeNotReady"'),
      {
        source_matchers: ['alertname=~"NodeNotReady"'],
        target_matchers: ['alertname=~"TargetDown"', 'job=~"kubelet"'],
        equal: ["instance"],
      },
    );
  });
});
