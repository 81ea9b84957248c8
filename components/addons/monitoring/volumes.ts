import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../../../plan/addons/objects.ts";
import { dataFolder, type Replica } from "../../../plan/monitoring/replicas.ts";
import type { MonitoringSettings } from "../../../plan/monitoring/settings.ts";

/** Class of volumes that nobody makes: those of hosts' directories. */
const ownClass = "plinth-monitoring";

export interface VolumeArgs {
  program: "prometheus" | "alertmanager";
  replica: Replica;
  settings: Pick<MonitoringSettings, "storage">;
  /** What it asks for. */
  size: string;
  namespace: pulumi.Input<string>;
}

/** The claim of a copy's data: on the directory of its Node, or by a StorageClass of the cluster. Returns its name. */
export function dataClaim(
  { program, replica, settings, size, namespace }: VolumeArgs,
  child: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const name = `${program}-${replica.id}`;
  const labels = labelsOf(program, "monitoring");
  const { storage } = settings;
  const spec = { accessModes: ["ReadWriteOnce"], volumeMode: "Filesystem" };
  const { node } = replica;
  const volume =
    node === undefined
      ? undefined
      : new k8s.core.v1.PersistentVolume(
          name,
          {
            metadata: { name: `plinth-monitoring-${name}`, labels },
            spec: {
              ...spec,
              capacity: { storage: size },
              storageClassName: ownClass,
              persistentVolumeReclaimPolicy: "Retain",
              local: { path: dataFolder(program, settings) },
              claimRef: { namespace, name },
              nodeAffinity: {
                required: {
                  nodeSelectorTerms: [
                    { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] },
                  ],
                },
              },
            },
          },
          child,
        );
  const claim = new k8s.core.v1.PersistentVolumeClaim(
    name,
    {
      // A class may wait for the pod, which comes after the claim.
      metadata: { name, namespace, labels, annotations: { "pulumi.com/skipAwait": "true" } },
      spec: {
        ...spec,
        resources: { requests: { storage: size } },
        storageClassName: storage.class ?? ownClass,
        ...(volume === undefined ? {} : { volumeName: volume.metadata.name }),
      },
    },
    child,
  );
  return claim.metadata.name;
}
