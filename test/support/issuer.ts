import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { OAuth2Server } from "oauth2-mock-server";
import { selfSigned } from "./certificates.ts";

/** An OpenID Connect issuer with HTTPS. */
export interface TestIssuer {
  /** As tokens and discovery have it. */
  url: string;
  /** File with the certificate that signs the issuer's, which is that one. */
  caFile: string;
  /** A token with these claims besides what every token has. */
  token(claims: Record<string, unknown>): Promise<string>;
  stop(): Promise<void>;
}

/** @param address IPv4 address of this machine on which it serves, at a free port. */
export async function startIssuer(address = "127.0.0.1"): Promise<TestIssuer> {
  const folder = mkdtempSync(path.join(tmpdir(), "plinth-issuer-"));
  const [keyFile, caFile] = [path.join(folder, "key.pem"), path.join(folder, "ca.pem")];
  const { certificate, key } = selfSigned(`IP:${address}`);
  writeFileSync(keyFile, key, { mode: 0o600 });
  writeFileSync(caFile, certificate);
  const server = new OAuth2Server(keyFile, caFile);
  await server.issuer.keys.generate("RS256");
  await server.start(0, address);
  const url = `https://${address}:${server.address().port}`;
  server.issuer.url = url;
  return {
    url,
    caFile,
    token: (claims) =>
      server.issuer.buildToken({
        scopesOrTransform: (_header, payload) => {
          Object.assign(payload, claims);
        },
      }),
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
