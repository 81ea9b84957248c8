import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { LeafSpec } from "../../plan/bundle.ts";
import { formerParent } from "../former.ts";
import type { Authority } from "./authority.ts";

export interface LeafArgs {
  spec: LeafSpec;
  authority: Pick<Authority, "certificate" | "key">;
  /** Life in hours, and how long before its end an `up` renews the certificate. */
  hours: { validity: number; earlyRenewal: number };
}

/** A leaf certificate with an ECDSA P-256 key of its own. */
export interface Leaf {
  certificate: pulumi.Output<string>;
  /** A secret. */
  key: pulumi.Output<string>;
  /** The resource that the engine makes last. */
  last: pulumi.Resource;
}

/**
 * Makes a leaf certificate: three resources of one name below `parent`, and no component around them, because a stack has
 * some of these per host.
 */
export function makeLeaf(name: string, { spec, authority, hours }: LeafArgs, parent: pulumi.Resource): Leaf {
  const options = { parent, aliases: formerParent(parent, "plinth:pki:Leaf", name) };
  const key = new tls.PrivateKey(name, { algorithm: "ECDSA", ecdsaCurve: "P256" }, options);
  const request = new tls.CertRequest(
    name,
    {
      privateKeyPem: key.privateKeyPem,
      dnsNames: spec.dnsNames,
      ipAddresses: spec.ipAddresses,
      subject: {
        commonName: spec.commonName,
        ...(spec.organization === undefined ? {} : { organization: spec.organization }),
      },
    },
    options,
  );
  const certificate = new tls.LocallySignedCert(
    name,
    {
      certRequestPem: request.certRequestPem,
      caCertPem: authority.certificate,
      caPrivateKeyPem: authority.key,
      validityPeriodHours: hours.validity,
      earlyRenewalHours: hours.earlyRenewal,
      setSubjectKeyId: true,
      allowedUses: ["digital_signature", ...spec.uses],
    },
    options,
  );
  return { certificate: certificate.certPem, key: pulumi.secret(key.privateKeyPem), last: certificate };
}
