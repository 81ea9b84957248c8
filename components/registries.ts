import { readFile } from "node:fs/promises";
import type { ClusterConfig } from "../plan/config.ts";
import type { Finding } from "../plan/findings.ts";
import { registryFilesOf, type RegistryFile } from "../plan/registrysettings.ts";
import { expandHome } from "./host/sshfiles.ts";

const remedies = {
  certificate: "name a file of this machine with a PEM certificate",
  key: "name a file of this machine with the PEM key of the certificate, which has no passphrase",
};

/** A finding for every file of registries that cannot be read on this machine or does not hold what it should. */
export async function checkRegistryFiles(registries: ClusterConfig["registries"]): Promise<Finding[]> {
  const findings = await Promise.all(
    registryFilesOf(registries).map(async (named): Promise<Finding[]> => {
      const problem = await problemOf(named);
      if (problem === undefined) return [];
      const message = `plinth:${named.key} ${named.file} ${problem}`;
      return [{ rule: "registry-file", kind: "input", hosts: [], message, remedy: remedies[named.part] }];
    }),
  );
  return findings.flat();
}

async function problemOf({ file, part }: RegistryFile): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(expandHome(file), "utf8");
  } catch (error) {
    return `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
  }
  if (part === "certificate")
    return text.includes("-----BEGIN CERTIFICATE-----") ? undefined : "holds no PEM certificate";
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(text))
    return "holds a key that is encrypted, which containerd cannot use";
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) ? undefined : "holds no PEM key";
}
