import { yamlText } from "../yaml.ts";

/** A certificate or key: the path of its file on the host, or its PEM text. */
type Credential = { file: string } | { pem: string };

export interface Kubeconfig {
  cluster: string;
  user: string;
  /** URL of the API server. */
  server: string;
  authority: Credential;
  certificate: Credential;
  key: Credential;
  /** Namespace of the context. Default: the client's own default. */
  namespace?: string;
}

/** `key: path`, or `key-data: base64`. */
function field(name: string, credential: Credential): string {
  return "file" in credential
    ? `${name}: ${credential.file}`
    : `${name}-data: ${Buffer.from(credential.pem).toString("base64")}`;
}

/** A kubeconfig with one cluster, user and context. Readable text when it names files, a secret when it carries the key. */
export function renderKubeconfig(kubeconfig: Kubeconfig): string {
  const { server, namespace } = kubeconfig;
  const cluster = yamlText(kubeconfig.cluster);
  const user = yamlText(kubeconfig.user);
  const context = yamlText(`${kubeconfig.user}@${kubeconfig.cluster}`);
  return `apiVersion: v1
kind: Config
clusters:
  - name: ${cluster}
    cluster:
      server: ${server}
      ${field("certificate-authority", kubeconfig.authority)}
users:
  - name: ${user}
    user:
      ${field("client-certificate", kubeconfig.certificate)}
      ${field("client-key", kubeconfig.key)}
contexts:
  - name: ${context}
    context:
      cluster: ${cluster}
      user: ${user}${namespace === undefined ? "" : `\n      namespace: ${yamlText(namespace)}`}
current-context: ${context}
`;
}
