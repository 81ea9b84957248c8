import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, existsSync, unlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Where the passphrase that encrypts secrets in the state is kept when the environment gives none. */
export function passphrasePath(env: NodeJS.ProcessEnv = process.env): string {
  const configHome = env["XDG_CONFIG_HOME"];
  const base = configHome === undefined || configHome === "" ? join(homedir(), ".config") : configHome;
  return join(base, "plinth", "passphrase");
}

/**
 * Environment for the engine's secrets provider: the user's own PULUMI_CONFIG_PASSPHRASE(_FILE) if set, else a file that
 * is generated once (0600). `onCreated` gets its path: whoever loses that file loses the secrets in the state.
 */
export function passphraseEnvironment(
  onCreated: (path: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  if (env["PULUMI_CONFIG_PASSPHRASE"] !== undefined || env["PULUMI_CONFIG_PASSPHRASE_FILE"] !== undefined) return {};
  const path = passphrasePath(env);
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flush: true });
    try {
      linkSync(draft, path); // Never replaces one that another run has made meanwhile.
      onCreated(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      unlinkSync(draft);
    }
  }
  return { PULUMI_CONFIG_PASSPHRASE_FILE: path };
}
