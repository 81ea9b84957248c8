import assert from "node:assert/strict";
import { admissionPolicies } from "../../../plan/admissionpolicies.ts";
import { configOf, hostsOf } from "../../support/cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { Planned, type Answer } from "../../support/planned.ts";

const [host = ""] = hostsOf().map(({ name }) => name);

const users = {
  tenant: { name: "plinth:tenant:demo", groups: ["plinth:tenant:demo"] },
  kubelet: { name: `system:node:${host}`, groups: ["system:nodes"] },
  scheduler: { name: "system:kube-scheduler", groups: [] },
  "second-scheduler": { name: "second-scheduler", groups: [] },
  controller: {
    name: "system:serviceaccount:kube-system:daemon-set-controller",
    groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system"],
  },
} as const;
type User = keyof typeof users;

const taint = "node-role.kubernetes.io/control-plane";
/** What the DaemonSet controller adds to every pod. */
const added = [
  ...["not-ready", "unreachable"].map((name) => ({ key: `node.kubernetes.io/${name}`, effect: "NoExecute" })),
  ...["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable", "network-unavailable"].map((name) => ({
    key: `node.kubernetes.io/${name}`,
    effect: "NoSchedule",
  })),
].map((toleration) => ({ ...toleration, operator: "Exists" }));

const podSpec = (more: object = {}) => ({ containers: [{ name: "a", image: "a" }], ...more });
const rbac = "rbac.authorization.k8s.io";

/** The API of a cluster with a tenant, and what is asked of it. */
class Api {
  private readonly planned = new Planned();
  private count = 0;

  /** @param protections what is not by default. */
  async start(protections: Record<string, string>): Promise<void> {
    await this.planned.start({ protections }, users);
    for (const [name, labels] of Object.entries({
      demo: {},
      "kube-system": undefined,
      agents: { "protections.plinth/control-plane-hosts": "off", "protections.plinth/system-priorities": "off" },
    })) {
      if (labels !== undefined)
        await this.made("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
      await eventually(`the default service account of ${name}`, 60, async () => {
        const { status } = await this.planned.ask("GET", `/api/v1/namespaces/${name}/serviceaccounts/default`);
        return status === 200 ? status : undefined;
      });
    }
    await this.grant("tenant", "admin", "demo");
    for (const user of ["controller", "kubelet"] as const) await this.grant(user, "admin");
    await this.grant("scheduler", "system:kube-scheduler");
    await this.grant("second-scheduler", "system:kube-scheduler");
    await this.planned.enforce(admissionPolicies({ config: configOf({ protections }), hosts: hostsOf() }));
  }

  stop(): Promise<void> {
    return this.planned.stop();
  }

  ask(...args: Parameters<Planned["ask"]>): Promise<Answer> {
    return this.planned.ask(...args);
  }

  private async made(target: string, body: object): Promise<void> {
    const { status, body: answer } = await this.ask("POST", target, body);
    assert.equal(status, 201, JSON.stringify(answer));
  }

  private async grant(user: User, role: string, namespace?: string): Promise<void> {
    const kind = namespace === undefined ? "ClusterRoleBinding" : "RoleBinding";
    const place = namespace === undefined ? "" : `namespaces/${namespace}/`;
    await this.made(`/apis/${rbac}/v1/${place}${kind.toLowerCase()}s`, {
      apiVersion: `${rbac}/v1`,
      kind,
      metadata: { name: `test-${user}` },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role },
      subjects: [{ apiGroup: rbac, kind: "User", name: users[user].name }],
    });
  }

  next(): string {
    this.count += 1;
    return `x${this.count}`;
  }

  pod(spec: object, user?: User, namespace = "demo", name = this.next()): Promise<Answer> {
    const body = { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: podSpec(spec) };
    return this.ask("POST", `/api/v1/namespaces/${namespace}/pods`, body, user);
  }

  daemonSet(spec: object, user?: User): Promise<Answer> {
    const name = this.next();
    const labels = { app: name };
    const template = { metadata: { labels }, spec: podSpec(spec) };
    return this.ask(
      "POST",
      "/apis/apps/v1/namespaces/demo/daemonsets",
      {
        ...{ apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name } },
        spec: { selector: { matchLabels: labels }, template },
      },
      user,
    );
  }

  secret(account: string, user?: User, namespace = "demo"): Promise<Answer> {
    return this.ask(
      "POST",
      `/api/v1/namespaces/${namespace}/secrets`,
      {
        ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/service-account-token" },
        metadata: { name: this.next(), annotations: { "kubernetes.io/service-account.name": account } },
      },
      user,
    );
  }

  token(expirationSeconds: number | undefined, user?: User): Promise<Answer> {
    const spec = { audiences: [], ...(expirationSeconds === undefined ? {} : { expirationSeconds }) };
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
    return this.ask("POST", "/api/v1/namespaces/demo/serviceaccounts/default/token", body, user);
  }

  bind(pod: string, node: string, user: User): Promise<Answer> {
    const target = { apiVersion: "v1", kind: "Node", name: node };
    const body = { apiVersion: "v1", kind: "Binding", metadata: { name: pod }, target };
    return this.ask("POST", `/api/v1/namespaces/demo/pods/${pod}/binding`, body, user);
  }
}

const said = ({ body }: Answer) => String(body["message"]);
function refused(answer: Answer, reason: RegExp): void {
  assert.equal(answer.status, 422, JSON.stringify(answer.body));
  assert.match(said(answer), reason);
}
function taken(answer: Answer, warnings = ""): void {
  assert.ok(answer.status === 201 || answer.status === 200, JSON.stringify(answer.body));
  assert.equal(answer.warnings, warnings);
}

const everywhere = { tolerations: [{ operator: "Exists" }] };
const onControlPlane = { tolerations: [{ key: taint, operator: "Exists", effect: "NoSchedule" }] };

describe("an API server with a tenant", function () {
  this.timeout(180_000);
  const api = new Api();

  before(async () => {
    await api.start({});
    // The server compiles new policies some moments later, each for itself.
    for (const attempt of [
      () => api.pod(everywhere, "tenant"),
      () => api.pod({ priorityClassName: "system-node-critical" }, "tenant"),
      () => api.secret("default", "tenant"),
    ])
      await eventually("a refusal", 60, async () => ((await attempt()).status === 422 ? true : undefined));
    await eventually("a warning", 60, async () =>
      (await api.daemonSet(everywhere, "tenant")).warnings === "" ? undefined : true,
    );
    await eventually("a refused binding", 60, async () => {
      const name = api.next();
      await api.pod({}, "tenant", "demo", name);
      return (await api.bind(name, host, "second-scheduler")).status === 422 ? true : undefined;
    });
  });
  after(() => api.stop());

  it("keeps its pods off control-plane hosts, whoever makes them", async () => {
    for (const user of ["tenant", "controller"] as const) {
      for (const tolerations of [
        everywhere.tolerations,
        onControlPlane.tolerations,
        [{ key: taint, operator: "Equal", value: "" }],
        [{ operator: "Exists", effect: "NoSchedule" }],
        [...added, { key: taint, operator: "Exists" }],
      ])
        refused(await api.pod({ tolerations }, user), /plinth-control-plane-hosts.*which keeps pods off/);
      refused(await api.pod({ nodeName: host }, user), /spec\.nodeName is a control-plane host/);
    }
  });

  it("lets through what the DaemonSet controller adds, other taints, and other Nodes", async () => {
    const affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [host] }] }],
        },
      },
    };
    taken(await api.pod({ tolerations: added, affinity }, "controller"));
    taken(await api.pod({ tolerations: [{ key: "gpu", operator: "Exists" }] }, "tenant"));
    taken(await api.pod({ tolerations: [{ operator: "Exists", effect: "NoExecute" }] }, "tenant"));
    taken(await api.pod({ nodeName: "w1" }, "tenant"));
    taken(await api.daemonSet({}, "tenant"));
  });

  it("takes no toleration that a pod gets later, and lets go on what was there before", async () => {
    const name = api.next();
    const target = `/api/v1/namespaces/demo/pods/${name}`;
    taken(await api.pod({}, "tenant", "demo", name));
    const change = async (
      user: User | undefined,
      edit: (pod: { metadata: object; spec: Record<string, unknown> }) => object,
    ) => {
      const { body } = await api.ask("GET", target);
      const pod = body as { metadata: object; spec: Record<string, unknown> };
      return api.ask("PUT", target, { ...pod, ...edit(pod) }, user);
    };
    const tolerations = (spec: Record<string, unknown>) => [
      ...(spec["tolerations"] as object[]),
      ...everywhere.tolerations,
    ];
    refused(
      await change("tenant", ({ spec }) => ({ spec: { ...spec, tolerations: tolerations(spec) } })),
      /which keeps pods off/,
    );
    // As a pod from before the protection: the administrator gives it what it could have had.
    taken(await change(undefined, ({ spec }) => ({ spec: { ...spec, tolerations: tolerations(spec) } })));
    taken(await change("tenant", ({ metadata }) => ({ metadata: { ...metadata, labels: { a: "b" } } })));
  });

  it("lets nobody but the scheduler bind its pods to control-plane hosts", async () => {
    const name = api.next();
    taken(await api.pod({}, "tenant", "demo", name));
    refused(await api.bind(name, host, "second-scheduler"), /target\.name is a control-plane host/);
    assert.equal((await api.bind(name, host, "tenant")).status, 403);
    taken(await api.bind(name, host, "scheduler"));
    const other = api.next();
    taken(await api.pod({}, "tenant", "demo", other));
    taken(await api.bind(other, "w1", "second-scheduler"));
  });

  it("refuses the cluster's own priorities", async () => {
    for (const priorityClassName of ["system-cluster-critical", "system-node-critical"])
      for (const user of ["tenant", "controller"] as const)
        refused(await api.pod({ priorityClassName }, user), /plinth-system-priorities/);
  });

  it("tells who makes a DaemonSet that its pods will be refused", async () => {
    const both = { ...everywhere, priorityClassName: "system-node-critical" };
    const { status, warnings } = await api.daemonSet(both, "tenant");
    assert.equal(status, 201);
    assert.match(warnings, /which keeps pods off.*its pods are refused \(control-plane-hosts\)/);
    assert.match(warnings, /push all others aside; its pods are refused \(system-priorities\)/);
  });

  it("leaves alone the cluster's own namespaces, those with the label, kubelets, and who may change Nodes", async () => {
    const all = { ...everywhere, nodeName: host, priorityClassName: "system-node-critical" };
    for (const namespace of ["kube-system", "agents"]) taken(await api.pod(all, "controller", namespace));
    taken(await api.pod(all));
    const { body: node } = await api.ask("POST", "/api/v1/nodes", {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: host },
    });
    const { uid } = node["metadata"] as { uid: string };
    const mirror = {
      ...{ name: api.next(), annotations: { "kubernetes.io/config.mirror": "a" } },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: host, uid, controller: true }],
    };
    const body = { apiVersion: "v1", kind: "Pod", metadata: mirror, spec: podSpec(all) };
    // Admission knows a Node from a watch, which tells of a new one some moments later.
    taken(
      await eventually("the Node in the cache of admission", 60, async () => {
        const answer = await api.ask("POST", "/api/v1/namespaces/demo/pods", body, "kubelet");
        return answer.status === 404 ? undefined : answer;
      }),
    );
  });

  it("gives no token for longer than a day, and says so", async () => {
    const lifeOf = ({ body }: Answer) => (body["spec"] as { expirationSeconds: number }).expirationSeconds;
    const years = await api.token(10 * 365 * 86400, "tenant");
    assert.equal(years.status, 201);
    assert.equal(lifeOf(years), 86400);
    assert.match(years.warnings, /shortened to 86400 seconds/);
    assert.equal(lifeOf(await api.token(3607, "tenant")), 3607, "as kubelets ask");
  });

  it("makes no Secret with a token, but for the cluster's own and by who may change Nodes", async () => {
    refused(await api.secret("default", "tenant"), /plinth-token-secrets.*holds a token that never ends/);
    taken(await api.secret("default", "controller", "kube-system"));
    const made = await api.secret("default");
    taken(made);
    const name = (made.body["metadata"] as { name: string }).name;
    const target = `/api/v1/namespaces/demo/secrets/${name}`;
    const filled = await eventually("the token in the Secret", 60, async () => {
      const { body } = await api.ask("GET", target, undefined, "tenant");
      return (body["data"] as object | undefined) === undefined ? undefined : body;
    });
    const { metadata } = filled as { metadata: { annotations: Record<string, string>; resourceVersion?: string } };
    delete metadata.resourceVersion;
    taken(await api.ask("PUT", target, { ...filled, metadata: { ...metadata, labels: { a: "b" } } }, "tenant"));
    const annotations = { ...metadata.annotations, "kubernetes.io/service-account.name": "other" };
    refused(
      await api.ask("PUT", target, { ...filled, metadata: { ...metadata, annotations } }, "tenant"),
      /never ends/,
    );
    const plain = { apiVersion: "v1", kind: "Secret", metadata: { name: "plain" }, stringData: { a: "b" } };
    taken(await api.ask("POST", "/api/v1/namespaces/demo/secrets", plain, "tenant"));
  });
});

describe("an API server that only warns a tenant", function () {
  this.timeout(180_000);
  const api = new Api();
  const names = ["control-plane-hosts", "system-priorities", "token-lifetime", "token-secrets"];

  before(() => api.start(Object.fromEntries(names.map((name) => [name, "warn"]))));
  after(() => api.stop());

  it("lets through everything, and says what will be refused", async () => {
    const expected: [() => Promise<Answer>, RegExp][] = [
      [
        () => api.pod(everywhere, "tenant"),
        /which keeps pods off.* will be refused once control-plane-hosts is enforced/,
      ],
      [() => api.pod({ nodeName: host }, "tenant"), /is a control-plane host; this will be refused/],
      [() => api.pod({ priorityClassName: "system-node-critical" }, "tenant"), /once system-priorities is enforced/],
      [
        () => api.daemonSet(everywhere, "tenant"),
        /its pods will be refused once it is enforced \(control-plane-hosts\)/,
      ],
      [() => api.secret("default", "tenant"), /once token-secrets is enforced/],
      [() => api.token(10 * 86400, "tenant"), /more than 24 hours, and will be shortened/],
    ];
    for (const [attempt, warning] of expected)
      await eventually(String(warning), 60, async () => {
        const { status, warnings, body } = await attempt();
        assert.equal(status, 201, JSON.stringify(body));
        return warning.test(warnings) ? true : undefined;
      });
    const { body } = await api.token(10 * 86400, "tenant");
    assert.equal((body["spec"] as { expirationSeconds: number }).expirationSeconds, 10 * 86400);
  });
});
