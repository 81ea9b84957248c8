import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { authenticationSchema, certificatesProblem, renderAuthentication } from "../../../plan/authentication.ts";
import { validateAuthentication } from "../../../plan/authenticationrules.ts";
import { describeFinding } from "../../../plan/findings.ts";
import { checkInput } from "../../../plan/stackinput.ts";
import { rawConfig, threeHosts } from "../../support/cluster.ts";
import { selfSigned } from "../../support/certificates.ts";

const company = {
  issuer: { url: "https://id.example.com", audiences: ["kubernetes"] },
  claimMappings: { username: { claim: "sub", prefix: "oidc:" }, groups: { claim: "groups", prefix: "oidc:" } },
};

/** What is said to an issuer that differs from a right one. */
function said(...jwt: unknown[]): string[] {
  const surroundings = { serviceAccountIssuer: "https://kubernetes.default.svc.cluster.local" };
  return validateAuthentication(authenticationSchema.parse({ jwt }), surroundings).map(describeFinding);
}
const issuerSaid = (issuer: object) => said({ ...company, issuer: { ...company.issuer, ...issuer } });
const mappingsSaid = (mappings: object) =>
  said({ ...company, claimMappings: { ...company.claimMappings, ...mappings } });

describe("plan/authentication", () => {
  it("without issuers is what it always was: anonymous requests for health, and nothing else", () => {
    const rendered = renderAuthentication({}, () => "");
    assert.equal(
      rendered,
      renderAuthentication({ jwt: [] }, () => ""),
    );
    assert.deepEqual(parse(rendered), {
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AuthenticationConfiguration",
      anonymous: { enabled: true, conditions: [{ path: "/healthz" }, { path: "/livez" }, { path: "/readyz" }] },
    });
  });

  it("has the content of an issuer's authority, and rules that keep names of the cluster from tokens", () => {
    const authentication = authenticationSchema.parse({
      jwt: [{ ...company, issuer: { ...company.issuer, caFile: "~/ca.crt" } }],
    });
    const rendered = renderAuthentication(authentication, (file) => `content of ${file}\n`);
    assert.ok(rendered.startsWith(renderAuthentication({}, () => "")), "the part that cannot be reloaded stays");
    const { jwt } = parse(rendered) as { jwt: Record<string, unknown>[] };
    assert.deepEqual(jwt[0]?.["issuer"], { ...company.issuer, certificateAuthority: "content of ~/ca.crt\n" });
    assert.deepEqual(jwt[0]["claimMappings"], company.claimMappings);
    assert.equal(jwt[0]["claimValidationRules"], undefined);
    const rules = jwt[0]["userValidationRules"] as { expression: string }[];
    assert.deepEqual(
      rules.map(({ expression }) => expression),
      [
        "!user.username.startsWith('system:') && !user.username.startsWith('plinth:')",
        "user.groups.all(group, !group.startsWith('system:') && (!group.startsWith('plinth:') || group.startsWith('plinth:tenant:')))",
      ],
    );
    // The API server refuses a rule that stands twice.
    const own = authenticationSchema.parse({ jwt: [{ ...company, userValidationRules: rules }] });
    const again = parse(renderAuthentication(own, () => "")) as { jwt: Record<string, unknown>[] };
    assert.deepEqual(again.jwt[0]?.["userValidationRules"], rules);
  });

  it("writes texts that readers of YAML 1.1 read as texts, and every one as it was given", () => {
    const words = fc.oneof(fc.string(), fc.constantFrom("yes", "no", "on", "y", "1e3", "0x1", "null", "~", "1:30"));
    fc.assert(
      fc.property(words, words, (prefix, audience) => {
        const jwt = [{ ...company, issuer: { ...company.issuer, audiences: [audience] } }];
        const authentication = authenticationSchema.parse({ jwt });
        const [first] = authentication.jwt ?? [];
        assert.ok(first);
        first.claimMappings.username.prefix = prefix;
        const rendered = renderAuthentication(authentication, () => "");
        const back = parse(rendered, { version: "1.1" }) as {
          jwt: { issuer: { audiences: string[] }; claimMappings: { username: { prefix: string } } }[];
        };
        assert.deepEqual(back.jwt[0]?.issuer.audiences, [audience]);
        assert.equal(back.jwt[0].claimMappings.username.prefix, prefix);
      }),
    );
  });

  it("takes what the API server takes", () => {
    assert.deepEqual(said(company), []);
    assert.deepEqual(
      said(company, {
        issuer: {
          url: "https://id.example.net/realms/x",
          discoveryURL: "https://inside.example.net/.well-known/openid-configuration",
          audiences: ["a", "b"],
          audienceMatchPolicy: "MatchAny",
        },
        claimMappings: {
          username: { expression: "claims.email" },
          groups: { expression: "claims.roles.split(',')" },
          uid: { claim: "sub" },
          extra: [{ key: "example.com/team", valueExpression: "claims.team" }],
        },
        claimValidationRules: [
          { claim: "hd", requiredValue: "example.com" },
          { expression: "claims.?email_verified.orValue(true) == true", message: "the address is not verified" },
        ],
        userValidationRules: [{ expression: "user.username != 'nobody'" }],
      }),
      [],
    );
    // Tenants' rights may be given by groups of the issuer.
    assert.deepEqual(mappingsSaid({ groups: { claim: "teams", prefix: "plinth:tenant:" } }), []);
  });

  it("says what is wrong with an issuer, everything at once", () => {
    assert.deepEqual(
      said({
        issuer: { url: "http://me:secret@id.example.com/?x=1#y", discoveryURL: "ftp", audiences: [] },
        claimMappings: {},
      }),
      [
        "plinth:authentication.jwt[0].issuer.url is not https://; the API server takes keys from nobody else: use https:// [authentication]",
        "plinth:authentication.jwt[0].issuer.url holds a user or a password; remove them [authentication]",
        "plinth:authentication.jwt[0].issuer.url has a query; remove what follows the question mark [authentication]",
        "plinth:authentication.jwt[0].issuer.url has a fragment; remove what follows the # [authentication]",
        "plinth:authentication.jwt[0].issuer.discoveryURL ftp is not a URL; use e.g. https://id.example.com [authentication]",
        "plinth:authentication.jwt[0].issuer.audiences is empty; list the audiences, mostly the client's id [authentication]",
        "plinth:authentication.jwt[0].claimMappings.username has neither a claim nor an expression; give one of them [authentication]",
      ],
    );
    assert.match(issuerSaid({ url: undefined }).join(), /issuer\.url is not set; give the issuer's URL/);
    assert.match(issuerSaid({ url: "https://kubernetes.default.svc.cluster.local" }).join(), /issues the service acc/);
    assert.match(issuerSaid({ discoveryURL: "https://id.example.com/" }).join(), /is the same as issuer\.url/);
    assert.match(issuerSaid({ audiences: ["a", "b"] }).join(), /audienceMatchPolicy is not set, but there are several/);
    assert.match(
      issuerSaid({ audiences: ["a", "a"], audienceMatchPolicy: "MatchAny" }).join(),
      /holds a more than once/,
    );
    assert.match(issuerSaid({ audiences: [""] }).join(), /holds an empty text/);
    assert.match(said(company, company).join(), /has the issuer\.url https:\/\/id\.example\.com more than once/);
    const many = Array.from({ length: 65 }, (_, n) => ({
      ...company,
      issuer: { ...company.issuer, url: `https://i${n}.example.com` },
    }));
    assert.match(said(...many).join(), /jwt has 65 issuers, the API server takes 64/);
  });

  it("says what is wrong with mappings and rules", () => {
    assert.match(
      mappingsSaid({ username: { claim: "sub" } }).join(),
      /username\.prefix is not set; set it, e\.g\. to "oidc:"/,
    );
    assert.match(mappingsSaid({ username: { claim: "sub", expression: "claims.sub" } }).join(), /both a claim and an/);
    assert.match(
      mappingsSaid({ username: { expression: "claims.sub", prefix: "x" } }).join(),
      /goes with a claim only/,
    );
    assert.match(
      mappingsSaid({ username: { expression: "claims.email" } }).join(),
      /nothing reads claims\.email_verified/,
    );
    assert.deepEqual(mappingsSaid({ username: { expression: "claims.email_address" } }), []);
    for (const prefix of ["system:", "system:node:", "plinth:", "plinth:roster"]) {
      assert.match(mappingsSaid({ username: { claim: "sub", prefix } }).join(), /which is the cluster's own/, prefix);
      assert.match(mappingsSaid({ groups: { claim: "groups", prefix } }).join(), /which is the cluster's own/, prefix);
    }
    assert.match(mappingsSaid({ username: { claim: "sub", prefix: "plinth:tenant:" } }).join(), /the cluster's own/);
    assert.match(mappingsSaid({ groups: {} }).join(), /groups has neither/);
    assert.match(mappingsSaid({ uid: { claim: "a", expression: "b" } }).join(), /uid has both/);
    const extra = (key: string) => mappingsSaid({ extra: [{ key, valueExpression: "claims.x" }] }).join();
    assert.match(extra("team"), /is not of the form domain\/name/);
    assert.match(extra("example.com/Team"), /is not of the form domain\/name/);
    assert.match(extra("authentication.kubernetes.io/node"), /in a domain of Kubernetes/);
    assert.match(extra("k8s.io/x"), /in a domain of Kubernetes/);
    const rules = (claimValidationRules: object[]) => said({ ...company, claimValidationRules }).join();
    assert.match(rules([{}]), /claimValidationRules\[0\] has neither/);
    assert.match(rules([{ claim: "a", message: "m" }]), /message goes with an expression only/);
    assert.match(rules([{ expression: "true", requiredValue: "m" }]), /requiredValue goes with a claim only/);
    assert.match(rules([{ claim: "a" }, { claim: "a", requiredValue: "b" }]), /has a more than once/);
    assert.match(said({ ...company, userValidationRules: [{ expression: "" }] }).join(), /expression is empty/);
  });

  it("does not go with arguments that say the same otherwise", () => {
    const findings = (apiserverArgs: Record<string, string>, jwt = [company]) =>
      checkInput(threeHosts, { ...rawConfig, authentication: { jwt }, apiserverArgs }).findings.map(describeFinding);
    assert.deepEqual(findings({ "goaway-chance": "0" }), []);
    assert.match(
      findings({ "oidc-issuer-url": "https://x" }).join(),
      /apiserverArgs\.oidc-issuer-url does not go with/,
    );
    assert.match(findings({ "anonymous-auth": "false" }).join(), /apiserverArgs\.anonymous-auth does not go with/);
    assert.match(findings({ "authentication-config": "/x" }).join(), /names a file, and plinth:authentication is set/);
    assert.deepEqual(findings({ "authentication-config": "/x" }, []), []);
    assert.match(findings({ "service-account-issuer": "https://id.example.com" }).join(), /service accounts' tokens/);
  });

  it("names every field that has another form", () => {
    const findings = checkInput(threeHosts, {
      ...rawConfig,
      authentication: { jwt: [{ ...company, issuer: { url: 1, audiences: "a", certificateAuthority: "x" } }], more: 1 },
    }).findings.map(describeFinding);
    assert.equal(findings.length, 4, findings.join("\n"));
    assert.ok(findings.every((text) => text.startsWith("config key plinth:authentication")));
  });
});

describe("certificates of an issuer", () => {
  it("are PEM certificates, and no keys", () => {
    const { certificate, key } = selfSigned("IP:127.0.0.1");
    assert.equal(certificatesProblem(certificate), undefined);
    assert.equal(certificatesProblem(`# ours\n${certificate}${certificate}`), undefined);
    assert.match(certificatesProblem("hello") ?? "", /no PEM certificate/);
    const broken = certificate.replace(/\n[A-Za-z0-9+/]{20}/, "\nAAAAAAAAAAAAAAAAAAAA");
    assert.match(certificatesProblem(certificate + broken) ?? "", /at place 2/);
    assert.match(certificatesProblem(certificate + key) ?? "", /holds a private key/);
  });
});
