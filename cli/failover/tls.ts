import type tls from "node:tls";
import type { Access } from "../../kube/kubeconfig.ts";

/** How a kubeconfig's user and its server know each other. */
export function tlsOf({ ca, cert, key, serverName, insecure }: Access): tls.ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: !insecure,
  };
}
