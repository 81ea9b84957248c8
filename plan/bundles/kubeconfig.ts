import { renderYamlInOrder } from "../yaml.ts";

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
function field(name: string, credential: Credential): Record<string, string> {
  return "file" in credential
    ? { [name]: credential.file }
    : { [`${name}-data`]: Buffer.from(credential.pem).toString("base64") };
}

/** A kubeconfig with one cluster, user and context. */
export function renderClientConfig(settings: {
  cluster: { name: string; fields: Readonly<Record<string, string>> };
  user: { name: string; fields: Readonly<Record<string, string>> };
  context: string;
  namespace?: string | undefined;
}): string {
  const { cluster, user, context, namespace } = settings;
  return renderYamlInOrder({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: cluster.name, cluster: cluster.fields }],
    users: [{ name: user.name, user: user.fields }],
    contexts: [
      {
        name: context,
        context: { cluster: cluster.name, user: user.name, ...(namespace === undefined ? {} : { namespace }) },
      },
    ],
    "current-context": context,
  });
}

/** The kubeconfig of a client with a certificate. Readable text when it names files, a secret when it carries the key. */
export function renderKubeconfig(kubeconfig: Kubeconfig): string {
  const { cluster, user, server, authority, certificate, key, namespace } = kubeconfig;
  return renderClientConfig({
    cluster: { name: cluster, fields: { server, ...field("certificate-authority", authority) } },
    user: { name: user, fields: { ...field("client-certificate", certificate), ...field("client-key", key) } },
    context: `${user}@${cluster}`,
    namespace,
  });
}
