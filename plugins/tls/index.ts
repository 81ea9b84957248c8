import type { Adoptions } from "../bridged/adoptions.ts";
import { bridged } from "../bridged/handler.ts";
import type { ProviderDefinition } from "../provider/types.ts";
import { certRequest, locallySignedCert, privateKey, selfSignedCert } from "./resources.ts";

/**
 * The part of @pulumi/tls that Plinth serves by itself.
 *
 * @param adoptions keys and certificates that exist already. Default: none.
 */
export const tlsProviderWith = (adoptions?: Adoptions): ProviderDefinition => ({
  name: "tls",
  version: "5.6.1",
  acceptSecrets: false,
  resources: {
    "tls:index/privateKey:PrivateKey": bridged(privateKey, adoptions),
    "tls:index/certRequest:CertRequest": bridged(certRequest, adoptions),
    "tls:index/selfSignedCert:SelfSignedCert": bridged(selfSignedCert, adoptions),
    "tls:index/locallySignedCert:LocallySignedCert": bridged(locallySignedCert, adoptions),
  },
});

export const tlsProvider: ProviderDefinition = tlsProviderWith();
