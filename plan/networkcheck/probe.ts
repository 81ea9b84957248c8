import { z } from "zod";
import { unprivilegedUser } from "../addons/objects.ts";
import { exemptingLabel } from "../protections.ts";

/**
 * The probes: a pod on every Node, made of the image that the cluster's DNS has. CoreDNS answers HTTP (its health, and metrics, which are
 * several packets long), and asks the cluster's DNS for whoever is in its own network: DNS over HTTP on the loopback address of the pod.
 */

/** Label of the namespace of a test, with the test's id. Nothing else has it: what is left of a killed run is found by it. */
export const checkLabel = "checks.plinth/network";
/** Name of the probes' objects in the namespace of a test. */
export const probeName = "probe";

/** Ports of a probe. None needs privileges. */
export const probePorts = { small: 8080, large: 9153, dns: 8053, dnsByTcp: 8054, idle: 5353 } as const;
/** Port of the Service before the probes. */
export const servicePort = 80;

/** Bytes of a question that is larger than one packet of any pod network, jumbo frames included. So are the metrics, with 20,000. */
export const largeQuestion = 12_000;

/** Seconds after which the namespace of another test is what a killed run has left: no test lasts half as long. */
export const leftoverSeconds = 900;

type Manifest = Record<string, unknown> & { kind: string };

const labels = (id: string) => ({ "app.kubernetes.io/managed-by": "plinth", [checkLabel]: id });
const selector = { "app.kubernetes.io/name": "plinth-network-probe" };

export function namespaceOfCheck(id: string): string {
  return `plinth-check-${id}`;
}

/** @param dns address of the cluster's DNS. */
export function probeCorefile(dns: string): string {
  return `.:${probePorts.idle} {
    errors
    health :${probePorts.small}
    prometheus :${probePorts.large}
    template ANY ANY {
        rcode NXDOMAIN
    }
}
https://.:${probePorts.dns} {
    bind 127.0.0.1
    forward . ${dns}
}
https://.:${probePorts.dnsByTcp} {
    bind 127.0.0.1
    forward . ${dns} {
        force_tcp
    }
}
`;
}

export interface ProbeArgs {
  /** Of the test: what names may have, lower case. */
  id: string;
  /** Names of the Nodes that get a probe. */
  nodes: readonly string[];
  /** CoreDNS. */
  image: string;
  /** Address of the cluster's DNS. */
  dns: string;
}

/**
 * The objects of a test, in the order in which they are made; the first is the namespace, with which all others go away.
 *
 * Probes run on every Node that they are for, whatever its taints: the namespace is exempt from the protection that keeps pods off
 * control-plane hosts. They end at once, and no kubelet has to say so: no Node that is lost holds up the end of the namespace.
 */
export function probeObjects({ id, nodes, image, dns }: ProbeArgs): Manifest[] {
  const namespace = namespaceOfCheck(id);
  const metadata = { name: probeName, namespace, labels: labels(id) };
  return [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { ...labels(id), [exemptingLabel("control-plane-hosts")]: "off" } },
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { Corefile: probeCorefile(dns) } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        type: "NodePort",
        // The port of a Node leads to its own probe: what does not answer there is this Node's fault alone.
        externalTrafficPolicy: "Local",
        selector,
        ports: [{ name: "http", protocol: "TCP", port: servicePort, targetPort: probePorts.small }],
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata,
      spec: {
        selector: { matchLabels: selector },
        // All at once, where the namespace is made anew anyway.
        template: { metadata: { labels: { ...labels(id), ...selector } }, spec: podSpec(nodes, image) },
      },
    },
  ];
}

function podSpec(nodes: readonly string[], image: string): Record<string, unknown> {
  const matchExpressions = [{ key: "kubernetes.io/hostname", operator: "In", values: [...nodes] }];
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    dnsPolicy: "Default",
    terminationGracePeriodSeconds: 0,
    tolerations: [{ operator: "Exists" }],
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
    },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: unprivilegedUser,
      runAsGroup: unprivilegedUser,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: probeName,
        image,
        imagePullPolicy: "IfNotPresent",
        args: ["-conf", "/etc/coredns/Corefile"],
        ports: [
          { name: "small", containerPort: probePorts.small, protocol: "TCP" },
          { name: "large", containerPort: probePorts.large, protocol: "TCP" },
        ],
        readinessProbe: { httpGet: { path: "/health", port: "small" }, periodSeconds: 1, timeoutSeconds: 3 },
        resources: { requests: { cpu: "5m", memory: "16Mi" }, limits: { memory: "128Mi" } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          // The file of the official image carries this capability: without it the kernel does not start the program.
          capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
        },
        volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
      },
    ],
    volumes: [{ name: "config", configMap: { name: probeName } }],
  };
}

const namespaceList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string().regex(/^plinth-check-[a-z0-9]+$/),
        creationTimestamp: z.iso.datetime(),
        deletionTimestamp: z.string().optional(),
      }),
    }),
  ),
});

/**
 * The namespaces that killed tests have left, of a list of those with {@link checkLabel}.
 *
 * @param now milliseconds since the epoch, by the API server's clock.
 * @returns none where the list makes no sense: what has another form is nothing of ours.
 */
export function leftovers(list: unknown, now: number): string[] {
  const items = namespaceList.safeParse(list).data?.items ?? [];
  return items
    .map(({ metadata }) => metadata)
    .filter(({ deletionTimestamp }) => deletionTimestamp === undefined)
    .filter(({ creationTimestamp }) => now - Date.parse(creationTimestamp) > leftoverSeconds * 1000)
    .map(({ name }) => name);
}

const serviceObject = z.object({
  spec: z.object({ clusterIP: z.ipv4(), ports: z.tuple([z.object({ nodePort: z.int().min(1).max(65535) })]) }),
});

/** Where the Service of the probes answers, once it is made; undefined where it has no address. */
export function parseProbeService(object: unknown): { address: string; nodePort: number } | undefined {
  const spec = serviceObject.safeParse(object).data?.spec;
  return spec === undefined ? undefined : { address: spec.clusterIP, nodePort: spec.ports[0].nodePort };
}
