import { apiserverUnit, kubernetesAuthorityFile } from "./apiserver.ts";
import { authorityFile } from "./certificates.ts";
import { controllerManager, scheduler } from "./controllers.ts";
import { kubernetesDirectories, type BundlePart } from "./part.ts";

/** The certificate of the cluster's authority, with which all services of the control plane verify each other. */
export const clusterAuthority: BundlePart = {
  name: "cluster-authority",
  directories: kubernetesDirectories,
  plan: () => ({
    secrets: [
      authorityFile("kubernetes", kubernetesAuthorityFile, {
        restart: [apiserverUnit, ...[controllerManager, scheduler].map(({ name }) => `${name}.service`)],
      }),
    ],
  }),
};
