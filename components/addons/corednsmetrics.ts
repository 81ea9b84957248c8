import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { contentName, labelsOf, systemNamespace } from "../../plan/addons/objects.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import { leafHours } from "../../plan/lives.ts";
import type { MetricsSettings } from "../../plan/metrics/settings.ts";
import { proxyArguments, proxyAuthorization, proxyFolder } from "../../plan/monitoring/corednsproxy.ts";
import { corednsMetricsLeaf, monitoringPorts } from "../../plan/monitoring/names.ts";
import type { Authority } from "../pki/authority.ts";
import { makeLeaf } from "../pki/leaf.ts";

/** The proxy in CoreDNS' pods by which its figures are told to the identity for them alone. */
interface Guard {
  container: k8s.types.input.core.v1.Container;
  volume: k8s.types.input.core.v1.Volume;
}

const name = "coredns-metrics";

export function corednsMetrics(
  config: ClusterConfig,
  { proxyImage }: MetricsSettings,
  authority: Authority,
  parent: pulumi.Resource,
  child: pulumi.CustomResourceOptions,
): Guard {
  const leaf = makeLeaf(name, { spec: corednsMetricsLeaf, authority, hours: leafHours(config) }, parent);
  const authorization = proxyAuthorization();
  const secret = new k8s.core.v1.Secret(
    name,
    {
      metadata: {
        // Renewed certificates roll the pods.
        name: pulumi
          .all([leaf.certificate, authority.certificate])
          .apply(([own, ca]) => contentName(name, own, ca, authorization)),
        namespace: systemNamespace,
        labels: labelsOf("coredns", "dns"),
      },
      immutable: true,
      stringData: {
        "ca.crt": authority.certificate,
        "tls.crt": leaf.certificate,
        "tls.key": leaf.key,
        "authorization.yaml": authorization,
      },
    },
    child,
  );
  return {
    volume: { name: "metrics", secret: { secretName: secret.metadata.name, defaultMode: 0o444 } },
    container: {
      name: "metrics",
      image: proxyImage,
      imagePullPolicy: "IfNotPresent",
      args: proxyArguments(),
      ports: [{ name: "metrics", containerPort: monitoringPorts.coredns, protocol: "TCP" }],
      resources: { requests: { cpu: "5m", memory: "24Mi" }, limits: { memory: "64Mi" } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
      volumeMounts: [{ name: "metrics", mountPath: proxyFolder, readOnly: true }],
    },
  };
}
