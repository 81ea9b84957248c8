import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../../../plan/addons/objects.ts";
import { monitoringLeaf, monitoringNamespace } from "../../../plan/monitoring/names.ts";
import { webFiles } from "../../../plan/monitoring/web.ts";
import type { ClusterConfig } from "../../../plan/config.ts";
import { leafHours } from "../../../plan/lives.ts";
import { exemptingLabel } from "../../../plan/protections.ts";
import type { Authority } from "../../pki/authority.ts";
import { heldUntil } from "../../order.ts";
import { makeLeaf, type Leaf } from "../../pki/leaf.ts";

/** What all programs of the monitoring stand on: a namespace, and the files by which they know each other. */
export interface Ground {
  namespace: pulumi.Output<string>;
  /** Volumes: `identity`, `server` and `web`. Changed files come to running pods, which read them at every connection. */
  volumes: k8s.types.input.core.v1.Volume[];
  /** What the volumes are made of. */
  objects: pulumi.Resource[];
}

export interface GroundArgs {
  config: ClusterConfig;
  /** The cluster's authority: it signs servers and those who ask. */
  authority: Authority;
  /** The identity that may read figures. */
  reader: Leaf;
  /** See `MonitoringArgs.nodes`. */
  nodes: readonly pulumi.Resource[];
}

const labels = labelsOf("monitoring", "monitoring");
const namespaceLabels = {
  "pod-security.kubernetes.io/enforce": "restricted",
  // What it runs is the cluster's own, as what is in kube-system.
  [exemptingLabel("control-plane-hosts")]: "off",
  [exemptingLabel("system-priorities")]: "off",
};

export function layGround(
  { config, authority, reader, nodes }: GroundArgs,
  parent: pulumi.Resource,
  child: pulumi.CustomResourceOptions,
): Ground {
  const namespace = new k8s.core.v1.Namespace(
    "monitoring",
    { metadata: { name: heldUntil(nodes, monitoringNamespace), labels: { ...labels, ...namespaceLabels } } },
    child,
  ).metadata.name;
  const leaf = makeLeaf("monitoring", { spec: monitoringLeaf, authority, hours: leafHours(config) }, parent);
  const metadata = (name: string) => ({ name, namespace, labels });
  const identity = new k8s.core.v1.Secret(
    "monitoring-identity",
    {
      metadata: metadata("identity"),
      stringData: { "ca.crt": authority.certificate, "reader.crt": reader.certificate, "reader.key": reader.key },
    },
    child,
  );
  const server = new k8s.core.v1.Secret(
    "monitoring-server",
    {
      metadata: metadata("server"),
      type: "kubernetes.io/tls",
      stringData: { "tls.crt": leaf.certificate, "tls.key": leaf.key },
    },
    child,
  );
  const web = new k8s.core.v1.ConfigMap("monitoring-web", { metadata: metadata("web"), data: webFiles() }, child);
  return {
    namespace,
    objects: [identity, server, web],
    volumes: [
      { name: "identity", secret: { secretName: identity.metadata.name, defaultMode: 0o440 } },
      { name: "server", secret: { secretName: server.metadata.name, defaultMode: 0o440 } },
      { name: "web", configMap: { name: web.metadata.name } },
    ],
  };
}
