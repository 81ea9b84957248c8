import assert from "node:assert/strict";
import type { KubeObject } from "../../../../kube/object.ts";
import { judge, NO_SURROUNDINGS, type Surroundings } from "../../../../plugins/kubernetes/readiness/index.ts";
import { eventTexts, podTroubles } from "../../../../plugins/kubernetes/readiness/pods.ts";
import type { PropertyMap } from "../../../../plugins/provider/values.ts";

/** `ready`, or the state and its reason. */
function judged(kind: string, fields: PropertyMap, surroundings: Partial<Surroundings> = {}): string {
  const [apiVersion = "", name = ""] = kind.split(":");
  const judgment = judge({ apiVersion, kind: name, ...fields }, { ...NO_SURROUNDINGS, ...surroundings });
  return judgment.state === "ready" ? "ready" : `${judgment.state}: ${judgment.reason}`;
}

const conditions = (...entries: [string, string, string?, string?][]): PropertyMap[] =>
  entries.map(([type, status, reason = "", message = ""]) => ({ type, status, reason, message }));

interface Case {
  what: string;
  kind: string;
  fields: PropertyMap;
  surroundings?: Partial<Surroundings>;
  expected: string | RegExp;
}

const deployment = (status: PropertyMap, replicas = 2): PropertyMap => ({
  metadata: { generation: 2 },
  spec: { replicas },
  status: { observedGeneration: 2, ...status },
});
const AVAILABLE = { conditions: conditions(["Available", "True"], ["Progressing", "True", "NewReplicaSetAvailable"]) };
const service = (spec: PropertyMap): PropertyMap => ({ spec: { selector: { a: "b" }, ...spec } });
const slice = (...ready: boolean[]): KubeObject => ({
  endpoints: ready.map((each) => ({ conditions: { ready: each } })),
});

const cases: Case[] = [
  {
    what: "a Deployment that its controller has not seen",
    kind: "apps/v1:Deployment",
    fields: { metadata: { generation: 2 }, status: { observedGeneration: 1 } },
    expected: /^waiting: its controller has not seen the change/,
  },
  {
    what: "a Deployment in the middle of its rollout",
    kind: "apps/v1:Deployment",
    fields: deployment({ replicas: 3, updatedReplicas: 1, availableReplicas: 2, ...AVAILABLE }),
    expected: "waiting: 1 of 2 replicas are updated",
  },
  {
    what: "a Deployment with old replicas",
    kind: "apps/v1:Deployment",
    fields: deployment({ replicas: 3, updatedReplicas: 2, availableReplicas: 2, ...AVAILABLE }),
    expected: "waiting: 1 old replicas are still there",
  },
  {
    what: "a Deployment whose new replicas are not available",
    kind: "apps/v1:Deployment",
    fields: deployment({ replicas: 2, updatedReplicas: 2, availableReplicas: 1, ...AVAILABLE }),
    expected: "waiting: 1 of 2 replicas are available",
  },
  {
    what: "a Deployment that is rolled out",
    kind: "apps/v1:Deployment",
    fields: deployment({ replicas: 2, updatedReplicas: 2, availableReplicas: 2, ...AVAILABLE }),
    expected: "ready",
  },
  {
    what: "a Deployment of no replicas",
    kind: "apps/v1:Deployment",
    fields: deployment(AVAILABLE, 0),
    expected: "ready",
  },
  {
    what: "a Deployment that made no progress in time",
    kind: "apps/v1:Deployment",
    fields: deployment({ conditions: conditions(["Progressing", "False", "ProgressDeadlineExceeded", "no progress"]) }),
    expected: "failed: [ProgressDeadlineExceeded] no progress",
  },
  {
    what: "a DaemonSet without nodes",
    kind: "apps/v1:DaemonSet",
    fields: { metadata: { generation: 1 }, status: { observedGeneration: 1, desiredNumberScheduled: 0 } },
    expected: "ready",
  },
  {
    what: "a DaemonSet in its rollout",
    kind: "apps/v1:DaemonSet",
    fields: { status: { desiredNumberScheduled: 3, updatedNumberScheduled: 1, numberAvailable: 3 } },
    expected: "waiting: 1 of 3 nodes have the new pod",
  },
  {
    what: "a DaemonSet that is updated by hand",
    kind: "apps/v1:DaemonSet",
    fields: {
      spec: { updateStrategy: { type: "OnDelete" } },
      status: { desiredNumberScheduled: 3, updatedNumberScheduled: 1, numberAvailable: 3 },
    },
    expected: "ready",
  },
  {
    what: "a StatefulSet with replicas that are not ready",
    kind: "apps/v1:StatefulSet",
    fields: { spec: { replicas: 3 }, status: { updatedReplicas: 3, readyReplicas: 2 } },
    expected: "waiting: 2 of 3 replicas are ready",
  },
  {
    what: "a StatefulSet with a partition",
    kind: "apps/v1:StatefulSet",
    fields: {
      spec: { replicas: 3, updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } },
      status: { updatedReplicas: 1, readyReplicas: 3, currentRevision: "a", updateRevision: "b" },
    },
    expected: "ready",
  },
  {
    what: "a Job that runs",
    kind: "batch/v1:Job",
    fields: { status: { active: 1, failed: 2 } },
    expected: "waiting: 1 active, 0 succeeded and 2 failed pods",
  },
  {
    what: "a Job that is complete",
    kind: "batch/v1:Job",
    fields: { status: { conditions: conditions(["Complete", "True"]) } },
    expected: "ready",
  },
  {
    what: "a Job that failed",
    kind: "batch/v1:Job",
    fields: { status: { conditions: conditions(["Failed", "True", "BackoffLimitExceeded", "too often"]) } },
    expected: "failed: [BackoffLimitExceeded] too often",
  },
  {
    what: "a Pod that is ready",
    kind: "v1:Pod",
    fields: { status: { phase: "Running", conditions: conditions(["Ready", "True"]) } },
    expected: "ready",
  },
  { what: "a Pod that ended well", kind: "v1:Pod", fields: { status: { phase: "Succeeded" } }, expected: "ready" },
  {
    what: "a Pod without a node",
    kind: "v1:Pod",
    fields: {
      status: { phase: "Pending", conditions: conditions(["PodScheduled", "False", "Unschedulable", "0/3 nodes"]) },
    },
    expected: "waiting: not scheduled: 0/3 nodes",
  },
  {
    what: "a Pod whose image cannot be had",
    kind: "v1:Pod",
    fields: {
      status: {
        phase: "Pending",
        containerStatuses: [
          { name: "c", ready: false, state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } } },
        ],
      },
    },
    expected: "waiting: container c: [ImagePullBackOff] no such image",
  },
  {
    what: "a Pod that crashes again and again",
    kind: "v1:Pod",
    fields: {
      status: {
        phase: "Running",
        containerStatuses: [
          {
            name: "c",
            ready: false,
            state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
            lastState: { terminated: { exitCode: 3, reason: "Error" } },
          },
        ],
      },
    },
    expected: "waiting: container c: [CrashLoopBackOff] back-off, last ended with 3 (Error)",
  },
  {
    what: "a Pod that failed",
    kind: "v1:Pod",
    fields: { status: { phase: "Failed", message: "evicted" } },
    expected: "failed: evicted",
  },
  { what: "a headless Service", kind: "v1:Service", fields: service({ clusterIP: "None" }), expected: "ready" },
  {
    what: "a Service for a name outside",
    kind: "v1:Service",
    fields: service({ type: "ExternalName" }),
    expected: "ready",
  },
  { what: "a Service without a selector", kind: "v1:Service", fields: { spec: {} }, expected: "ready" },
  {
    what: "a Service without endpoints",
    kind: "v1:Service",
    fields: service({}),
    expected: /^waiting: its selector matches no pod/,
  },
  {
    what: "a Service with a ready endpoint",
    kind: "v1:Service",
    fields: service({}),
    surroundings: { slices: [slice(true)] },
    expected: "ready",
  },
  {
    what: "a Service with an endpoint that is not ready",
    kind: "v1:Service",
    fields: service({}),
    surroundings: { slices: [slice(true, false)] },
    expected: "waiting: 1 of 2 endpoints are ready",
  },
  {
    what: "a Service that has stayed without pods",
    kind: "v1:Service",
    fields: service({}),
    surroundings: { slices: [slice()], settled: true },
    expected: "ready",
  },
  {
    what: "a load balancer without an address",
    kind: "v1:Service",
    fields: service({ type: "LoadBalancer" }),
    expected: /^waiting: it has no address/,
  },
  {
    what: "a claim that is bound",
    kind: "v1:PersistentVolumeClaim",
    fields: { status: { phase: "Bound" } },
    expected: "ready",
  },
  {
    what: "a claim that is pending",
    kind: "v1:PersistentVolumeClaim",
    fields: { status: { phase: "Pending" } },
    expected: "waiting: it is Pending",
  },
  {
    what: "a claim that waits for its first pod",
    kind: "v1:PersistentVolumeClaim",
    fields: { status: { phase: "Pending" } },
    surroundings: { bindingMode: "WaitForFirstConsumer" },
    expected: "ready",
  },
  {
    what: "a CustomResourceDefinition with a taken name",
    kind: "apiextensions.k8s.io/v1:CustomResourceDefinition",
    fields: { status: { conditions: conditions(["NamesAccepted", "False", "ListKindConflict", "in use"]) } },
    expected: "failed: [ListKindConflict] in use",
  },
  {
    what: "an APIService that nothing answers for",
    kind: "apiregistration.k8s.io/v1:APIService",
    fields: { status: { conditions: conditions(["Available", "False", "MissingEndpoints", "no endpoints"]) } },
    expected: "waiting: [MissingEndpoints] no endpoints",
  },
  {
    what: "a Namespace that is being deleted",
    kind: "v1:Namespace",
    fields: { status: { phase: "Terminating" } },
    expected: /^failed/,
  },
  {
    what: "a token that was not made",
    kind: "v1:Secret",
    fields: { type: "kubernetes.io/service-account-token" },
    expected: /^waiting/,
  },
  { what: "any other object", kind: "example.com/v1:Widget", fields: {}, expected: "ready" },
  {
    what: "a condition that waitFor names",
    kind: "example.com/v1:Widget",
    fields: {
      metadata: { annotations: { "pulumi.com/waitFor": '["condition=Ready", "jsonpath={.status.phase}=Up"]' } },
      status: { phase: "Down", conditions: conditions(["Ready", "True"]) },
    },
    expected: "waiting: .status.phase is Down, not Up",
  },
  {
    what: "an expression of waitFor that is not known",
    kind: "example.com/v1:Widget",
    fields: { metadata: { annotations: { "pulumi.com/waitFor": "jsonpath={.a[?(@.b)]}" } } },
    expected: /^failed: pulumi.com\/waitFor has/,
  },
];

describe("readiness", () => {
  for (const { what, kind, fields, surroundings, expected } of cases) {
    it(`of ${what}`, () => {
      const found = judged(kind, fields, surroundings);
      if (typeof expected === "string") assert.equal(found, expected);
      else assert.match(found, expected);
    });
  }

  it("is explained by the pods' troubles, each said once", () => {
    const status = { conditions: conditions(["PodScheduled", "False", "Unschedulable", "0/3 nodes"]) };
    const pods = ["a", "b", "c"].map((name) => ({ metadata: { name }, status }));
    assert.deepEqual(podTroubles(pods), ["pod a and 2 more: not scheduled: 0/3 nodes"]);
  });

  it("is explained by the last warnings about the object", () => {
    const event = (name: string, type: string, at: string): KubeObject => ({
      type,
      reason: "Failed",
      message: `m ${at}`,
      lastTimestamp: at,
      involvedObject: { kind: "Pod", name },
    });
    const events = [
      event("a", "Warning", "2"),
      event("a", "Normal", "3"),
      event("b", "Warning", "4"),
      event("a", "Warning", "1"),
    ];
    const expected = ["event of Pod a: [Failed] m 1", "event of Pod a: [Failed] m 2"];
    assert.deepEqual(eventTexts(events, new Set(["a"])), expected);
  });
});
