import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { checkRegistryFiles } from "../../components/registries.ts";
import { selfSigned } from "../support/certificates.ts";
import { configOf } from "../support/cluster.ts";

describe("files of registries", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "plinth-registry-files-"));
  const file = (name: string, text: string): string => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("are looked at before a host is: each that is not what it should be, and nothing of what it holds", async () => {
    const { certificate, key } = selfSigned("DNS:puller");
    const [good, secret] = [file("good.pem", certificate), file("good.key", key)];
    const locked = file("locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n");
    const url = "https://m.example.net";
    const { registries } = configOf({
      registries: {
        "docker.io": { mirrors: [{ url, caFile: good, clientCertificateFile: good, clientKeyFile: secret }] },
        "quay.io": {
          mirrors: [{ url, clientCertificateFile: secret, clientKeyFile: locked }],
          caFile: `${folder}/none`,
        },
        "ghcr.io": { clientCertificateFile: good, clientKeyFile: good },
      },
    });
    const findings = await checkRegistryFiles(registries);
    assert.deepEqual(
      findings.map(({ message }) => message.replaceAll(`${folder}/`, "")),
      [
        "plinth:registries.quay.io.caFile none cannot be read (ENOENT)",
        "plinth:registries.quay.io.mirrors.0.clientCertificateFile good.key holds no PEM certificate",
        "plinth:registries.quay.io.mirrors.0.clientKeyFile locked.key holds a key that is encrypted, which containerd cannot use",
        "plinth:registries.ghcr.io.clientKeyFile good.pem holds no PEM key",
      ],
    );
  });
});
