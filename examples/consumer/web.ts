import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

export interface WebArgs {
  /** A namespace that enforces the pod security standard `restricted`, or less. */
  namespace: pulumi.Input<string>;
  /** Image of a web server that listens on port 8080 as a user other than root. */
  image: string;
  replicas: number;
}

export interface Web {
  /** Name of the Service. */
  name: pulumi.Output<string>;
  /** Its port on every Node. */
  nodePort: pulumi.Output<number>;
}

/** A web server: a Deployment and a Service in front of it. */
export function deployWeb(name: string, args: WebArgs, opts: pulumi.CustomResourceOptions): Web {
  const labels = { "app.kubernetes.io/name": name };
  const metadata = { namespace: args.namespace, labels };
  const deployment = new k8s.apps.v1.Deployment(
    name,
    {
      metadata,
      spec: {
        replicas: args.replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec(args.image) },
      },
    },
    opts,
  );
  const service = new k8s.core.v1.Service(
    name,
    {
      metadata,
      spec: { type: "NodePort", selector: labels, ports: [{ name: "http", port: 80, targetPort: "http" }] },
    },
    { ...opts, dependsOn: [deployment] },
  );
  return { name: service.metadata.name, nodePort: service.spec.ports.apply(([port]) => port?.nodePort ?? 0) };
}

/** A pod that `restricted` lets through. */
function podSpec(image: string): k8s.types.input.core.v1.PodSpec {
  return {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "web",
        image,
        ports: [{ name: "http", containerPort: 8080 }],
        readinessProbe: { httpGet: { path: "/healthz", port: "http" } },
        resources: { requests: { cpu: "50m", memory: "32Mi" }, limits: { memory: "64Mi" } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
      },
    ],
  };
}
