import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { LeafSpec } from "../../plan/pki.ts";
import type { Authority } from "./authority.ts";

export interface LeafArgs {
  spec: LeafSpec;
  authority: Pick<Authority, "certificate" | "key">;
  /** Life in hours, and how long before its end an `up` renews the certificate. */
  hours: { validity: number; earlyRenewal: number };
}

/** A leaf certificate with an ECDSA P-256 key of its own. */
export class Leaf extends pulumi.ComponentResource {
  readonly certificate: pulumi.Output<string>;
  readonly key: pulumi.Output<string>;

  constructor(name: string, args: LeafArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:pki:Leaf", name, {}, opts);
    const { spec, authority, hours } = args;
    const child = { parent: this };
    const key = new tls.PrivateKey(name, { algorithm: "ECDSA", ecdsaCurve: "P256" }, child);
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
      child,
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
      child,
    );
    this.certificate = certificate.certPem;
    this.key = pulumi.secret(key.privateKeyPem);
    this.registerOutputs({});
  }
}
