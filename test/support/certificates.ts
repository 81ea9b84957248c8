import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/**
 * A certificate that signs itself, and its key, both as PEM.
 *
 * @param names what it is for, as openssl writes subjectAltName, e.g. `IP:127.0.0.1`.
 * @param days that it lives for; below 0 where it has ended.
 * @param kind of its key, as openssl names it.
 */
export function selfSigned(
  names: string,
  days = 7,
  kind: readonly string[] = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
): { certificate: string; key: string } {
  const folder = mkdtempSync(path.join(tmpdir(), "plinth-certificate-"));
  const [key, certificate] = [path.join(folder, "key"), path.join(folder, "crt")];
  try {
    const request = path.join(folder, "request");
    const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
    // prettier-ignore
    openssl("req", "-new", "-newkey", ...kind, "-nodes", "-subj", "/CN=test", "-addext", `subjectAltName=${names}`, "-keyout", key, "-out", request);
    const extensions = path.join(folder, "extensions");
    writeFileSync(
      extensions,
      `subjectAltName=${names}\nbasicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n`,
    );
    // prettier-ignore
    openssl("x509", "-req", "-in", request, "-signkey", key, "-days", String(days), "-extfile", extensions, "-out", certificate);
    return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
