import { bridged } from "../bridged/handler.ts";
import type { ProviderDefinition } from "../provider/types.ts";
import { certRequest, locallySignedCert, privateKey, selfSignedCert } from "./resources.ts";

/** The part of @pulumi/tls that Plinth serves by itself. */
export const tlsProvider: ProviderDefinition = {
  name: "tls",
  version: "5.6.1",
  acceptSecrets: false,
  resources: {
    "tls:index/privateKey:PrivateKey": bridged(privateKey),
    "tls:index/certRequest:CertRequest": bridged(certRequest),
    "tls:index/selfSignedCert:SelfSignedCert": bridged(selfSignedCert),
    "tls:index/locallySignedCert:LocallySignedCert": bridged(locallySignedCert),
  },
};
