import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Finding } from "../../plan/findings.ts";
import type { Said } from "../../plan/operatorssh.ts";
import { signingFindings } from "../../plan/sshagent.ts";
import {
  errorText,
  type Identities,
  type LoginKey,
  needsPassphrase,
  openLoginKey,
  readLoginKey,
} from "../../ssh/index.ts";
import { lookAtAgent, wantedKey } from "./agent.ts";
import { openByPassphrase } from "./passphrase.ts";
import { expandHome, fileFinding, readIfSet } from "./sshfiles.ts";

/** Whether a key does not tell its public part without its passphrase. */
function isSilent(text: string): boolean {
  try {
    readLoginKey(text);
    return false;
  } catch {
    return true;
  }
}

/**
 * The only key to log in with, as `plinth:sshPrivateKeyFile` names it; none: the keys of the SSH agent. A key whose private part
 * cannot be read must be in the agent. The passphrase of one that is encrypted and not there is that of PLINTH_SSH_PASSPHRASE, or
 * what somebody types.
 */
export async function chosenKey(file: string | undefined): Promise<{ key?: LoginKey; findings: Finding[] }> {
  const { text, findings } = await readIfSet("sshPrivateKeyFile", file);
  if (file === undefined || text === undefined) return { findings };
  const beside = await readFile(`${expandHome(file)}.pub`, "utf8").catch(() => undefined);
  try {
    if (!needsPassphrase(text)) {
      const key = readLoginKey(text, beside);
      return { key, findings: key.own ? [] : signingFindings(wantedKey(key, file), await lookAtAgent()) };
    }
    const agent = await lookAtAgent();
    const missing = (): Finding[] => signingFindings(wantedKey(readLoginKey(text, beside), file), agent);
    const opened = await openByPassphrase(
      file,
      (passphrase) => openLoginKey(text, passphrase),
      // One that does not tell its public key cannot be looked for in the agent.
      () => Promise.resolve(beside === undefined && isSilent(text) ? true : missing().length > 0),
    );
    return opened === undefined
      ? { key: readLoginKey(text, beside), findings: missing() }
      : { key: opened, findings: [] };
  } catch (error) {
    const message = `plinth:sshPrivateKeyFile ${file} cannot be used: ${errorText(error)}`;
    return { findings: [fileFinding(message, "name a key file of yours, or none for the keys of the SSH agent")] };
  }
}

/** The keys that the operator's configuration names; those of files that are not there, or cannot be used, are left out. */
export async function identitiesOf({ identityFiles, identitiesOnly }: Said): Promise<Identities | undefined> {
  const keys: LoginKey[] = [];
  for (const file of identityFiles) {
    if (!existsSync(expandHome(file))) continue;
    const { key } = await chosenKey(file);
    if (key !== undefined) keys.push(key);
  }
  return keys.length === 0 ? undefined : { keys, only: identitiesOnly };
}
