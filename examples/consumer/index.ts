import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { readCluster } from "./cluster.ts";
import { deployWeb } from "./web.ts";

/** Outputs of this stack. */
export interface ConsumerOutputs {
  /** Namespace of the web server. */
  namespace: pulumi.Output<string>;
  /** How pods of the cluster reach it. */
  address: pulumi.Output<string>;
  /** How others reach it: the port of a worker. */
  url: pulumi.Output<string>;
}

/** A web server in somebody else's cluster, deployed with nothing but what a tenant may do. */
export default function program(): Promise<ConsumerOutputs> {
  const config = new pulumi.Config();
  const tenant = config.require("tenant");
  const cluster = readCluster(config.require("clusterStack"), tenant);
  const provider = new k8s.Provider("tenant", {
    kubeconfig: cluster.kubeconfig,
    // Neither a renewed certificate nor a new address of the API makes it another cluster.
    clusterIdentifier: cluster.clusterId,
  });
  const web = deployWeb(
    "web",
    {
      namespace: cluster.namespace,
      image: config.require("image"),
      replicas: config.getNumber("replicas") ?? 2,
    },
    { provider },
  );
  return Promise.resolve({
    namespace: cluster.namespace,
    address: pulumi.interpolate`http://${web.name}.${cluster.namespace}.svc`,
    url: pulumi.interpolate`http://${cluster.worker}:${web.nodePort}`,
  });
}
