import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface ExportedResource {
  urn: string;
  type: string;
  /** ISO 8601 */
  modified?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

interface ExportedState {
  deployment?: {
    resources?: ExportedResource[] | null;
  } | null;
}

const commandType = "command:remote:Command";
/** How the engine marks a secret in an export with its plain text, which is JSON. */
const secretKey = "4dabf18193072939515e22adb298388d";
const secretMark = "1b47061264138c4ac30d75fd1eb44270";

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An endpoint without the credentials of who ran it; the same one when it has none. */
function withoutKey(endpoint: Record<string, unknown>): Record<string, unknown> {
  const kept = { ...endpoint };
  delete kept["privateKey"];
  delete kept["privateKeyPassword"];
  if (isMap(kept["proxy"])) kept["proxy"] = withoutKey(kept["proxy"]);
  return kept;
}

/** The same for a connection as the state has it: a secret as a whole, or parts of it. */
function keyless(connection: unknown): unknown {
  if (!isMap(connection)) return connection;
  if (connection[secretKey] !== secretMark) return withoutKey(connection);
  const { plaintext } = connection;
  if (typeof plaintext !== "string") return connection;
  const value: unknown = JSON.parse(plaintext);
  return isMap(value) ? { ...connection, plaintext: JSON.stringify(withoutKey(value)) } : connection;
}

/**
 * Takes SSH keys out of the commands of an exported state, which earlier releases and the official plugin kept there. No
 * command runs for it on any host, and nothing of it shows as a change.
 *
 * @param exported with secrets in clear.
 * @returns the changed state, with which commands had keys; undefined when none had.
 */
export function withoutSshKeys(exported: string): { state: string; commands: number } | undefined {
  // Nearly always there is none, and a large state takes a while to parse. In a secret's text quotes are escaped.
  if (!/\bprivateKey(Password)?\\?":/.test(exported)) return undefined;
  const state = JSON.parse(exported) as ExportedState;
  let commands = 0;
  for (const resource of state.deployment?.resources ?? []) {
    if (resource.type !== commandType) continue;
    let changed = false;
    for (const properties of [resource.inputs, resource.outputs]) {
      if (properties?.["connection"] === undefined) continue;
      const before = JSON.stringify(properties["connection"]);
      const after = keyless(properties["connection"]);
      if (JSON.stringify(after) === before) continue;
      properties["connection"] = after;
      changed = true;
    }
    if (changed) commands++;
  }
  return commands === 0 ? undefined : { state: JSON.stringify(state), commands };
}

/**
 * Whether a state's connections have been looked at already, so that it need not be decrypted: a digest of when each command
 * was changed last, and of how long its encrypted connections are, in `.plinth`. The encrypted texts themselves are others after
 * each run, and a key makes them longer.
 */
export class SeenConnections {
  readonly #file: string;
  readonly #digest: string;

  /** @param exported with secrets encrypted. */
  constructor(workDir: string, stack: string, exported: string) {
    this.#file = join(workDir, `keyless.${stack}`);
    const { deployment } = JSON.parse(exported) as ExportedState;
    const commands = (deployment?.resources ?? []).filter(({ type }) => type === commandType);
    const length = (properties: Record<string, unknown> | undefined): number =>
      JSON.stringify(properties?.["connection"] ?? null).length;
    // Sorted: the engine writes resources in the order in which they were done.
    const seen = commands.map(({ urn, modified, inputs, outputs }) =>
      JSON.stringify([urn, modified, length(inputs), length(outputs)]),
    );
    this.#digest = createHash("sha256").update(seen.sort().join("\n")).digest("hex");
  }

  /** Whether it is known that no connection has a key. */
  areKeyless(): boolean {
    try {
      return readFileSync(this.#file, "utf8") === this.#digest;
    } catch {
      return false; // Nobody has looked yet.
    }
  }

  /** They have been looked at, and have no key. */
  note(): void {
    writeFileSync(this.#file, this.#digest, { mode: 0o600 });
  }
}
