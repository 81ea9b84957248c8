import assert from "node:assert/strict";
import { planHost } from "../../../../plan/bundles/index.ts";
import { kubernetesMinors } from "../../../../plan/together.ts";
import { configOf, hostsOf } from "../../../support/cluster.ts";

const [one] = hostsOf([
  { name: "one", address: "192.0.2.11", roles: ["etcd", "control-plane", "load-balancer", "worker"] },
]);
const host = one ?? assert.fail();
const planned = (raw: Record<string, unknown> = {}) => planHost({ host, hosts: [host], config: configOf(raw) });

describe("what is planned to be judged", () => {
  it("is every service whose flags or files an operator can reach", () => {
    const judged = planned().flatMap(({ judges }) => (judges ?? []).map(({ unit }) => unit));
    assert.deepEqual(judged.sort(), [
      "containerd.service",
      "etcd.service",
      "haproxy.service",
      "kube-apiserver.service",
      "kube-controller-manager.service",
      "kube-proxy.service",
      "kube-scheduler.service",
      "kubelet.service",
    ]);
  });

  it("is a unit of the same bundle, which calls the executable that judges", () => {
    for (const { units, files, judges = [] } of planned()) {
      for (const { unit, name, args } of judges) {
        assert.ok(units.includes(unit), unit);
        const text = files.find(({ path }) => path.endsWith(`/${unit}`))?.content ?? "";
        const executable = name === "start" ? args.executable : args.words[0];
        assert.ok(text.includes(executable), `${unit} and ${executable}`);
        // The host script takes the arguments from the lines after it.
        if (name === "start") assert.match(text, new RegExp(`(^ExecStart=|^  )${executable} \\\\\n  --`, "m"));
      }
    }
  });

  it("needs no blank in what a program is to say", () => {
    for (const { judges = [] } of planned())
      for (const { name, args } of judges) if (name === "start") assert.doesNotMatch(args.accepted, /\s/);
  });
});

describe("flags by minor version of Kubernetes", () => {
  const unitOf = (minor: number): string =>
    planned({ kubernetesVersion: `1.${minor}.0` })
      .flatMap(({ files }) => files)
      .find(({ path }) => path.endsWith("/kube-apiserver.service"))?.content ?? "";

  it("are those that each of them takes", () => {
    const has: Record<number, boolean> = { 35: false, 36: true };
    const minors = Array.from(
      { length: kubernetesMinors.newest - kubernetesMinors.oldest + 1 },
      (_, n) => kubernetesMinors.oldest + n,
    );
    for (const minor of minors) assert.equal(unitOf(minor).includes("--peer-ca-file="), has[minor], `1.${minor}`);
  });
});
