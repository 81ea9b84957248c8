import assert from "node:assert/strict";
import fc from "fast-check";
import { apiserverFileLimits, apiserverFilesSchema } from "../../../plan/apiserverfiles.ts";
import { renderBundle } from "../../../plan/bundle.ts";
import { describeFinding } from "../../../plan/findings.ts";
import { judgeOperatorFiles, operatorFilesOf, type OperatorFileReading } from "../../../plan/operatorfiles.ts";
import { checkInput } from "../../../plan/stackinput.ts";
import { bundleOf, configOf, hostsOf, rawConfig, threeHosts } from "../../support/cluster.ts";

const directory = "/etc/kubernetes/apiserver";
const brought = {
  [`${directory}/audit.conf`]: { file: "~/audit.conf" },
  [`${directory}/audit/policy.yaml`]: { file: "policy.yaml", secret: false },
};
const jwt = [
  {
    issuer: { url: "https://id.example.com", audiences: ["a"], caFile: "ca.crt" },
    claimMappings: { username: { claim: "sub", prefix: "oidc:" } },
  },
];
const bytes = (text: string): OperatorFileReading => ({ bytes: Buffer.from(text) });

/** What is said to the files of the API servers when they have been read like this. */
function judged(readings: Record<string, OperatorFileReading>, config = configOf({ apiserverFiles: brought })) {
  const { texts, findings } = judgeOperatorFiles(operatorFilesOf(config), new Map(Object.entries(readings)));
  return { texts, said: findings.map(describeFinding) };
}

describe("files of the operator", () => {
  it("lie below one directory of hosts, by plain names", () => {
    const accepts = (path: string) => apiserverFilesSchema.safeParse({ [path]: { file: "x" } }).success;
    for (const path of ["a", "a.yaml", "kms/config.yaml", "_a-b.c/d/e/f"])
      assert.ok(accepts(`${directory}/${path}`), path);
    // prettier-ignore
    for (const path of ["", "..", "../pki/ca.key", "a/../../x", "a/..", ".hidden", "a/.b", "a//b", "a/", "a b", "a\nb", "a\u0000", "ä", "a/b/c/d/e", "x".repeat(101)])
      assert.ok(!accepts(`${directory}/${path}`), path);
    for (const path of [directory, "/etc/shadow", "a", `/x${directory}/a`, `${directory}x/a`])
      assert.ok(!accepts(path), path);
    fc.assert(
      fc.property(fc.string(), (path) => {
        if (accepts(`${directory}/${path}`)) assert.doesNotMatch(path, /(^|\/)\.|[^\w./-]/);
      }),
    );
  });

  it("are secrets unless it is said otherwise: their content is in no text", () => {
    const config = configOf({ apiserverFiles: brought });
    const [host] = hostsOf();
    assert.ok(host);
    const texts = new Map([
      ["~/audit.conf", "the secret\n"],
      ["policy.yaml", "everybody may read this\n"],
    ]);
    const bundle = bundleOf("controlplane", { host, hosts: hostsOf(), config, texts });
    const text = renderBundle(bundle, 1, () => ({ sha256: "0".repeat(64), url: "http://192.0.2.5/x" }));
    assert.doesNotMatch(text, /the secret/);
    assert.match(
      text,
      /^secret \/etc\/kubernetes\/apiserver\/audit\.conf 0600 kube-apiserver:kube-apiserver restart=kube-apiserver\.service$/m,
    );
    assert.match(
      text,
      /^file \/etc\/kubernetes\/apiserver\/audit\/policy\.yaml 0640 root:kube-apiserver restart=kube-apiserver\.service\n\|everybody may/m,
    );
    assert.match(text, /^directory \/etc\/kubernetes\/apiserver 0750 root:kube-apiserver$/m);
  });

  it("must be there, and be texts that fit", () => {
    const right = { "~/audit.conf": bytes("a\n"), "policy.yaml": bytes("b\n") };
    const { texts, said } = judged(right);
    assert.deepEqual(
      [said, [...texts]],
      [
        [],
        [
          ["~/audit.conf", "a\n"],
          ["policy.yaml", "b\n"],
        ],
      ],
    );
    const { said: all } = judged({ "~/audit.conf": { problem: "cannot be read (ENOENT)" }, "policy.yaml": bytes("") });
    assert.deepEqual(all, [
      'plinth:apiserverFiles["/etc/kubernetes/apiserver/audit.conf"].file ~/audit.conf cannot be read (ENOENT); name a text file of this machine [operator-file]',
      'plinth:apiserverFiles["/etc/kubernetes/apiserver/audit/policy.yaml"].file policy.yaml is empty; name a text file of this machine [operator-file]',
    ]);
    const first = (reading: OperatorFileReading) => judged({ ...right, "~/audit.conf": reading }).said.join();
    assert.match(first({ bytes: Buffer.from([0xff, 0xfe]) }), /is not a text in UTF-8/);
    assert.match(first(bytes("a\0b")), /is not a text in UTF-8/);
    assert.match(first(bytes("x".repeat(apiserverFileLimits.one + 1))), /has more than 32768 bytes/);
    const half = "x".repeat(apiserverFileLimits.all / 2 + 1);
    assert.match(
      judged({ "~/audit.conf": bytes(half), "policy.yaml": bytes(half) }).said.join(),
      /have 36866 bytes together/,
    );
  });

  it("include the authorities of issuers, which must be certificates", () => {
    const config = configOf({ authentication: { jwt } });
    assert.deepEqual(operatorFilesOf(config), [
      { key: "plinth:authentication.jwt[0].issuer.caFile", file: "ca.crt", holds: "certificates" },
    ]);
    assert.match(
      judged({ "ca.crt": bytes("hello\n") }, config).said.join(),
      /caFile ca\.crt holds no PEM certificate; name a PEM/,
    );
  });

  it("are named where they are used, and used where they are named", () => {
    const said = (raw: Record<string, unknown>) =>
      checkInput(threeHosts, { ...rawConfig, ...raw })
        .findings.map(describeFinding)
        .join("\n");
    const apiserverArgs = { "audit-webhook-config-file": `${directory}/audit.conf` };
    assert.equal(said({ apiserverFiles: brought, apiserverArgs }), "");
    assert.match(
      said({ apiserverArgs }),
      /apiserverArgs\.audit-webhook-config-file names .*audit\.conf, which plinth:apiserverFiles does not have/,
    );
    const admission = { ImagePolicyWebhook: { imagePolicy: { kubeConfigFile: `${directory}/images.conf` } } };
    assert.match(said({ admission }), /plinth:admission names .*images\.conf, which/);
    const nested = { [`${directory}/a`]: { file: "x" }, [`${directory}/a/b`]: { file: "y" } };
    assert.match(
      said({ apiserverFiles: nested }),
      /has \/etc\/kubernetes\/apiserver\/a as a file and, with .*\/a\/b, as a dir/,
    );
    assert.match(said({ apiserverFiles: { "/etc/shadow": { file: "x" } } }), /must be \/etc\/kubernetes\/apiserver\//);
  });
});
