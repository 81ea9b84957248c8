import assert from "node:assert/strict";
import { once } from "node:events";
import path from "node:path";
import { eventually } from "../../support/eventually.ts";
import { fetchInside, outsideUrl } from "../support/http.ts";
import { Kube } from "../support/kube.ts";
import type { Project } from "../support/project.ts";

const manifest = path.join(import.meta.dirname, "../manifests/workloads.yaml");

/** What applications need of a cluster. They run on for the scenarios that come after. */
export function workloads(project: Project): void {
  describe("workloads", () => {
    let kube: Kube;
    /** The client pod of each worker. */
    const clients = new Map<string, string>();
    /** Address and Node of the pods of the Deployment. */
    const web: { ip: string; node: string; name: string }[] = [];

    before(async () => {
      kube = await Kube.open(project);
    });
    after(() => {
      kube.close();
    });

    /** Runs a program in the client pod of a worker. */
    const inside = (worker: string, ...command: string[]) =>
      kube.ask("exec", "-n", "work", clients.get(worker) ?? "", "--", ...command);
    const get = (worker: string, url: string) => inside(worker, "web", "get", url);

    it("start: a Deployment spread over both workers, a DaemonSet on each", async () => {
      await kube.ask("apply", "-f", manifest);
      await kube.rolledOut("deployment/web");
      await kube.rolledOut("daemonset/client");
      const pods = await kube.list(
        "pods",
        '{range .items[*]}{.metadata.labels.app} {.status.podIP} {.spec.nodeName} {.metadata.name}{"\\n"}{end}',
        "-n",
        "work",
      );
      for (const line of pods) {
        const [app = "", ip = "", node = "", name = ""] = line.split(" ");
        if (app === "web") web.push({ ip, node, name });
        if (app === "client") clients.set(node, name);
      }
      assert.deepEqual(web.map(({ node }) => node).sort(), ["w1", "w1", "w2", "w2"]);
      assert.deepEqual([...clients.keys()].sort(), ["w1", "w2"]);
    });

    it("reach pods on their own host and on the other, with the address of the asking pod", async () => {
      const client = await kube.ask(
        "get",
        "pod",
        "-n",
        "work",
        clients.get("w1") ?? "",
        "-o",
        "jsonpath={.status.podIP}",
      );
      for (const { ip, name } of web) {
        assert.equal(await get("w1", `http://${ip}:8080/x`), `host=${name} path=/x client=${client}`);
      }
    });

    it("reach services by address and by name: service, headless, external, and across namespaces", async () => {
      const address = await kube.ask("get", "service", "-n", "work", "web", "-o", "jsonpath={.spec.clusterIP}");
      for (const name of [address, "web", "web.work", "web.work.svc.cluster.local", "elsewhere"]) {
        assert.match(await get("w2", `http://${name}/`), /^host=web-/, name);
      }
      const peers = await inside("w2", "nslookup", "web-peers.work.svc.cluster.local");
      for (const { ip } of web) assert.ok(peers.includes(ip), `${ip} in ${peers}`);
      assert.match(await inside("w1", "nslookup", "kubernetes.default.svc.cluster.local"), /10\.29\.0\.1\b/);
      assert.match(await inside("w1", "nslookup", "ordered-1.ordered.work.svc.cluster.local"), /10\.28\./);
    });

    it("reach the API by the kubernetes service, with the token of their service account and its rights", async () => {
      const account = "/var/run/secrets/kubernetes.io/serviceaccount";
      const ask = (url: string) =>
        inside("w1", "web", "get", "-ca", `${account}/ca.crt`, "-token", `${account}/token`, url);
      const api = "https://kubernetes.default.svc/api/v1/namespaces/work";
      assert.match(await ask(`${api}/pods`), /"kind": ?"PodList"/);
      await assert.rejects(ask(`${api}/secrets`), /403 Forbidden/);
    });

    it("are reached from outside: by the port of a Node, and through the load balancer", async () => {
      for (const url of ["http://10.27.0.21:30080/", "http://10.27.0.22:30080/", outsideUrl]) {
        assert.match(await fetchInside(project, url), /^host=web-/, url);
      }
    });

    it("are watched and entered: logs, exec, port-forward, top", async () => {
      const [pod] = web;
      assert.ok(pod);
      assert.match(await kube.ask("logs", "-n", "work", pod.name), /GET \/healthz|listens on port 8080|GET \/x from/);
      assert.equal(await kube.ask("exec", "-n", "work", pod.name, "--", "hostname"), pod.name);
      const forward = kube.start("port-forward", "-n", "work", `pod/${pod.name}`, "18080:8080");
      try {
        assert.ok(forward.stdout);
        await once(forward.stdout, "data");
        assert.match(await fetchInside(project, "http://127.0.0.1:18080/f"), new RegExp(`^host=${pod.name} path=/f`));
      } finally {
        const closed = once(forward, "close");
        forward.kill("SIGTERM");
        await closed;
      }
      await eventually("metrics of pods and Nodes", 120, async () => {
        const [pods, all] = await Promise.all([kube.run("top", "pods", "-n", "work"), kube.run("top", "nodes")]);
        const complete =
          pods.code === 0 && ["cp1", "cp2", "cp3", "w1", "w2"].every((name) => all.stdout.includes(name));
        return complete && pods.stdout.includes(pod.name) ? true : undefined;
      });
    });

    it("are given ConfigMaps, Secrets, tokens, memory and files of the host", async () => {
      assert.equal(await inside("w1", "cat", "/mnt/settings/colour"), "green");
      assert.equal(await inside("w1", "cat", "/mnt/credentials/password"), "correct-horse");
      const [, payload = ""] = (await inside("w1", "cat", "/mnt/token/token")).split(".");
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as { aud: string[]; sub: string };
      assert.deepEqual(claims.aud, ["tests"]);
      assert.equal(claims.sub, "system:serviceaccount:work:reader");
      assert.match(await inside("w1", "df", "/mnt/scratch"), /tmpfs/);
      assert.equal(await inside("w2", "cat", "/mnt/host/hostname"), "w2");
    });

    it("run to their end as Jobs", async () => {
      await kube.ask("wait", "-n", "work", "--for=condition=complete", "job/once", "--timeout=120s");
      assert.match(await kube.ask("logs", "-n", "work", "-l", "job-name=once"), /^done\ndone$/);
    });

    it("are restarted when their liveness probe fails", async () => {
      await kube.ask("wait", "-n", "work", "--for=condition=ready", "pod/mortal", "--timeout=60s");
      await kube.ask("exec", "-n", "work", "mortal", "--", "rm", "/tmp/alive");
      await eventually("a restart", 60, async () => {
        const [count] = await kube.list("pod", "{.status.containerStatuses[0].restartCount}", "-n", "work", "mortal");
        return Number(count) > 0 ? true : undefined;
      });
    });

    it("start in order as StatefulSets", async () => {
      await kube.rolledOut("statefulset/ordered");
      const lines = await kube.list(
        "pods",
        '{range .items[*]}{.metadata.name} {.metadata.creationTimestamp} {.status.conditions[?(@.type=="Ready")].lastTransitionTime}{"\\n"}{end}',
        "-n",
        "work",
        "-l",
        "app=ordered",
      );
      const pods = lines.sort().map((line) => line.split(" "));
      assert.equal(pods.length, 3);
      pods.slice(1).forEach(([name, created = ""], index) => {
        assert.ok(created >= (pods[index]?.[2] ?? ""), `${name ?? ""} was created before the one before it was ready`);
      });
    });

    it("roll out as DaemonSets", async () => {
      await kube.ask("set", "env", "-n", "work", "daemonset/client", "GENERATION=2");
      await kube.rolledOut("daemonset/client");
      const values = await kube.list(
        "pods",
        '{range .items[*]}{.spec.containers[0].env[0].value}{"\\n"}{end}',
        "-n",
        "work",
        "-l",
        "app=client",
        "--field-selector=status.phase=Running",
      );
      assert.ok(values.filter((value) => value === "2").length === 2, values.join(", "));
    });

    it("keep their disruption budget while a Node is drained", async () => {
      const drained = kube.run(
        "drain",
        "w1",
        "--ignore-daemonsets",
        "--delete-emptydir-data",
        "--force",
        "--timeout=180s",
      );
      let lowest = 4;
      let over = false;
      const watching = (async () => {
        while (!over) {
          const [ready = "0"] = await kube.list("deployment", "{.status.readyReplicas}", "-n", "work", "web");
          lowest = Math.min(lowest, Number(ready));
        }
      })();
      const run = await drained;
      over = true;
      await watching;
      assert.equal(run.code, 0, run.text);
      assert.ok(lowest >= 3, `${lowest} of 4 were ready`);
      await kube.ask("uncordon", "w1");
      await kube.ask("rollout", "restart", "-n", "work", "deployment/web");
      await kube.rolledOut("deployment/web");
    });
  });
}
