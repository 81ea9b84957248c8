import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import { eventually } from "../../support/eventually.ts";
import { assertOneAtATime, hosts, lastRestart } from "../support/hosts.ts";
import { Inside, operatorAddress } from "../support/inside.ts";
import { Kube } from "../support/kube.ts";
import { Poller } from "../support/poller.ts";
import type { Project } from "../support/project.ts";

interface Receiver {
  url: string;
  certificate: string;
}

const secret = "the-token-of-the-webhooks";
const directory = "/etc/kubernetes/apiserver";
const image = "localhost/plinth/web:lab";

/** What the API refuses by itself, and what is added to that: webhooks with files and secrets of one's own. */
export function admission(project: Project): void {
  describe("protections of the API, and files of one's own", () => {
    let admin: Kube;
    let tenant: Kube;
    let receiver: Inside<Receiver>;

    before(async () => {
      admin = await Kube.open(project);
      const { stdout } = await project.expect(0, "outputs", "tenantKubeconfigs", "--json", "--show-secrets");
      tenant = await Kube.open(project, (JSON.parse(stdout) as Record<string, string>)["demo"]);
      receiver = await Inside.start<Receiver>(project, "receiver-process.ts", operatorAddress, secret);
    });
    after(async () => {
      admin.close();
      tenant.close();
      await receiver.stop();
    });

    const counts = async () => JSON.parse(await receiver.ask("how many")) as { events: number; reviews: number };
    /** A file of the operator: how the receiver is called. */
    const kubeconfigFile = (name: string): string => {
      const file = path.join(project.dir, `${name}.conf`);
      const cluster = {
        server: `${receiver.begin.url}/${name}`,
        "certificate-authority-data": Buffer.from(receiver.begin.certificate).toString("base64"),
      };
      const config = {
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name, cluster }],
        users: [{ name, user: { token: secret } }],
        contexts: [{ name, context: { cluster: name, user: name } }],
        "current-context": name,
      };
      writeFileSync(file, stringify(config), { mode: 0o600 });
      return file;
    };
    const privileged = (namespace: string, name: string) =>
      admin.run(
        "run",
        name,
        "-n",
        namespace,
        `--image=${image}`,
        "--privileged",
        "--restart=Never",
        "--dry-run=server",
      );

    it("refuse external addresses of a tenant's Service, and privileged pods in a namespace without a label", async () => {
      await tenant.ask("create", "service", "clusterip", "ours", "--tcp=80");
      const patch = '{"spec":{"externalIPs":["10.27.0.11"]}}';
      const stolen = await tenant.run("patch", "service", "ours", "-p", patch);
      assert.notEqual(stolen.code, 0);
      assert.match(stolen.text, /Use of external IPs is denied by admission control/);
      await tenant.ask("delete", "service", "ours");
      assert.match((await privileged("default", "strong")).text, /violates PodSecurity "baseline:latest"/);
      assert.equal((await privileged("kube-system", "strong")).code, 0, "the cluster's own are exempt");
    });

    it("keep a tenant off control-plane hosts, off the cluster's priorities, and from credentials that last", async () => {
      const container = {
        name: "web",
        image,
        imagePullPolicy: "Never",
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      };
      const plain = {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        containers: [container],
      };
      /** As the API answers to a tenant's pod; nothing is made. */
      const pod = (spec: object) =>
        tenant.run(
          ...["run", "escape", `--image=${image}`, "--restart=Never", "--dry-run=server"],
          ...["--overrides", JSON.stringify({ apiVersion: "v1", spec: { ...plain, ...spec } })],
        );
      assert.equal((await pod({})).code, 0, (await pod({})).text);
      const toleration = "node-role.kubernetes.io/control-plane";
      const escapes: [object, RegExp][] = [
        [{ nodeName: "cp1" }, /plinth-control-plane-hosts.*is a control-plane host/],
        [{ tolerations: [{ operator: "Exists" }] }, /plinth-control-plane-hosts.*which keeps pods off/],
        [
          { tolerations: [{ key: toleration, operator: "Exists" }] },
          /plinth-control-plane-hosts.*which keeps pods off/,
        ],
        [{ priorityClassName: "system-node-critical" }, /plinth-system-priorities/],
        [{ priorityClassName: "system-cluster-critical" }, /plinth-system-priorities/],
        [{ hostNetwork: true }, /violates PodSecurity/],
        [{ hostPID: true }, /violates PodSecurity/],
        [{ volumes: [{ name: "host", hostPath: { path: "/" } }] }, /violates PodSecurity/],
        [{ containers: [{ ...container, securityContext: { privileged: true } }] }, /violates PodSecurity/],
      ];
      for (const [spec, reason] of escapes) {
        const refused = await pod(spec);
        assert.notEqual(refused.code, 0, JSON.stringify(spec));
        assert.match(refused.text, reason);
      }
      const token = await tenant.run("create", "token", "default", "--duration=87600h");
      assert.equal(token.code, 0, token.text);
      const [, claims = ""] = token.stdout.trim().split(".");
      const { iat, exp } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { iat: number; exp: number };
      assert.equal(exp - iat, 24 * 3600);
      const file = path.join(project.dir, "secret.json");
      const annotations = { "kubernetes.io/service-account.name": "default" };
      const type = "kubernetes.io/service-account-token";
      writeFileSync(
        file,
        JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "forever", annotations }, type }),
      );
      const secret = await tenant.run("create", "-f", file);
      assert.notEqual(secret.code, 0);
      assert.match(secret.text, /plinth-token-secrets.*holds a token that never ends/);
      assert.equal(
        await tenant.ask("get", "serviceaccount", "default", "-o", "jsonpath={.automountServiceAccountToken}"),
        "false",
      );
      for (const host of ["w1", "cp1"])
        assert.match(await project.read(host, "cat /etc/kubernetes/kubelet.yaml"), /^podPidsLimit: 4096$/m);
    });

    it("let a tenant deploy, read logs, run commands, forward ports, and make its own policies and roles", async () => {
      const labels = { app: "needs" };
      const template = {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              ...{ name: "web", image, imagePullPolicy: "Never", ports: [{ containerPort: 8080 }] },
              readinessProbe: { httpGet: { path: "/healthz", port: 8080 } },
              resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "32Mi" } },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
            },
          ],
        },
      };
      const workload = (kind: string, app: string) => ({
        ...{ apiVersion: "apps/v1", kind, metadata: { name: "needs" } },
        spec: {
          selector: { matchLabels: { app } },
          template: { ...template, metadata: { labels: { app } } },
        },
      });
      const rbac = "rbac.authorization.k8s.io";
      const items = [
        workload("Deployment", "needs"),
        workload("DaemonSet", "needs-everywhere"),
        {
          ...{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "needs" } },
          spec: { podSelector: { matchLabels: labels }, policyTypes: ["Ingress"], ingress: [{}] },
        },
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "needs" } },
        {
          ...{ apiVersion: `${rbac}/v1`, kind: "Role", metadata: { name: "needs" } },
          rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] }],
        },
        {
          ...{ apiVersion: `${rbac}/v1`, kind: "RoleBinding", metadata: { name: "needs" } },
          roleRef: { apiGroup: rbac, kind: "Role", name: "needs" },
          subjects: [{ kind: "ServiceAccount", name: "needs", namespace: "demo" }],
        },
      ];
      const file = path.join(project.dir, "needs.json");
      writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
      const made = await tenant.run("create", "-f", file);
      assert.equal(made.code, 0, made.text);
      assert.doesNotMatch(made.text, /Warning/);
      for (const kind of ["deployment", "daemonset"])
        await tenant.ask("rollout", "status", `${kind}/needs`, "--timeout=120s");
      assert.match(await tenant.ask("exec", "deployment/needs", "--", "hostname"), /^needs-/);
      assert.equal((await tenant.run("logs", "deployment/needs")).code, 0);
      const forward = tenant.start("port-forward", "deployment/needs", ":8080");
      try {
        const [line] = (await once(forward.stdout ?? assert.fail(), "data")) as [Buffer];
        assert.match(line.toString(), /Forwarding from 127\.0\.0\.1:\d+ -> 8080/);
      } finally {
        forward.kill();
      }
      await tenant.ask("delete", "-f", file, "--wait=true", "--timeout=60s");
    });

    it("roll with an audit webhook and an image policy, merged, one host at a time and without a failed request", async () => {
      const files = {
        [`${directory}/audit.conf`]: { file: kubeconfigFile("audit") },
        [`${directory}/images.conf`]: { file: kubeconfigFile("images") },
      };
      project.configure("apiserverFiles", JSON.stringify(files));
      project.configure(
        "apiserverArgs",
        JSON.stringify({
          "audit-webhook-config-file": `${directory}/audit.conf`,
          "audit-webhook-batch-max-wait": "1s",
          "enable-admission-plugins": "ExtendedResourceToleration",
        }),
      );
      const imagePolicy = { allowTTL: 1, denyTTL: 1, retryBackoff: 500, defaultAllow: true };
      const plugins = {
        ImagePolicyWebhook: { imagePolicy: { ...imagePolicy, kubeConfigFile: `${directory}/images.conf` } },
        PodSecurity: { exemptions: { namespaces: ["storage"] } },
      };
      project.configure("admission", JSON.stringify(plugins));
      const { text } = await project.expect(0, "preview", "--diff");
      assert.doesNotMatch(text, new RegExp(secret));
      assert.match(
        text,
        /--enable-admission-plugins=DenyServiceExternalIPs,EventRateLimit,ExtendedResourceToleration,ImagePolicyWebhook,NodeRestriction,PodSecurity/,
      );
      const pollers = await Promise.all(
        [false, true].map((http2) => Poller.start(project, { path: "/api/v1/namespaces/default", http2 })),
      );
      const up = await project.expect(0, "up", "--yes");
      for (const report of await Promise.all(pollers.map((poller) => poller.stop())))
        assert.deepEqual(report.failures, []);
      assert.doesNotMatch(up.text, new RegExp(secret));
      assertOneAtATime(await Promise.all(hosts.map((host) => lastRestart(project, host, ["kube-apiserver"]))));
    });

    it("send events to the webhook, ask it for images, and exempt what one names beside what they did before", async () => {
      await eventually("audit events", 60, async () => ((await counts()).events > 0 ? true : undefined));
      const forbidden = await admin.run("run", "no", "--image=forbidden", "--dry-run=server", "-n", "default");
      assert.match(forbidden.text, /its name says so/);
      assert.ok((await counts()).reviews > 0);
      await admin.ask("create", "namespace", "storage");
      assert.equal((await privileged("storage", "strong")).code, 0);
      await admin.ask("delete", "namespace", "storage");
      assert.match((await privileged("default", "strong")).text, /violates PodSecurity/);
      assert.equal((await privileged("kube-system", "strong")).code, 0);
    });

    it("keep the secret to the API server", async () => {
      for (const host of hosts) {
        const listing = await project.read(host, `stat -c '%a %U %n' ${directory}/*.conf`);
        assert.deepEqual(listing.trim().split("\n"), [
          `600 kube-apiserver ${directory}/audit.conf`,
          `600 kube-apiserver ${directory}/images.conf`,
        ]);
        // The pattern is not what it finds: it stands in process lists and in the journal itself.
        const pattern = secret.replace(/s$/, "[s]");
        const search = `{ ps -eo args; journalctl --no-pager -o cat; } | grep -c '${pattern}' || true`;
        assert.equal((await project.read(host, search)).trim(), "0", host);
      }
      const grep = `grep -rl '${secret}' ${project.dir}/.plinth || true`;
      assert.equal(execFileSync("sh", ["-c", grep]).toString(), "");
    });

    it("are what they were afterwards, and nothing is left on hosts", async () => {
      project.restore("Pulumi.lab.yaml");
      await project.expect(0, "up", "--yes");
      assert.equal((await project.read("cp1", `ls -A ${directory}`)).trim(), "");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
