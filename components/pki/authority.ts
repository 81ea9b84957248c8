import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

export interface AuthorityArgs {
  commonName: string;
  /** Life of the certificate, hours. It is never renewed by itself: that would be a rotation. */
  validityHours: number;
}

/** A certificate authority: ECDSA P-256 key and self-signed certificate, protected from deletion. */
export class Authority extends pulumi.ComponentResource {
  readonly certificate: pulumi.Output<string>;
  readonly key: pulumi.Output<string>;

  constructor(name: string, args: AuthorityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:pki:Authority", name, {}, opts);
    const child = { parent: this, protect: true };
    const key = new tls.PrivateKey(name, { algorithm: "ECDSA", ecdsaCurve: "P256" }, child);
    const certificate = new tls.SelfSignedCert(
      name,
      {
        privateKeyPem: key.privateKeyPem,
        isCaCertificate: true,
        setSubjectKeyId: true,
        setAuthorityKeyId: true,
        subject: { commonName: args.commonName },
        validityPeriodHours: args.validityHours,
        allowedUses: ["cert_signing", "crl_signing", "digital_signature"],
      },
      child,
    );
    this.certificate = certificate.certPem;
    this.key = pulumi.secret(key.privateKeyPem);
    this.registerOutputs({});
  }
}
