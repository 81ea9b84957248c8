import assert from "node:assert/strict";
import { deploy } from "../../components/program.ts";
import { bundlesOf } from "../../plan/bringup.ts";
import { etcdCertificates } from "../../plan/bundles/etcd.ts";
import type { CertificateFile } from "../../plan/certificates.ts";
import type { HostFacts, HostReading } from "../../plan/facts.ts";
import { kubeletCredentials } from "../../plan/names.ts";
import { rememberedHost } from "../../plan/membership.ts";
import type { HostInput } from "../../plan/inventory.ts";
import { configOf, factsOf, hostsOf, threeHosts } from "../support/cluster.ts";
import { answered, pinned, programArgs } from "../support/program.ts";
import { plain, record, type Registration } from "../support/recorder.ts";

const inventory: HostInput[] = [...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }];
const hosts = hostsOf(inventory);
const config = configOf();
const HOUR = 3_600_000;

const file = (path: string, hours: number): CertificateFile => ({
  ...{ path, subject: `CN=${path}`, isAuthority: false },
  notBefore: new Date(Date.now() - 400 * 24 * HOUR).toISOString(),
  notAfter: new Date(Date.now() + hours * HOUR).toISOString(),
});

/** A cluster that was brought up before; its hosts' certificates have some hours left. */
function readings(left: { etcd: number; kubelet: number }, more: Partial<HostFacts> = {}): Map<string, HostReading> {
  return new Map(
    hosts.map((host) => {
      const etcd = host.roles.includes("etcd") ? etcdCertificates.map((path) => file(path, left.etcd)) : [];
      const bundles = Object.fromEntries(
        bundlesOf(host, config).map(({ name }) => [name, { generation: 3, state: "complete" as const }]),
      );
      const facts = factsOf(host.name, {
        ...{ addresses: { [host.address]: "eth0" }, bundles },
        certificates: [...etcd, file(kubeletCredentials.client, left.kubelet)],
        claim: { cluster: "demo", clusterId: "0123456789abcdef", host: host.name, stack: "demo", generation: 3 },
        populated: [],
        ...more,
      });
      return [host.name, { facts }];
    }),
  );
}

async function run(read: Map<string, HostReading>): Promise<{ registrations: Registration[]; warnings: string[] }> {
  const args = programArgs(
    {
      inventory: pinned(inventory),
      readHosts: () => Promise.resolve(read),
      readPrevious: () =>
        Promise.resolve({
          clusterId: "0123456789abcdef",
          hosts: Object.fromEntries(hosts.map((host) => [host.name, rememberedHost(host, `machine-${host.name}`)])),
        }),
    },
    hosts,
  );
  return record(() => deploy(args), { state: answered });
}

/** The commands that a command waits for, transitively, by name. */
function waits(registrations: readonly Registration[], name: string): Set<string> {
  const byUrn = new Map(registrations.map((item) => [item.urn, item]));
  const seen = new Set<string>();
  const visit = (item: Registration | undefined): void => {
    for (const urn of item?.waitsFor ?? []) {
      const earlier = byUrn.get(urn);
      if (earlier === undefined || seen.has(earlier.urn)) continue;
      seen.add(earlier.urn);
      visit(earlier);
    }
  };
  visit(registrations.find((item) => item.type === "command:remote:Command" && item.name === name));
  return new Set([...seen].map((urn) => byUrn.get(urn)?.name ?? ""));
}

function textOf(registrations: readonly Registration[], name: string): string {
  const found = registrations.find((item) => item.type === "command:remote:Command" && item.name === name);
  return String(plain(found?.inputs["create"]));
}

const nodeSteps = ["w1-drain", "w1-node", "w1-register"];

describe("a cluster whose certificates have ended", () => {
  it("is brought back with all members of etcd at once, then all API servers, then all kubelets", async () => {
    const { registrations, warnings } = await run(readings({ etcd: -1, kubelet: -1 }));
    for (const { name } of hosts.slice(0, 3)) {
      const before = waits(registrations, `${name}-etcd`);
      assert.ok(![...before].some((other) => other.endsWith("-etcd") && other !== `${name}-etcd`), [...before].join());
      for (const other of hosts.slice(0, 3))
        assert.ok(waits(registrations, `${name}-controlplane`).has(`${other.name}-etcd`));
      assert.ok(waits(registrations, "w1-drain").has(`${name}-controlplane`));
    }
    assert.ok(
      !waits(registrations, "w1-drain").has("cp1-register"),
      "kubelets that nobody knows do not wait for each other",
    );
    assert.ok(
      warnings.some((text) => text.includes("renewed on all hosts of the control plane at once")),
      warnings.join("\n"),
    );
    assert.ok(
      warnings.some((text) => text.startsWith("w1: the certificate of its kubelet has ended, so it joins anew")),
    );
    assert.match(textOf(registrations, "w1-drain"), /GENERATION='4' \\\n[^]*JOINED_ANEW='4'/);
    assert.match(textOf(registrations, "w1-node"), /^generation 4$[^]*^prepare join-anew \d+ kubelet\.service 4 /m);
    assert.match(textOf(registrations, "w1-register"), /JOINED_ANEW='4' \\\n {2}HOST_ADDRESS='192\.0\.2\.21'/);
  });

  it("has nothing left to do for a Node afterwards, whose commands go on to name the generation", async () => {
    const { registrations } = await run(readings({ etcd: -1, kubelet: -1 }));
    const bundles = Object.fromEntries(
      ["baseline", "etcd", "controlplane", "loadbalancer", "runtime", "endpoint"].map((name) => [
        name,
        { generation: 3, state: "complete" as const },
      ]),
    );
    const after = readings(
      { etcd: 9000, kubelet: 9000 },
      { joinedAnew: 4, bundles: { ...bundles, node: { generation: 4, state: "complete" } } },
    );
    const next = await run(after);
    for (const name of nodeSteps) assert.equal(textOf(next.registrations, name), textOf(registrations, name), name);
    assert.ok(!next.warnings.some((text) => text.includes("has ended")), next.warnings.join("\n"));
  });

  it("rolls as always where the certificates are good, and says nothing of joining anew", async () => {
    const { registrations, warnings } = await run(readings({ etcd: 9000, kubelet: 9000 }));
    assert.ok(waits(registrations, "cp2-etcd").has("cp1-etcd"));
    assert.ok(waits(registrations, "w1-drain").has("cp1-register"));
    for (const name of nodeSteps) assert.doesNotMatch(textOf(registrations, name), /JOINED_ANEW|join-anew/);
    assert.deepEqual(
      warnings.filter((text) => /ended|expire/.test(text)),
      [],
    );
  });
});
