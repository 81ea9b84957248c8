import { validateApiserverFiles, type ApiserverFiles } from "../apiserverfiles.ts";
import { validateAuthentication } from "../authenticationrules.ts";
import type { BundleFile, BundleSecret } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import { validateAdmission } from "./admission.ts";
import { isOn, settingsIn } from "./reliance.ts";

/** The AuthenticationConfiguration on control-plane hosts. */
export const authenticationFile = "/etc/kubernetes/authentication.yaml";

/** Who issues the tokens of service accounts. */
export function serviceAccountIssuer({
  apiserverArgs,
  clusterDomain,
}: Pick<ClusterConfig, "apiserverArgs" | "clusterDomain">): string {
  return apiserverArgs["service-account-issuer"] ?? `https://kubernetes.default.svc.${clusterDomain}`;
}

/**
 * Files that config `apiserverFiles` brings to a host.
 *
 * @param textOf the content of a file of the operator's machine.
 * @param user of the API server.
 * @param restart units that are restarted when one changes.
 */
export function broughtFiles(
  brought: ApiserverFiles,
  textOf: (file: string) => string,
  { user, restart }: { user: string; restart: readonly string[] },
): { files: BundleFile[]; secrets: BundleSecret[] } {
  const entries = Object.entries(brought);
  return {
    files: entries
      .filter(([, { secret }]) => !secret)
      .map(([path, { file }]) => ({ path, mode: "0640", owner: `root:${user}`, restart, content: textOf(file) })),
    secrets: entries
      .filter(([, { secret }]) => secret)
      .map(([path, { file }]) => {
        const source = { kind: "operator-file", file } as const;
        return { path, mode: "0600", owner: `${user}:${user}`, source, restart };
      }),
  };
}

/** What is wrong with what configures the API servers. */
export function validateApiserver(config: ClusterConfig): Finding[] {
  const { authentication, apiserverFiles, apiserverArgs, admission } = config;
  const named = Object.fromEntries(
    Object.entries(apiserverArgs).map(([name, value]) => [`plinth:apiserverArgs.${name}`, value]),
  );
  return [
    ...validateAuthentication(authentication, { serviceAccountIssuer: serviceAccountIssuer(config) }),
    ...authenticationArguments(config),
    ...validateAdmission(config),
    ...servedApis(config),
    ...validateApiserverFiles(apiserverFiles, { ...named, "plinth:admission": admission }),
  ];
}

/** APIs that Plinth, its add-ons or the kubelets ask. */
const neededApis: readonly string[] = [
  ...["v1", "apps/v1", "admissionregistration.k8s.io/v1", "authentication.k8s.io/v1", "authorization.k8s.io/v1"],
  ...["certificates.k8s.io/v1", "coordination.k8s.io/v1", "discovery.k8s.io/v1", "networking.k8s.io/v1"],
  ...["node.k8s.io/v1", "policy/v1", "rbac.authorization.k8s.io/v1", "scheduling.k8s.io/v1", "storage.k8s.io/v1"],
];
/** Names that stand for several. */
const manyApis: readonly string[] = ["api/all", "api/ga"];

/** APIs that are not to be served, although somebody needs them. */
function servedApis({ apiserverArgs }: ClusterConfig): Finding[] {
  return [...settingsIn(apiserverArgs["runtime-config"])]
    .filter(([, value]) => !isOn(value))
    .filter(([name]) => manyApis.includes(name) || neededApis.some((api) => name === api || name.startsWith(`${api}/`)))
    .map(([name]) => ({
      rule: "relied-on",
      kind: "input",
      hosts: [],
      message: `plinth:apiserverArgs.runtime-config turns off ${name}, which Plinth and the kubelets ask`,
      remedy: "remove it there, and turn off single APIs that nobody needs",
    }));
}

/** Arguments that do not go with an AuthenticationConfiguration. */
function authenticationArguments({ authentication, apiserverArgs }: ClusterConfig): Finding[] {
  const finding = (name: string, problem: string, remedy: string): Finding => ({
    rule: "authentication",
    kind: "input",
    hosts: [],
    message: `plinth:apiserverArgs.${name} ${problem}`,
    remedy,
  });
  const names = Object.keys(apiserverArgs);
  const oidc = names
    .filter((name) => name.startsWith("oidc-"))
    .map((name) =>
      finding(
        name,
        "does not go with Plinth's AuthenticationConfiguration",
        "describe the issuer in plinth:authentication",
      ),
    );
  const anonymous = names
    .filter((name) => name === "anonymous-auth")
    .map((name) =>
      finding(
        name,
        "does not go with Plinth's AuthenticationConfiguration",
        "remove it: requests without credentials are answered on the health endpoints only",
      ),
    );
  const own =
    apiserverArgs["authentication-config"] !== undefined && (authentication.jwt ?? []).length > 0
      ? [
          finding(
            "authentication-config",
            "names a file, and plinth:authentication is set, too",
            "keep one of them: the API server reads one file",
          ),
        ]
      : [];
  return [...oidc, ...anonymous, ...own];
}
