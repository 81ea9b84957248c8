import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { deploy } from "../../components/program.ts";
import { PlinthError, describeFinding } from "../../plan/findings.ts";
import { selfSigned } from "../support/certificates.ts";
import { rawConfig } from "../support/cluster.ts";
import { answered, programArgs } from "../support/program.ts";
import { isSecret, plain, record } from "../support/recorder.ts";

/** The program with files of the operator in its configuration. */
function run(config: Record<string, unknown>) {
  return record(() => deploy(programArgs({ config: { ...rawConfig, ...config } })), { state: answered });
}

describe("files of the operator", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "plinth-files-"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const write = (name: string, content: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    return file;
  };
  const issuer = (caFile: string) => ({
    jwt: [
      {
        issuer: { url: "https://id.example.com", audiences: ["kubernetes"], caFile },
        claimMappings: { username: { claim: "sub", prefix: "oidc:" } },
      },
    ],
  });

  it("reach control-plane hosts: secrets by a secret input, everything else in the text", async () => {
    const { certificate } = selfSigned("IP:192.0.2.7");
    const { registrations } = await run({
      authentication: issuer(write("ca.pem", certificate)),
      apiserverFiles: {
        "/etc/kubernetes/apiserver/audit.conf": { file: write("audit.conf", "token: very-secret\n") },
        "/etc/kubernetes/apiserver/tracing.yaml": { file: write("tracing.yaml", "for: everybody\n"), secret: false },
      },
    });
    const commands = registrations.filter(({ type }) => type === "command:remote:Command");
    const command = commands.find(({ name }) => name === "cp2-controlplane");
    assert.ok(command);
    const text = String(plain(command.inputs["create"]));
    assert.match(text, /^\|for: everybody$/m);
    assert.ok(text.includes(certificate.split("\n")[1] ?? "nothing"));
    assert.ok(isSecret(command.inputs["stdin"]));
    assert.match(
      String(plain(command.inputs["stdin"])),
      /\nsecret \/etc\/kubernetes\/apiserver\/audit\.conf\n\|token: very-s/,
    );
    const others = registrations.filter(({ name }) => !/^cp\d-controlplane$/.test(name));
    for (const { urn, inputs } of others)
      assert.doesNotMatch(JSON.stringify(inputs), /very-secret|for: everybody/, urn);
    assert.doesNotMatch(text, /very-secret/);
  });

  it("that are missing, no files, too large or no certificates are findings, all at once", async () => {
    mkdirSync(path.join(folder, "directory"));
    const files = {
      missing: path.join(folder, "missing"),
      directory: path.join(folder, "directory"),
      large: write("large", "x".repeat(40_000)),
    };
    const apiserverFiles = Object.fromEntries(
      Object.entries(files).map(([name, file]) => [`/etc/kubernetes/apiserver/${name}`, { file }]),
    );
    await assert.rejects(run({ apiserverFiles, authentication: issuer(write("no.pem", "hello\n")) }), (error) => {
      assert.ok(error instanceof PlinthError);
      assert.equal(error.kind, "input");
      const said = error.findings.map(describeFinding).join("\n");
      assert.match(said, /caFile \S+no\.pem holds no PEM certificate/);
      assert.match(said, /missing"\]\.file \S+ cannot be read \(ENOENT\)/);
      assert.match(said, /directory"\]\.file \S+ is not a file/);
      assert.match(said, /large"\]\.file \S+ has more than 32768 bytes/);
      return true;
    });
  });
});
