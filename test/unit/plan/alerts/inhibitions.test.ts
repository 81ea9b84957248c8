import assert from "node:assert/strict";
import fc from "fast-check";
import { allAlerts } from "../../../../plan/alerts/index.ts";
import { heard, inhibitions, inhibitRules, type Firing } from "../../../../plan/alerts/inhibitions.ts";
import { scenarios } from "../../../alerts/scenarios/index.ts";

const severities = new Map(allAlerts.map(({ name, severity }) => [name, severity]));
const targetsOf = ({ by, silent }: (typeof inhibitions)[number]): string[] =>
  [...severities.keys()].filter((name) => (silent === "all" ? !by.includes(name) : silent.includes(name)));

describe("what follows from an alert", () => {
  it("is told by names of alerts that there are", () => {
    for (const { by, silent } of inhibitions)
      for (const name of [...by, ...(silent === "all" ? [] : silent)]) assert.ok(severities.has(name), name);
  });

  it("is never a page where the cause is none", () => {
    for (const one of inhibitions)
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
        const names = new Set(heard(moment.firing).map(({ alertname }) => alertname));
        assert.deepEqual([...names], moment.heard, `${title}, step ${moment.at}`);
      }
  });

  it("never leaves nobody to be heard, whatever fires", () => {
    const instance = fc.constantFrom("cp1", "w1");
    const job = fc.constantFrom("etcd", "apiserver", "kubelet", "coredns", "kube-scheduler");
    const alert = fc.record({ alertname: fc.constantFrom(...severities.keys()), instance, job });
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
