import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { eventually } from "../../support/eventually.ts";
import { vipHolder } from "../support/hosts.ts";
import { Poller } from "../support/poller.ts";
import { finish, type Project } from "../support/project.ts";

const inventory = "hosts/lab.ts";
const controlPlane = (name: string, n: number): string =>
  `  { name: "${name}", address: "10.27.0.1${n}", roles: ["etcd", "control-plane", "load-balancer"] },`;

/** Takes the line of a host out of the inventory. */
function remove(project: Project, host: string): void {
  const file = path.join(project.dir, inventory);
  const lines = readFileSync(file, "utf8").split("\n");
  const kept = lines.filter((line) => !line.includes(`name: "${host}"`));
  assert.equal(kept.length, lines.length - 1, host);
  writeFileSync(file, kept.join("\n"));
}

/** Puts a line in front of the worker w1. */
function add(project: Project, line: string): void {
  project.edit(inventory, `  { name: "w1"`, `${line}\n  { name: "w1"`);
}

/** The cluster is exactly what the inventory says: members, Nodes, health, and nothing left to do. */
async function settled(project: Project, members: readonly string[]): Promise<void> {
  await eventually("status is green", 120, async () =>
    (await project.plinth("status")).code === 0 ? true : undefined,
  );
  const status = JSON.parse((await project.expect(0, "status", "--json")).stdout) as {
    hosts: Record<string, unknown>;
    nodes: Record<string, unknown>;
  };
  const list =
    "/opt/plinth/bin/etcdctl --endpoints https://127.0.0.1:2379 --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/healthcheck.crt --key /etc/kubernetes/pki/etcd/healthcheck.key member list";
  const found = (await project.read(members[0] ?? "", list))
    .trim()
    .split("\n")
    .map((line) => line.split(", "));
  assert.deepEqual(found.map(([, , name]) => name).sort(), [...members].sort());
  assert.ok(found.every(([, state, , , , learner]) => state === "started" && learner === "false"));
  assert.deepEqual(Object.keys(status.nodes).sort(), Object.keys(status.hosts).sort());
  await project.expect(0, "up", "--yes", "--expect-no-changes");
}

/** Every write that was acknowledged is there; says how many requests failed. */
async function nothingLost(project: Project, title: string, writer: Poller): Promise<void> {
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

/** Hosts leave, come, are lost and come back, each by editing the inventory. */
export function lifecycle(project: Project): void {
  describe("a worker that leaves while a disruption budget blocks", () => {
    it("stops with the name of the pod, and goes on once the budget is relaxed", async () => {
      const manifest = {
        apiVersion: "v1",
        kind: "List",
        items: [
          {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: "pinned", labels: { app: "pinned" } },
            spec: {
              nodeName: "w3",
              terminationGracePeriodSeconds: 1,
              containers: [{ name: "web", image: "localhost/plinth/web:lab", imagePullPolicy: "Never" }],
            },
          },
          {
            apiVersion: "policy/v1",
            kind: "PodDisruptionBudget",
            metadata: { name: "pinned" },
            spec: { minAvailable: 1, selector: { matchLabels: { app: "pinned" } } },
          },
        ],
      };
      const file = path.join(project.dir, "pinned.json");
      writeFileSync(file, JSON.stringify(manifest));
      await project.expect(0, "kubectl", "apply", "-f", file);
      await project.expect(0, "kubectl", "wait", "--for=condition=Ready", "pod/pinned", "--timeout=60s");
      project.configure("drainSeconds", "25");
      remove(project, "w3");
      const { text } = await project.expect(1, "up", "--yes");
      assert.match(text, /w3: it could not be drained within 25 s .*pod default\/pinned: .*disruption budget/s);
      const phase = await project.expect(0, "kubectl", "get", "pod", "pinned", "-o", "jsonpath={.status.phase}");
      assert.equal(phase.stdout, "Running");
      await project.expect(0, "kubectl", "delete", "pdb", "pinned");
      await project.expect(0, "up", "--yes");
      await project.read("cp1", "true");
      await settled(project, ["cp1", "cp2", "cp3"]);
    });
  });

  describe("the first host of the inventory, replaced by another in one edit", () => {
    it("is killed on its way out and in, and finished by the next up", async () => {
      await project.expect(0, "lab", "add", "cp4", "10.27.0.14");
      const writer = await Poller.start(project, { interval: 100, write: `replace-${Date.now()}` });
      remove(project, "cp1");
      add(project, controlPlane("cp4", 4));
      const killedAfter = async (pattern: RegExp): Promise<void> => {
        const child = project.start("up", "--yes");
        const done = finish(child);
        await new Promise<void>((resolve, reject) => {
          let seen = "";
          child.stdout?.on("data", (chunk: Buffer) => {
            seen += chunk.toString();
            if (pattern.test(seen)) resolve();
          });
          child.on("close", (code) => {
            reject(new Error(`up ended with ${code} before it printed ${pattern}:\n${seen}`));
          });
        });
        process.kill(-(child.pid ?? Number.NaN), "SIGKILL");
        await done;
      };
      await killedAfter(/(created|…) (baseline|etcd) on cp4/);
      await killedAfter(/(created|updated|…) (etcd|controlplane) on cp4/);
      await killedAfter(/(updated|created|…) (evacuation|roster)/);
      await project.expect(0, "up", "--yes");
      await nothingLost(project, "replaced", writer);
      await settled(project, ["cp2", "cp3", "cp4"]);
      assert.ok(await vipHolder(project, ["cp2", "cp3", "cp4"]));
      await project.expect(0, "lab", "remove", "cp1");
    });
  });

  describe("a host that is gone for good", () => {
    it("is refused by name until it is declared lost, and then leaves without a word", async () => {
      await project.expect(0, "lab", "kill", "cp3");
      await project.expect(0, "lab", "add", "cp1", "10.27.0.11");
      remove(project, "cp3");
      add(project, controlPlane("cp1", 1));
      const refused = await project.expect(3, "up", "--yes");
      assert.match(refused.text, /cp3: the host is to leave the cluster but cannot be reached.*--lost cp3/);
      const writer = await Poller.start(project, { interval: 100, write: `lost-${Date.now()}` });
      await project.expect(0, "up", "--yes", "--lost", "cp3");
      await nothingLost(project, "lost", writer);
      await settled(project, ["cp1", "cp2", "cp4"]);
    });

    it("is refused when it comes back as it was, until it is reset", async () => {
      await project.expect(0, "lab", "start", "cp3");
      add(project, `  { name: "cp3", address: "10.27.0.13", roles: ["worker"] },`);
      const refused = await project.expect(3, "up", "--yes");
      assert.match(refused.text, /cp3: the host was declared lost and is back .*reset cp3/);
      await project.expect(0, "reset", "cp3", "--yes", "--force");
      await project.expect(0, "up", "--yes");
      await settled(project, ["cp1", "cp2", "cp4"]);
    });
  });

  describe("a host under the same name with a fresh disk", () => {
    it("is refused until it is said that it takes the other's place, and then is one member and one Node", async () => {
      await project.expect(0, "lab", "wipe", "cp2");
      const refused = await project.expect(3, "up", "--yes");
      assert.match(refused.text, /cp2: .*--replace cp2/);
      const writer = await Poller.start(project, { interval: 100, write: `fresh-${Date.now()}` });
      await project.expect(0, "up", "--yes", "--replace", "cp2");
      await nothingLost(project, "fresh disk", writer);
      await settled(project, ["cp1", "cp2", "cp4"]);
    });
  });

  describe("a host that cannot be reached during a change of others", () => {
    it("is left as it is, the others are done, and the exit code says so", async () => {
      await project.expect(0, "lab", "partition", "w1");
      project.configure("apiserverArgs", '{ v: "1" }');
      const run = await project.expect(1, "up", "--yes");
      for (const host of ["cp1", "cp2", "cp4"]) assert.match(run.text, new RegExp(`updated controlplane on ${host}`));
      assert.match(run.text, /not done, left as it is: w1: /);
      await project.expect(0, "lab", "heal", "w1");
      await settled(project, ["cp1", "cp2", "cp4"]);
    });
  });
}
