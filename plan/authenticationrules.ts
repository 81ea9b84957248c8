import type { Authentication, ClaimMapping, JwtAuthenticator } from "./authentication.ts";
import type { Finding } from "./findings.ts";

/** More than these the API server does not take. */
const mostAuthenticators = 64;

/** Users and groups with these prefixes are the cluster's own; `plinth:tenant:` groups have the rights of a tenant. */
const reserved = ["system:", "plinth:"];

/** Settings that authentication has to go with. */
interface Surroundings {
  /** Issuer of service accounts' tokens. */
  serviceAccountIssuer: string;
}

/**
 * What is wrong with config `authentication`, as the API server would judge it
 * (k8s.io/apiserver/pkg/apis/apiserver/validation), but for what only it can know: whether expressions compile and issuers
 * answer. That shows when it takes the file up.
 */
export function validateAuthentication({ jwt = [] }: Authentication, surroundings: Surroundings): Finding[] {
  const findings = jwt.flatMap((authenticator, index) =>
    [
      ...issuerProblems(authenticator, surroundings),
      ...mappingProblems(authenticator),
      ...ruleProblems(authenticator),
    ].map(([field, problem, remedy]) => finding(`jwt[${index}].${field} ${problem}`, remedy)),
  );
  if (jwt.length > mostAuthenticators) {
    const message = `jwt has ${jwt.length} issuers, the API server takes ${mostAuthenticators}`;
    findings.push(finding(message, "remove those that nobody uses"));
  }
  for (const [field, values] of [
    ["url", jwt.map(({ issuer }) => issuer.url)],
    ["discoveryURL", jwt.map(({ issuer }) => issuer.discoveryURL ?? "")],
  ] as const) {
    for (const value of repeated(values.filter((text) => text !== "")))
      findings.push(finding(`jwt has the issuer.${field} ${value} more than once`, "list each issuer once"));
  }
  return findings;
}

function finding(text: string, remedy: string): Finding {
  return { rule: "authentication", kind: "input", hosts: [], message: `plinth:authentication.${text}`, remedy };
}

/** Where it is, what is wrong, and what to do. */
type Problem = [field: string, problem: string, remedy: string];

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

function issuerProblems({ issuer }: JwtAuthenticator, { serviceAccountIssuer }: Surroundings): Problem[] {
  const problems: Problem[] = [];
  const { url, discoveryURL, audiences, audienceMatchPolicy } = issuer;
  if (url === "") problems.push(["issuer.url", "is not set", "give the issuer's URL as its tokens have it"]);
  else problems.push(...urlProblems("issuer.url", url));
  if (url === serviceAccountIssuer)
    problems.push([
      "issuer.url",
      `is ${url}, which issues the service accounts' tokens of this cluster`,
      "name another issuer",
    ]);
  if (discoveryURL !== undefined) {
    problems.push(...urlProblems("issuer.discoveryURL", discoveryURL));
    if (discoveryURL.replace(/\/+$/, "") === url.replace(/\/+$/, ""))
      problems.push([
        "issuer.discoveryURL",
        "is the same as issuer.url",
        "remove it: the issuer's own description is found by its URL",
      ]);
  }
  if (audiences.length === 0)
    problems.push(["issuer.audiences", "is empty", "list the audiences, mostly the client's id"]);
  if (audiences.includes("")) problems.push(["issuer.audiences", "holds an empty text", "remove it"]);
  for (const audience of repeated(audiences))
    problems.push(["issuer.audiences", `holds ${audience} more than once`, "list it once"]);
  if (audiences.length > 1 && audienceMatchPolicy === undefined)
    problems.push([
      "issuer.audienceMatchPolicy",
      "is not set, but there are several audiences",
      "set it to MatchAny: a token must be meant for one of them",
    ]);
  return problems;
}

function urlProblems(field: string, url: string): Problem[] {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hostname === "")
    return [[field, `${url} is not a URL`, "use e.g. https://id.example.com"]];
  const problems: Problem[] = [];
  const named = parsed.username !== "" || parsed.password !== "";
  // A password is not shown.
  const shown = named ? "" : `${url} `;
  if (parsed.protocol !== "https:")
    problems.push([field, `${shown}is not https://`, "the API server takes keys from nobody else: use https://"]);
  if (named) problems.push([field, "holds a user or a password", "remove them"]);
  if (parsed.search !== "") problems.push([field, `${shown}has a query`, "remove what follows the question mark"]);
  if (parsed.hash !== "") problems.push([field, `${shown}has a fragment`, "remove what follows the #"]);
  return problems;
}

function mappingProblems({ claimMappings, claimValidationRules }: JwtAuthenticator): Problem[] {
  const { username, groups, uid, extra } = claimMappings;
  const problems = [
    ...oneProblems("claimMappings.username", username, { required: true, prefix: true }),
    ...oneProblems("claimMappings.groups", groups, { required: false, prefix: true }),
    ...oneProblems("claimMappings.uid", uid, { required: false, prefix: false }),
  ];
  extra.forEach(({ key, valueExpression }, index) => {
    const field = `claimMappings.extra[${index}]`;
    const domain = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)\/[a-z0-9/._~%!$&'()*+,;=:-]+$/.exec(key)?.[1];
    if (domain === undefined)
      problems.push([
        `${field}.key`,
        `${key} is not of the form domain/name`,
        "use e.g. example.com/team, in lower case",
      ]);
    else if (/(^|\.)(kubernetes|k8s)\.io$/.test(domain))
      problems.push([`${field}.key`, `${key} is in a domain of Kubernetes`, "use a domain of your own"]);
    if (valueExpression === "") problems.push([`${field}.valueExpression`, "is empty", "give an expression in CEL"]);
  });
  for (const key of repeated(extra.map(({ key }) => key)))
    problems.push(["claimMappings.extra", `has the key ${key} more than once`, "keep one"]);
  const readers = [
    username.expression,
    ...extra.map(({ valueExpression }) => valueExpression),
    ...claimValidationRules.map(({ expression }) => expression),
  ];
  if (reads(username.expression, "email") && !readers.some((text) => reads(text, "email_verified")))
    problems.push([
      "claimMappings.username.expression",
      "reads claims.email, and nothing reads claims.email_verified",
      "add the claimValidationRules expression claims.?email_verified.orValue(true) == true",
    ]);
  return problems;
}

/** Whether an expression reads a claim by its name. */
function reads(expression: string | undefined, claim: string): boolean {
  return new RegExp(`\\bclaims\\s*\\.\\s*\\??\\s*${claim}\\b`).test(expression ?? "");
}

function oneProblems(
  field: string,
  given: ClaimMapping | undefined,
  { required, prefix }: { required: boolean; prefix: boolean },
): Problem[] {
  const { claim = "", expression = "", prefix: before } = given ?? {};
  if (claim !== "" && expression !== "") return [[field, "has both a claim and an expression", "keep one of them"]];
  if (claim === "" && expression === "")
    return required || given !== undefined
      ? [[field, "has neither a claim nor an expression", "give one of them"]]
      : [];
  if (!prefix) return [];
  if (expression !== "" && before !== undefined)
    return [[`${field}.prefix`, "goes with a claim only", "write it into the expression"]];
  if (claim !== "" && before === undefined)
    return [[`${field}.prefix`, "is not set", 'set it, e.g. to "oidc:"; an empty one adds nothing']];
  const foreign = reserved.find((start) => before?.startsWith(start) === true);
  if (
    foreign !== undefined &&
    before !== undefined &&
    !(field.endsWith("groups") && before.startsWith("plinth:tenant:"))
  )
    return [[`${field}.prefix`, `${before} begins with ${foreign}, which is the cluster's own`, "choose another one"]];
  return [];
}

function ruleProblems({ claimValidationRules, userValidationRules }: JwtAuthenticator): Problem[] {
  const problems: Problem[] = [];
  claimValidationRules.forEach((rule, index) => {
    const field = `claimValidationRules[${index}]`;
    const { claim = "", expression = "" } = rule;
    if (claim !== "" && expression !== "")
      problems.push([field, "has both a claim and an expression", "keep one of them"]);
    else if (claim === "" && expression === "")
      problems.push([field, "has neither a claim nor an expression", "give one of them"]);
    else if (claim !== "" && rule.message !== undefined)
      problems.push([`${field}.message`, "goes with an expression only", "remove it"]);
    else if (expression !== "" && rule.requiredValue !== undefined)
      problems.push([`${field}.requiredValue`, "goes with a claim only", "write it into the expression"]);
  });
  userValidationRules.forEach(({ expression }, index) => {
    if (expression === "")
      problems.push([`userValidationRules[${index}].expression`, "is empty", "give an expression in CEL"]);
  });
  const texts = (values: readonly (string | undefined)[]): string[] => values.flatMap((text) => text ?? []);
  for (const [field, values] of [
    ["claimValidationRules", texts(claimValidationRules.map(({ claim }) => claim))],
    ["claimValidationRules", texts(claimValidationRules.map(({ expression }) => expression))],
    ["userValidationRules", userValidationRules.map(({ expression }) => expression)],
  ] as const) {
    for (const value of repeated(values.filter((text) => text !== "")))
      problems.push([field, `has ${value} more than once`, "keep one"]);
  }
  return problems;
}
