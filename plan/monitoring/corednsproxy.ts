import { dnsPorts } from "../addons/dns.ts";
import { metricsUser } from "../metrics/endpoints.ts";
import { renderYaml } from "../yaml.ts";
import { monitoringPorts } from "./names.ts";

/** Folder in the proxy's container. */
export const proxyFolder = "/etc/plinth/metrics";

/** Who may ask for what: a rule of its own, so that the proxy does not have to ask the API. */
export const proxyAuthorization = (): string =>
  renderYaml({
    authorization: { static: [{ user: { name: metricsUser }, resourceRequest: false, verb: "get", path: "/metrics" }] },
  });

/** Words of kube-rbac-proxy beside CoreDNS. */
export const proxyArguments = (): string[] => [
  `--secure-listen-address=:${monitoringPorts.coredns}`,
  `--upstream=http://127.0.0.1:${dnsPorts.metrics}/`,
  "--allow-paths=/metrics",
  `--client-ca-file=${proxyFolder}/ca.crt`,
  `--tls-cert-file=${proxyFolder}/tls.crt`,
  `--tls-private-key-file=${proxyFolder}/tls.key`,
  `--config-file=${proxyFolder}/authorization.yaml`,
];
