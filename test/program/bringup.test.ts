import assert from "node:assert/strict";
import { deploy } from "../../components/program.ts";
import { bringUp } from "../../plan/bringup.ts";
import type { HostInput } from "../../plan/inventory.ts";
import { hostsOf, rawConfig, threeHosts } from "../support/cluster.ts";
import { answered, pinned, programArgs } from "../support/program.ts";
import { record, type Registration } from "../support/recorder.ts";
import { markdownTable, matchSection } from "../support/snapshot.ts";

const inventory: HostInput[] = [...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }];
const hosts = hostsOf(inventory);

const args = programArgs(
  { config: { ...rawConfig, tenants: { shop: {} }, metrics: {} }, inventory: pinned(inventory) },
  hosts,
);

/** Names of resources that make up steps of no host of their own. */
const componentsOf: Readonly<Record<string, string>> = {
  "demo-pki": "keys",
  addons: "addons",
  access: "access",
  tenants: "tenants",
};

/** The step that a resource belongs to; undefined for what belongs to none, such as the cluster's id. */
function stepOf(item: Registration, byUrn: ReadonlyMap<string, Registration>): string | undefined {
  const step = bringUp.find(
    ({ name }) => item.type === "command:remote:Command" && (item.name === name || item.name.endsWith(`-${name}`)),
  );
  if (step !== undefined) return step.name;
  const parent = byUrn.get(item.parent);
  return componentsOf[item.name] ?? (parent === undefined ? undefined : stepOf(parent, byUrn));
}

/** Step → the steps that it waits for, without those that they wait for in turn. */
function waitsOf(registrations: readonly Registration[]): Map<string, string[]> {
  const byUrn = new Map(registrations.map((item) => [item.urn, item]));
  const direct = new Map<string, Set<string>>();
  for (const item of registrations) {
    const step = stepOf(item, byUrn);
    if (step === undefined) continue;
    const waits = direct.get(step) ?? new Set<string>();
    for (const urn of item.waitsFor) {
      const earlier = byUrn.get(urn);
      const other = earlier === undefined ? undefined : stepOf(earlier, byUrn);
      if (other !== undefined && other !== step) waits.add(other);
    }
    direct.set(step, waits);
  }
  const all = (step: string): Set<string> =>
    new Set([...(direct.get(step) ?? [])].flatMap((earlier) => [earlier, ...all(earlier)]));
  return new Map(
    [...direct].map(([step, waits]) => {
      const implied = new Set([...waits].flatMap((earlier) => [...all(earlier)]));
      return [step, [...waits].filter((earlier) => !implied.has(earlier))];
    }),
  );
}

describe("the steps of a bring-up", () => {
  it("are all performed by the program, none before one that stands above it, and documented", async () => {
    const { registrations } = await record(() => deploy(args), { state: answered });
    const waits = waitsOf(registrations);
    const names = bringUp.map(({ name }) => name);
    assert.deepEqual([...waits.keys()].sort(), [...names].sort());
    for (const [step, earlier] of waits)
      for (const name of earlier) assert.ok(names.indexOf(name) < names.indexOf(step), `${step} waits for ${name}`);
    const rows = bringUp.map(({ name, title, audience }) => {
      const earlier = names.filter((candidate) => waits.get(name)?.includes(candidate));
      return [`\`${name}\``, title, audience.title, earlier.map((step) => `\`${step}\``).join(", ")];
    });
    await matchSection("architecture.md", "steps", markdownTable([["step", "done when", "for", "waits for"], ...rows]));
  });
});
