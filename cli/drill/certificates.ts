import { textAt } from "../../kube/object.ts";
import { issue, type Issuer } from "../../plugins/tls/certificate.ts";
import { readAuthority } from "../../plugins/tls/authority.ts";
import { generateKey } from "../../plugins/tls/keys.ts";
import { encodeAlternativeNames } from "../../plugins/tls/sans.ts";
import { encodeSubject } from "../../plugins/tls/subject.ts";
import type { Scratch } from "../process/scratch.ts";

/** A day: nothing that they are for lives as long. */
const hours = "24";
const loopback = ["127.0.0.1"];

/** A certificate and its key, as files and as PEM. */
export interface LeafFiles {
  certFile: string;
  keyFile: string;
  cert: string;
  key: string;
}

/** An authority that is made on the spot, for servers on loopback and for those who talk to them. */
export interface ScratchAuthority {
  certFile: string;
  cert: string;
  /** Of a server on 127.0.0.1 that is its own client, too. */
  server: (name: string) => Promise<LeafFiles>;
  /** @param organization group of the user, for the API server. */
  client: (name: string, organization?: string) => Promise<LeafFiles>;
}

function newKey() {
  const pair = generateKey("ECDSA", { rsaBits: 0, curve: "P256" });
  return { pair, pem: pair.key.export({ type: "pkcs8", format: "pem" }).toString() };
}

/** @param name of its files: authorities of etcd and of the API server are not the same. */
export async function scratchAuthority(scratch: Scratch, name: string): Promise<ScratchAuthority> {
  const { pair } = newKey();
  const subject = {
    name: encodeSubject({ commonName: `drill ${name}` }),
    publicKey: pair.publicKey,
    alternativeNames: undefined,
  };
  const self: Issuer = { name: subject.name, subjectKeyId: undefined, key: pair };
  const inputs = { validityPeriodHours: hours, isCaCertificate: true, allowedUses: ["cert_signing", "crl_signing"] };
  const cert = textAt(issue(inputs, subject, self, true).computed, "certPem");
  const authority = readAuthority(cert, pair);
  const leaf = async (
    file: string,
    commonName: string,
    organization: string | undefined,
    uses: string[],
  ): Promise<LeafFiles> => {
    const { pair: own, pem } = newKey();
    const about = {
      name: encodeSubject({ commonName, ...(organization === undefined ? {} : { organization }) }),
      publicKey: own.publicKey,
      alternativeNames: uses.includes("server_auth") ? encodeAlternativeNames({ ipAddresses: loopback }) : undefined,
    };
    const asked = { validityPeriodHours: hours, allowedUses: ["digital_signature", ...uses] };
    const issued = textAt(issue(asked, about, authority, false).computed, "certPem");
    return {
      cert: issued,
      key: pem,
      certFile: await scratch.write(`${file}.crt`, issued),
      keyFile: await scratch.write(`${file}.key`, pem),
    };
  };
  return {
    cert,
    certFile: await scratch.write(`${name}-ca.crt`, cert),
    server: (of) => leaf(`${name}-${of}`, of, undefined, ["server_auth", "client_auth"]),
    client: (of, organization) => leaf(`${name}-${of}`, of, organization, ["client_auth"]),
  };
}
