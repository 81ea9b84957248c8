import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { renderYamlInOrder } from "./yaml.ts";

/** A claim of the token, or an expression in CEL over `claims`. */
const mapping = z.strictObject({ claim: z.string().optional(), expression: z.string().optional() });
/** With a claim goes a prefix, which may be empty. */
const prefixed = z.strictObject({ ...mapping.shape, prefix: z.string().optional() });

const issuer = z.strictObject({
  /** As the tokens' `iss` has it. */
  url: z.string().default(""),
  /** Where the issuer is described, if not at `URL/.well-known/openid-configuration`. */
  discoveryURL: z.string().optional(),
  /** PEM file on the operator's machine with the authorities of the issuer's certificate. Default: the host's own. */
  caFile: z.string().min(1).optional(),
  audiences: z.array(z.string()).default([]),
  audienceMatchPolicy: z.literal("MatchAny").optional(),
});

const jwtAuthenticator = z.strictObject({
  issuer,
  claimMappings: z.strictObject({
    username: prefixed.default({}),
    groups: prefixed.optional(),
    uid: mapping.optional(),
    extra: z.array(z.strictObject({ key: z.string(), valueExpression: z.string() })).default([]),
  }),
  claimValidationRules: z
    .array(
      z.strictObject({
        claim: z.string().optional(),
        requiredValue: z.string().optional(),
        expression: z.string().optional(),
        message: z.string().optional(),
      }),
    )
    .default([]),
  userValidationRules: z.array(z.strictObject({ expression: z.string(), message: z.string().optional() })).default([]),
});

/**
 * Who may log in with tokens of whom. Names are those of Kubernetes' AuthenticationConfiguration
 * (https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/), but for `caFile`.
 */
export const authenticationSchema = z.strictObject({ jwt: z.array(jwtAuthenticator).optional() });

export type Authentication = z.output<typeof authenticationSchema>;
export type JwtAuthenticator = z.output<typeof jwtAuthenticator>;
export type ClaimMapping = z.output<typeof prefixed>;

/** What holds for every issuer: the API server itself would let a token name anybody, `system:masters` included. */
const ownRules = [
  {
    expression: "!user.username.startsWith('system:') && !user.username.startsWith('plinth:')",
    message: "names of users that begin with system: or plinth: are the cluster's own",
  },
  {
    expression:
      "user.groups.all(group, !group.startsWith('system:') && (!group.startsWith('plinth:') || group.startsWith('plinth:tenant:')))",
    message: "names of groups that begin with system: or plinth: are the cluster's own",
  },
];

/** Requests without a certificate or token are answered on the health endpoints only. The server cannot reload this part. */
const anonymous = { enabled: true, conditions: ["/healthz", "/livez", "/readyz"].map((path) => ({ path })) };

/**
 * The AuthenticationConfiguration of the API servers.
 *
 * @param textOf the content of a `caFile`.
 */
export function renderAuthentication({ jwt = [] }: Authentication, textOf: (file: string) => string): string {
  const authenticators = jwt.map(({ issuer, claimMappings, claimValidationRules, userValidationRules }) => {
    const { caFile, ...rest } = issuer;
    const { extra, ...mappings } = claimMappings;
    const theirs = userValidationRules.map(({ expression }) => expression);
    const rules = [...userValidationRules, ...ownRules.filter(({ expression }) => !theirs.includes(expression))];
    return {
      issuer: { ...rest, ...(caFile === undefined ? {} : { certificateAuthority: textOf(caFile) }) },
      claimMappings: { ...mappings, ...(extra.length === 0 ? {} : { extra }) },
      ...(claimValidationRules.length === 0 ? {} : { claimValidationRules }),
      userValidationRules: rules,
    };
  });
  return renderYamlInOrder({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    anonymous,
    ...(authenticators.length === 0 ? {} : { jwt: authenticators }),
  });
}

/** What is wrong with the content of a `caFile`; undefined when nothing is. */
export function certificatesProblem(text: string): string | undefined {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return "holds a private key, which everybody could read";
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) return "holds no PEM certificate";
  const broken = certificates.findIndex((pem) => !isCertificate(pem));
  return broken < 0 ? undefined : `holds something else than a certificate at place ${broken + 1}`;
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
