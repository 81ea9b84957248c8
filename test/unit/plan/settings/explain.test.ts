import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { planHost } from "../../../../plan/bundles/index.ts";
import type { HostInput } from "../../../../plan/inventory.ts";
import { unreadSecret } from "../../../../plan/rawconfig.ts";
import { explain, explainedBelow, originText, type Explained } from "../../../../plan/settings/explain.ts";
import { maskedSettings } from "../../../../plan/settings/masked.ts";
import { explainedDocument, explainedLines } from "../../../../cli/render/explain.ts";
import { configOf, hostsOf, threeHosts } from "../../../support/cluster.ts";

const worker: HostInput = { name: "w1", address: "192.0.2.21", roles: ["worker"], labels: { disk: "nvme" } };

function explained(config: Record<string, unknown>, settings: object = {}) {
  const hosts = hostsOf([...threeHosts, { ...worker, settings }]);
  const host = hosts.at(-1);
  assert.ok(host);
  const parsed = configOf(config);
  const values = explain(host, hosts, parsed);
  const files = planHost({ host, hosts, config: parsed }).flatMap((bundle) => bundle.files);
  const fileOf = (end: string) => files.find(({ path }) => path.endsWith(end))?.content ?? "";
  return { values, fileOf };
}

const find = (values: readonly Explained[], ...path: string[]): Explained => {
  const found = values.find((one) => JSON.stringify(one.path) === JSON.stringify(path));
  assert.ok(found, path.join("."));
  return found;
};
const decider = (values: readonly Explained[], ...path: string[]): string[] =>
  find(values, ...path).origins.map((origin) => originText(origin, path[0] ?? "", "prod"));

/** The structure that explained values come to. */
function structureOf(values: readonly Explained[], key: string): unknown {
  const root: Record<string, unknown> = {};
  for (const { path, value } of values) {
    if (path[0] !== key || value === undefined) continue;
    const names = path.slice(1);
    let at = root;
    for (const name of names.slice(0, -1)) at = (at[name] ??= {}) as Record<string, unknown>;
    at[names.at(-1) ?? ""] = value;
  }
  return root;
}

describe("explained settings", () => {
  it("tell who decides", () => {
    const { values } = explained(
      {
        openFilesLimit: 100000,
        kubeletConfig: { maxPods: 100, podPidsLimit: 1 },
        sysctls: { "vm.panic_on_oom": "" },
        groups: [
          { selector: { disk: "nvme" }, kubeletConfig: { maxPods: 90, kubeReserved: { cpu: "2" } } },
          { selector: { disk: "hdd" }, kubeletConfig: { maxPods: 1 } },
        ],
      },
      { kubeletConfig: { evictionHard: null, registerWithTaints: [{ key: "a", effect: "NoSchedule" }] } },
    );
    assert.equal(find(values, "kubeletConfig", "maxPods").value, 90);
    assert.deepEqual(decider(values, "kubeletConfig", "maxPods"), ["plinth:groups.0 (disk=nvme)"]);
    assert.deepEqual(decider(values, "kubeletConfig", "kubeReserved", "cpu"), ["plinth:groups.0 (disk=nvme)"]);
    assert.deepEqual(decider(values, "kubeletConfig", "kubeReserved", "memory"), ["Plinth"]);
    assert.deepEqual(decider(values, "kubeletConfig", "podPidsLimit"), ["plinth:kubeletConfig of the stack"]);
    assert.deepEqual(decider(values, "kubeletConfig", "registerWithTaints"), ["hosts/prod.ts", "Plinth"]);
    assert.deepEqual(find(values, "kubeletConfig", "evictionHard", "memory.available"), {
      ...{ path: ["kubeletConfig", "evictionHard", "memory.available"], value: undefined, origins: [{ kind: "host" }] },
    });
    assert.equal(find(values, "sysctls", "vm.panic_on_oom").value, undefined);
    assert.deepEqual(decider(values, "sysctls", "vm.panic_on_oom"), ["plinth:sysctls of the stack"]);
    assert.deepEqual(decider(values, "openFilesLimit"), ["plinth:openFilesLimit of the stack"]);
    assert.deepEqual(decider(values, "interface"), ["Plinth"]);
    assert.deepEqual(decider(values, "directories", "etcd"), ["Plinth"]);
  });

  it("are chosen by a key, printed as a table, and given as data", () => {
    const { values } = explained({}, { kubeletConfig: { maxPods: 7 } });
    const some = explainedBelow(values, "kubeletConfig.maxPods");
    assert.deepEqual(
      explainedLines(some, "prod").map((line) => line.trim().split(/ {2,}/)),
      [
        ["setting", "value", "from"],
        ["kubeletConfig.maxPods", "7", "hosts/prod.ts"],
      ],
    );
    assert.deepEqual(explainedDocument({ stack: "prod", host: "w1", groups: [], values: some }), {
      ...{ stack: "prod", host: "w1", groups: [] },
      values: [{ path: ["kubeletConfig", "maxPods"], value: 7, origins: [{ kind: "host" }] }],
    });
    assert.deepEqual(explainedBelow(values, "kubeletConfig.maxP"), []);
  });

  it("tell all around a secret", () => {
    const raw = maskedSettings({
      kubeletConfig: { a: unreadSecret, b: [unreadSecret, 1] },
      groups: [{ kubeletArgs: { v: unreadSecret } }],
      vip: unreadSecret,
    });
    assert.deepEqual(raw, {
      kubeletConfig: { a: "[secret]", b: ["[secret]", 1] },
      groups: [{ kubeletArgs: { v: "[secret]" } }],
      vip: unreadSecret,
    });
  });

  const name = fc.constantFrom("maxPods", "podPidsLimit", "kubeReserved", "evictionHard", "other", "nodefs.available");
  const leaf = fc.oneof(fc.integer({ min: 1, max: 99 }), fc.constant(null), fc.constant("x"), fc.constant([1]));
  const overlay = fc.dictionary(
    name,
    fc.oneof(leaf, fc.dictionary(name, leaf, { minKeys: 1, noNullPrototype: true })),
    {
      maxKeys: 4,
      noNullPrototype: true,
    },
  );
  const sysctls = fc.dictionary(
    fc.constantFrom("net.core.somaxconn", "fs.inotify.max_user_watches", "vm.swappiness"),
    fc.constantFrom("", "1", "2"),
    { noNullPrototype: true },
  );
  const layer = fc.record({ kubeletConfig: overlay, sysctls });

  it("are what the host is given, and the last one who says something decides", () => {
    fc.assert(
      fc.property(layer, fc.array(layer, { maxLength: 2 }), layer, (stack, groups, host) => {
        const config = { ...stack, groups: groups.map((settings) => ({ selector: { disk: "nvme" }, ...settings })) };
        const { values, fileOf } = explained(config, host);
        const rendered = parse(fileOf("/kubelet.yaml")) as Record<string, unknown>;
        assert.deepEqual(structureOf(values, "kubeletConfig"), rendered);
        const kernel = values
          .filter(({ path, value }) => path[0] === "sysctls" && value !== undefined)
          .map(({ path, value }) => `${path[1] ?? ""} = ${String(value)}\n`);
        assert.equal(
          kernel.sort().join(""),
          fileOf("/sysctl.d/90-plinth.conf")
            .split(/(?<=\n)/)
            .sort()
            .join(""),
        );

        const layers = [
          { is: "stack", says: stack },
          ...groups.map((says, index) => ({ is: `group ${index}`, says })),
          { is: "host", says: host },
        ];
        for (const key of ["maxPods", "podPidsLimit", "other"]) {
          const last = layers.findLast(({ says }) => Object.hasOwn(says.kubeletConfig, key));
          const shown = values.filter(({ path }) => path[0] === "kubeletConfig" && path[1] === key);
          for (const { origins, path } of shown) {
            const [first] = origins;
            assert.ok(first);
            const is = first.kind === "group" ? `group ${first.index}` : first.kind;
            // Below a map another layer may have said it.
            if (path.length === 2) assert.equal(is, last?.is ?? "plinth", path.join("."));
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
