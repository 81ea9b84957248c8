import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/**
 * A certificate that signs itself, and its key, both as PEM.
 *
 * @param names what it is for, as openssl writes subjectAltName, e.g. `IP:127.0.0.1`.
 */
export function selfSigned(names: string): { certificate: string; key: string } {
  const folder = mkdtempSync(path.join(tmpdir(), "plinth-certificate-"));
  const [key, certificate] = [path.join(folder, "key"), path.join(folder, "crt")];
  try {
    execFileSync(
      "openssl",
      // prettier-ignore
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "7", "-subj", "/CN=test", "-addext", `subjectAltName=${names}`, "-keyout", key, "-out", certificate],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
