import { metricsReaderName } from "../metrics/endpoints.ts";
import { renderYaml } from "../yaml.ts";
import { folders, monitoringServer } from "./names.ts";

const server = {
  cert_file: `${folders.server}/tls.crt`,
  key_file: `${folders.server}/tls.key`,
  client_auth_type: "RequireAndVerifyClientCert",
  client_ca_file: `${folders.identity}/ca.crt`,
  min_version: "TLS12",
};

/** How a server is asked, as in `tls_config` of Prometheus. */
export const clientTls = {
  ca_file: `${folders.identity}/ca.crt`,
  cert_file: `${folders.identity}/reader.crt`,
  key_file: `${folders.identity}/reader.key`,
  server_name: monitoringServer,
};

/**
 * Files by which servers answer over TLS, and to the identity for figures alone: `web.yaml` for the servers (exporter-toolkit's web
 * configuration), `client.yaml` for probes, `gossip.yaml` for copies of Alertmanager among themselves.
 */
export function webFiles(): Record<string, string> {
  const own = { ...server, client_allowed_sans: [metricsReaderName] };
  return {
    "web.yaml": renderYaml({ tls_server_config: own }),
    "client.yaml": renderYaml({ tls_config: clientTls }),
    "gossip.yaml": renderYaml({ tls_server_config: own, tls_client_config: clientTls }),
  };
}
