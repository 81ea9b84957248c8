import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Poller } from "./poller.ts";
import type { Project } from "./project.ts";
import { healthy } from "./status.ts";

const inventory = "hosts/lab.ts";
const pki = "/etc/kubernetes/pki/etcd";
/** etcdctl on a control-plane host of the lab. */
export const etcdctl = `/opt/plinth/bin/etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${pki}/ca.crt --cert=${pki}/healthcheck.crt --key=${pki}/healthcheck.key`;
/** kubectl there, with eyes for Nodes and pods only. */
export const kubectlOnHost = "/opt/plinth/bin/kubectl --kubeconfig /etc/kubernetes/scheduler.conf";

/** The inventory's line of a lab host that serves in the control plane. */
export const controlPlaneLine = (name: string): string =>
  `  { name: "${name}", address: "10.27.0.1${name.slice(2)}", roles: ["etcd", "control-plane", "load-balancer"] },`;

/** Takes the lines of hosts out of the inventory. */
export function removeHosts(project: Project, ...names: readonly string[]): void {
  const file = path.join(project.dir, inventory);
  const lines = readFileSync(file, "utf8").split("\n");
  const kept = lines.filter((line) => !names.some((name) => line.includes(`name: "${name}"`)));
  assert.equal(kept.length, lines.length - names.length, names.join());
  writeFileSync(file, kept.join("\n"));
}

/** Puts lines in front of the worker w1. */
export function addHosts(project: Project, ...lines: readonly string[]): void {
  project.edit(inventory, `  { name: "w1"`, `${lines.map((line) => `${line}\n`).join("")}  { name: "w1"`);
}

/** The cluster is exactly what the inventory says: members, Nodes, health, and nothing left to do. */
export async function settled(project: Project, members: readonly string[]): Promise<void> {
  await healthy(project, 120);
  const status = JSON.parse((await project.expect(0, "status", "--json")).stdout) as {
    hosts: Record<string, unknown>;
    nodes: Record<string, unknown>;
  };
  const found = (await project.read(members[0] ?? "", `${etcdctl} member list`))
    .trim()
    .split("\n")
    .map((line) => line.split(", "));
  assert.deepEqual(found.map(([, , name]) => name).sort(), [...members].sort());
  assert.ok(found.every(([, state, , , , learner]) => state === "started" && learner === "false"));
  assert.deepEqual(Object.keys(status.nodes).sort(), Object.keys(status.hosts).sort());
  await project.expect(0, "up", "--yes", "--expect-no-changes");
}

/** Every write that was acknowledged is there; says how many requests failed. */
export async function nothingLost(project: Project, title: string, writer: Poller): Promise<void> {
  const { attempts, failures, gap } = await writer.stop();
  const acknowledged = attempts.filter((attempt) => attempt.ok).map((attempt) => attempt.name);
  const { stdout } = await project.expect(0, "kubectl", "get", "configmaps", "-o", "name");
  const stored = new Set(stdout.split("\n").map((line) => line.replace("configmap/", "")));
  assert.ok(acknowledged.length > 10);
  assert.deepEqual(
    acknowledged.filter((name) => !stored.has(name)),
    [],
  );
  console.log(`      ${title}: ${failures.length} of ${attempts.length} writes failed, longest gap ${gap} ms`);
}
