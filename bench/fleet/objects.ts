/** An object of the Kubernetes API, as JSON. */
export type ApiObject = Record<string, unknown>;

/** A part of an object; empty where it is not there, or something else. */
export function mapAt(object: ApiObject, ...path: string[]): ApiObject {
  const found = path.reduce<unknown>((value, key) => (isMap(value) ? value[key] : undefined), object);
  return isMap(found) ? found : {};
}

export function isMap(value: unknown): value is ApiObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Kind → plural of what a group and version serve; cluster-wide kinds have a `*` behind it. */
export const kinds: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/api/v1": {
    Namespace: "namespaces*",
    Node: "nodes*",
    ConfigMap: "configmaps",
    Endpoints: "endpoints",
    Event: "events",
    LimitRange: "limitranges",
    Pod: "pods",
    ResourceQuota: "resourcequotas",
    Secret: "secrets",
    Service: "services",
    ServiceAccount: "serviceaccounts",
  },
  "/apis/apps/v1": { DaemonSet: "daemonsets", Deployment: "deployments" },
  "/apis/rbac.authorization.k8s.io/v1": {
    ClusterRole: "clusterroles*",
    ClusterRoleBinding: "clusterrolebindings*",
    Role: "roles",
    RoleBinding: "rolebindings",
  },
  "/apis/policy/v1": { PodDisruptionBudget: "poddisruptionbudgets" },
  "/apis/apiregistration.k8s.io/v1": { APIService: "apiservices*" },
  "/apis/discovery.k8s.io/v1": { EndpointSlice: "endpointslices" },
  "/apis/networking.k8s.io/v1": { NetworkPolicy: "networkpolicies" },
  "/apis/scheduling.k8s.io/v1": { PriorityClass: "priorityclasses*" },
  "/apis/admissionregistration.k8s.io/v1": {
    ValidatingAdmissionPolicy: "validatingadmissionpolicies*",
    ValidatingAdmissionPolicyBinding: "validatingadmissionpolicybindings*",
  },
};

/** The discovery document of a group and version; undefined where there is none. */
export function resourceList(root: string): ApiObject | undefined {
  const served = kinds[root];
  if (served === undefined) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: root.replace(/^\/apis?\//, ""),
    resources: Object.entries(served).map(([kind, plural]) => ({
      name: plural.replace("*", ""),
      singularName: kind.toLowerCase(),
      namespaced: !plural.endsWith("*"),
      kind,
      verbs: ["create", "delete", "get", "list", "patch", "update"],
    })),
  };
}

const available = { type: "Available", status: "True", reason: "Simulated", message: "" };

/** What controllers make of an object, at once. */
export function statusOf(object: ApiObject): ApiObject | undefined {
  const { generation } = mapAt(object, "metadata");
  const { replicas = 1, hard } = mapAt(object, "spec");
  switch (object["kind"]) {
    case "Deployment":
      return {
        observedGeneration: generation,
        replicas,
        updatedReplicas: replicas,
        readyReplicas: replicas,
        availableReplicas: replicas,
        conditions: [available],
      };
    case "DaemonSet":
      return {
        observedGeneration: generation,
        desiredNumberScheduled: 0,
        updatedNumberScheduled: 0,
        numberAvailable: 0,
      };
    case "APIService":
      return { conditions: [available] };
    case "Namespace":
      return { phase: "Active" };
    case "ResourceQuota":
      return { hard: hard ?? {} };
    default:
      return undefined;
  }
}
