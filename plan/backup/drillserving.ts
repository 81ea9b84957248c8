import { renderEncryptionConfig } from "../bundles/apiserver.ts";
import { serviceAccountIssuer } from "../bundles/apiserversettings.ts";
import { parseConfig } from "../config.ts";
import { readConfig } from "../stackconfig.ts";
import { keyDigests } from "./keys.ts";
import type { BackupSet } from "./set.ts";
import { servingKeys, type StateHalf } from "./statehalf.ts";

/** What an API server is given of a set of state, to serve a set of data. */
export interface DrillServing {
  /** Of the cluster's authority, PEM. */
  certificate: string;
  /** Key pair of service accounts, PEM. */
  serviceAccount: { publicKey: string; privateKey: string };
  /** The file of `--encryption-provider-config`. */
  encryption: string;
  /** Arguments that say what is served, and how what is stored is read. */
  args: Record<string, string>;
}

/** Of arguments that an operator sets: those that decide which kinds there are. Others are about a cluster, and here is none. */
const keptArguments = ["emulated-version", "feature-gates", "runtime-config"];

/**
 * @param keys what the description of the set of data says.
 * @throws Error with a sentence when the half does not hold what it should.
 */
export function drillServing(half: StateHalf, keys: BackupSet["keys"]): DrillServing {
  const { publicKey, privateKey, encryptionKey, certificate } = servingKeys(half.stack);
  const about = `the set ${half.set.id}`;
  if (
    publicKey === undefined ||
    privateKey === undefined ||
    encryptionKey === undefined ||
    certificate === undefined ||
    Buffer.byteLength(encryptionKey) !== 32
  )
    throw new Error(`${about} does not hold all keys that an API server needs`);
  const held = keyDigests(publicKey, encryptionKey);
  if (held.encryption !== keys.encryption || held.serviceAccounts !== keys.serviceAccounts)
    throw new Error(`${about} holds other keys than those that the data was made with`);
  const { config } = parseConfig(readConfig(half.config));
  if (config === undefined)
    throw new Error(
      `the configuration in ${about} is not valid for this release of Plinth: use the release ${half.release}`,
    );
  const { apiserverArgs, apiserverFiles, serviceCidr } = config;
  const kept = Object.entries(apiserverArgs).filter(([name]) => keptArguments.includes(name));
  const own = apiserverArgs["encryption-provider-config"];
  return {
    certificate,
    serviceAccount: { publicKey, privateKey },
    encryption:
      own === undefined ? renderEncryptionConfig(encryptionKey) : ownEncryption(half, apiserverFiles[own]?.file, about),
    args: {
      ...Object.fromEntries(kept),
      "service-account-issuer": serviceAccountIssuer(config),
      "service-cluster-ip-range": serviceCidr,
    },
  };
}

/** The encryption of an operator's own, which a set brings where Plinth could read it. */
function ownEncryption({ operatorFiles }: StateHalf, file: string | undefined, about: string): string {
  const text = file === undefined ? undefined : operatorFiles[file];
  if (text === undefined) throw new Error(`${about} does not hold the file of encryption-provider-config`);
  // It would be asked at a socket of this machine that somebody else has named.
  if (/\bkms\b/.test(text)) throw new Error(`Secrets are encrypted by a KMS (${about}), which a drill does not ask`);
  return text;
}
