import type { BundleFile } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import { merge } from "../merge.ts";
import { ownNamespaces, protectionMode, type ProtectionMode, type ProtectionName } from "../protections.ts";
import { renderYamlInOrder } from "../yaml.ts";
import { listIn } from "./reliance.ts";
import type { Arguments } from "./systemd.ts";

/** What decides on admission. */
type AdmissionSettings = Pick<ClusterConfig, "admission" | "apiserverArgs" | "protections">;
type Configuration = Record<string, unknown>;

const admissionFile = "/etc/kubernetes/admission.yaml";
const fileArgument = "admission-control-config-file";

/**
 * How many events the API server takes, by second.
 *
 * Server: what Rancher's RKE and Canonical Kubernetes set. Namespace: the example of Kubernetes' documentation, which
 * Deckhouse has as its default. User: what kubelets (eventRecordQPS, eventBurst) and kube-scheduler (clientConnection) limit
 * themselves to, so that none of them is ever held up. An event over the limit is lost; nothing else is.
 */
const eventRateLimit = {
  apiVersion: "eventratelimit.admission.k8s.io/v1alpha1",
  kind: "Configuration",
  limits: [
    { type: "Server", qps: 5000, burst: 20000 },
    { type: "Namespace", qps: 50, burst: 100, cacheSize: 2000 },
    { type: "User", qps: 50, burst: 100, cacheSize: 2000 },
  ],
};

/**
 * The pod security of namespaces that do not say. The warning is for who makes a Deployment: that is let through, and no pod
 * comes of it.
 */
function podSecurity(mode: Exclude<ProtectionMode, "off">): Configuration {
  return {
    apiVersion: "pod-security.admission.config.k8s.io/v1",
    kind: "PodSecurityConfiguration",
    defaults: {
      enforce: mode === "enforce" ? "baseline" : "privileged",
      "enforce-version": "latest",
      audit: "baseline",
      "audit-version": "latest",
      warn: "baseline",
      "warn-version": "latest",
    },
    exemptions: { usernames: [], runtimeClasses: [], namespaces: [...ownNamespaces] },
  };
}

/** Plugins that are on because of Plinth → the protection that turns them off; none for what is never off. */
const ownPlugins: Readonly<Record<string, ProtectionName | undefined>> = {
  NodeRestriction: undefined,
  DenyServiceExternalIPs: "external-ips",
  EventRateLimit: "event-rate-limit",
  PodSecurity: "pod-security",
};

/** Plugins that are on by default → what would be gone without them. */
const neededPlugins: Readonly<Record<string, string>> = {
  ServiceAccount: "pods, such as those of the cluster's DNS, reach the API by the tokens that it gives them",
  NamespaceLifecycle: "a tenant's namespace that goes would take in new objects",
  LimitRanger: "tenants are held to their limits by it",
  ResourceQuota: "tenants are held to their quotas by it",
  Priority: "add-ons go before others by the priority that it gives their pods",
  TaintNodesByCondition: "a Node would be given pods before it is ready",
  CertificateApproval: "whoever may make certificate requests could be anybody",
  CertificateSigning: "whoever may make certificate requests could be anybody",
  CertificateSubjectRestriction: "whoever may make certificate requests could be a master of the cluster",
  ValidatingAdmissionPolicy: "Plinth protects the cluster by it",
};

/** Plugins that Plinth wants to be on. */
function wantedPlugins({ protections }: AdmissionSettings): string[] {
  return Object.entries(ownPlugins).flatMap(([plugin, protection]) => {
    if (protection === undefined) return [plugin];
    const mode = protectionMode(protections, protection);
    // PodSecurity warns by itself; without a plugin that does, there is a policy (protections.ts).
    return mode === "enforce" || (mode === "warn" && plugin === "PodSecurity") ? [plugin] : [];
  });
}

/** Plugin → its configuration: Plinth's, with config `admission` merged over it key by key. */
function pluginConfigurations({ admission, protections }: AdmissionSettings): Record<string, Configuration> {
  const pods = protectionMode(protections, "pod-security");
  const own: Record<string, Configuration> = {
    ...(protectionMode(protections, "event-rate-limit") === "off" ? {} : { EventRateLimit: eventRateLimit }),
    ...(pods === "off" ? {} : { PodSecurity: podSecurity(pods) }),
  };
  const names = [...new Set([...Object.keys(own), ...Object.keys(admission)])].sort();
  return Object.fromEntries(
    names.map((name) => {
      const merged = merge(own[name] ?? {}, admission[name] ?? {});
      return [name, name === "PodSecurity" && own[name] !== undefined ? exemptingOwn(merged) : merged];
    }),
  );
}

/** A list replaces a list when it is merged; the cluster's own namespaces stay exempt all the same. */
function exemptingOwn(configuration: Configuration): Configuration {
  const namespaces = [...new Set([...ownNamespaces, ...exemptNamespaces(configuration)])];
  return merge(configuration, { exemptions: { namespaces } });
}

function exemptNamespaces({ exemptions }: Configuration): string[] {
  const listed = (exemptions as { namespaces?: unknown } | undefined)?.namespaces;
  return Array.isArray(listed) ? listed.filter((name) => typeof name === "string") : [];
}

/** Arguments of the API server that stand above config `apiserverArgs`: they have taken in what that says. */
export function admissionArguments(settings: AdmissionSettings): Arguments {
  const named = listIn(settings.apiserverArgs["enable-admission-plugins"]);
  const enabled = [...new Set([...wantedPlugins(settings), ...named, ...Object.keys(settings.admission)])].sort();
  const withFile = Object.keys(pluginConfigurations(settings)).length > 0;
  return {
    "enable-admission-plugins": enabled.join(","),
    ...(withFile ? { [fileArgument]: admissionFile } : {}),
  };
}

/** The configuration file that all plugins share, where one of them has a configuration. */
export function admissionFiles(settings: AdmissionSettings, file: Omit<BundleFile, "path" | "content">): BundleFile[] {
  const plugins = Object.entries(pluginConfigurations(settings));
  if (plugins.length === 0) return [];
  const configuration = {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AdmissionConfiguration",
    plugins: plugins.map(([name, configuration]) => ({ name, configuration })),
  };
  return [{ ...file, path: admissionFile, content: renderYamlInOrder(configuration) }];
}

function finding(message: string, remedy: string): Finding {
  return { rule: "admission", kind: "input", hosts: [], message, remedy };
}

/** What is wrong with the settings that decide on admission. */
export function validateAdmission(settings: AdmissionSettings): Finding[] {
  const { admission, apiserverArgs } = settings;
  const findings: Finding[] = [];
  const disabled = listIn(apiserverArgs["disable-admission-plugins"]);
  const wanted = wantedPlugins(settings);
  for (const plugin of disabled.filter((name) => wanted.includes(name))) {
    const protection = ownPlugins[plugin];
    findings.push(
      finding(
        `plinth:apiserverArgs.disable-admission-plugins names ${plugin}, which Plinth turns on`,
        protection === undefined
          ? "remove it there: without it a Node can change any other"
          : `set plinth:protections.${protection} to off instead`,
      ),
    );
  }
  for (const plugin of disabled.filter((name) => name in admission && !wanted.includes(name)))
    findings.push(
      finding(
        `plinth:apiserverArgs.disable-admission-plugins names ${plugin}, which plinth:admission configures`,
        "remove one of them",
      ),
    );
  for (const plugin of disabled) {
    const why = neededPlugins[plugin];
    if (why === undefined) continue;
    findings.push(
      finding(
        `plinth:apiserverArgs.disable-admission-plugins names ${plugin}: ${why}`,
        plugin === "ValidatingAdmissionPolicy"
          ? "remove it there, and set what hinders you to warn or off in plinth:protections"
          : "remove it there",
      ),
    );
  }
  if (apiserverArgs["admission-control"] !== undefined)
    findings.push(
      finding(
        "plinth:apiserverArgs.admission-control does not go with the plugins that Plinth turns on",
        "name yours in enable-admission-plugins",
      ),
    );
  if (apiserverArgs[fileArgument] !== undefined && admissionArguments(settings)[fileArgument] !== undefined)
    findings.push(
      finding(
        `plinth:apiserverArgs.${fileArgument} names a file, but the API server reads only one, which is Plinth's`,
        "write its plugins into plinth:admission (name of the plugin → its configuration), or set plinth:protections.event-rate-limit and pod-security to off",
      ),
    );
  return findings;
}

/** A namespace as the cluster has it. */
export interface LabelledNamespace {
  name: string;
  labels: Readonly<Record<string, string>>;
}

/**
 * The standard that the default enforces on pods, and the namespaces that it decides on: those without a label of their own
 * that are not exempt. Whoever wants to know which pods would be refused looks at those.
 *
 * @returns undefined where the default enforces nothing.
 */
export function podSecurityDefault(
  settings: AdmissionSettings,
  namespaces: readonly LabelledNamespace[],
): { level: string; namespaces: string[] } | undefined {
  const configuration = pluginConfigurations(settings)["PodSecurity"];
  const level = (configuration?.["defaults"] as Record<string, unknown> | undefined)?.["enforce"];
  if (configuration === undefined || typeof level !== "string" || level === "privileged") return undefined;
  const exempt = exemptNamespaces(configuration);
  const judged = namespaces.filter(
    ({ name, labels }) => labels["pod-security.kubernetes.io/enforce"] === undefined && !exempt.includes(name),
  );
  return { level, namespaces: judged.map(({ name }) => name) };
}
