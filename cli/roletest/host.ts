import { z } from "zod";
import { throughRoot } from "../../components/host/ask.ts";
import { emptied } from "../../plan/roletest/course.ts";
import { parseSnapshot, type Snapshot } from "../../plan/roletest/snapshot.ts";
import { renderBundle, renderSecrets, type Bundle } from "../../plan/bundle.ts";
import { renderClaimant } from "../../plan/claim.ts";
import { printable } from "../../plan/printable.ts";
import { secretNames, secretText } from "../../plan/roles/secrets.ts";
import { hostScriptPath } from "../../plan/names.ts";
import { hostScript, roleTestScript } from "../../plan/scripts.ts";
import { shellQuote, shellWord } from "../../plan/shell.ts";
import { sharedPool, SshError, type ExecResult, type SshTarget } from "../../ssh/index.ts";
import { CliError } from "../errors.ts";

const reportSchema = z.object({
  changed: z.array(z.string()),
  removed: z.array(z.string()),
  restarted: z.array(z.string()),
  reloaded: z.array(z.string()),
  started: z.array(z.string()),
});
/** What a run of a bundle has done. */
export type Report = z.infer<typeof reportSchema>;

const statusSchema = z.object({
  claim: z.object({ host: z.string(), cluster: z.string() }).nullable(),
  bundles: z.array(
    z.object({
      bundle: z.string(),
      state: z.string(),
      drift: z.array(z.object({ kind: z.string(), name: z.string(), detail: z.string() })),
    }),
  ),
});

/** A run of a bundle was killed, or its host refused it. */
export class ApplyFailed extends Error {
  override readonly name = "ApplyFailed";
}

/** Puts what comes by standard input at $1, unless something is there. */
const installing = `[ -e "$1" ] || { umask 022 && mkdir -p "\${1%/*}" && cat >"$1.new" && chmod 0755 "$1.new" && mv -f "$1.new" "$1"; }`;

/** A call of the host script. */
const commandOf = (words: readonly string[]): string => [hostScriptPath, ...words].map(shellWord).join(" ");

/** The name of the cluster that claims a host for tests. */
const cluster = "role-test";

/** A host on which a role is tried. The host script comes with the claim, and goes with it. */
export class TestHost {
  readonly name: string;
  readonly #target: SshTarget;
  #generation = 0;

  constructor(name: string, target: SshTarget) {
    this.name = name;
    this.#target = target;
  }

  /**
   * Puts the host script there and claims the host.
   *
   * @throws CliError when it is somebody's already.
   */
  async claim(): Promise<void> {
    const put = `/bin/sh -c ${shellQuote(installing)} sh ${shellWord(hostScriptPath)}`;
    const { code, stderr } = await this.#asRoot(put, hostScript().content);
    if (code !== 0) throw new CliError(`${this.name}: the host script cannot be put there: ${stderr.trim()}`);
    const { claim } = await this.#status();
    if (claim !== null && claim.cluster !== cluster)
      throw new CliError(
        `${this.name} is the host ${printable(claim.host)} of the cluster ${printable(claim.cluster)}: roles are tried on hosts that carry nothing yet; take one that has not seen up, or run ./plinth lab wipe ${this.name}.`,
      );
    const claimant = renderClaimant({ cluster, clusterId: "0".repeat(32), host: this.name, stack: cluster });
    await this.#succeed(["claim"], `generation 1\n${claimant}`);
  }

  async release(): Promise<void> {
    await this.#succeed(["release", "--host", this.name], "");
  }

  /**
   * Brings the host to a bundle. Every run has a generation of its own, so that what drifted is put right.
   *
   * @param killAfter seconds after which the run is killed. Default: never.
   * @throws ApplyFailed
   */
  async apply(bundle: Bundle, killAfter?: number): Promise<Report> {
    this.#generation += 1;
    const text = renderBundle(bundle, this.#generation, (item) => {
      if ("source" in item && item.sha256 !== undefined && /^https?:/.test(item.source))
        return { sha256: item.sha256, url: item.source };
      throw new CliError(
        `${bundle.name} fetches from the artifact server, which is not there for tests of roles: give it an address.`,
      );
    });
    const contents = bundle.secrets.map(({ path, source }) => {
      const parts = source.kind === "role" ? source.text : [];
      return {
        path,
        content: secretText(parts, Object.fromEntries(secretNames(parts).map((name) => [name, `test of ${name}`]))),
      };
    });
    const { code, stdout, stderr } = await this.#run(["apply"], text + renderSecrets(contents), killAfter);
    if (code !== 0) throw new ApplyFailed(stderr.trim() || `it ended with ${code ?? "a signal"}`);
    if (bundle.confirm !== undefined) await this.#confirm(bundle.name);
    return reportSchema.parse(JSON.parse(stdout));
  }

  /** Says that a change stays, over a connection of its own, as a run does. */
  async #confirm(bundle: string): Promise<void> {
    try {
      const command = throughRoot(commandOf(["confirm", bundle]));
      const { code, stderr } = await sharedPool.exec(this.#target, command, { anew: true });
      if (code !== 0) throw new ApplyFailed(stderr.trim());
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
      throw new ApplyFailed(`it cannot be reached after the change, and returns from it: ${error.message}`);
    }
  }

  /** Brings the host to nothing of a bundle. */
  remove(bundle: Bundle, killAfter?: number): Promise<Report> {
    return this.apply(emptied(bundle), killAfter);
  }

  /** What differs from the bundle as it was left: `KIND NAME DETAIL`. */
  async drift(bundle: Bundle): Promise<string[]> {
    const { bundles } = await this.#status();
    const own = bundles.find((one) => one.bundle === bundle.name);
    if (own === undefined) return [`there is no bundle ${bundle.name}`];
    const state = own.state === "complete" ? [] : [`its state is ${own.state}`];
    return [...state, ...own.drift.map(({ kind, name, detail }) => `${kind} ${name} ${detail}`.trim())];
  }

  async snapshot(units: readonly string[]): Promise<Snapshot> {
    const { code, stdout, stderr } = await this.#feed(roleTestScript("snapshot"), units);
    if (code !== 0) throw new CliError(`${this.name} cannot be looked at: ${stderr.trim()}`);
    return parseSnapshot(stdout);
  }

  async tamper(words: readonly string[]): Promise<void> {
    const { code, stderr } = await this.#feed(roleTestScript("tamper"), words);
    if (code !== 0) throw new CliError(`${this.name} cannot be changed by hand: ${stderr.trim()}`);
  }

  async #status(): Promise<z.infer<typeof statusSchema>> {
    const { stdout } = await this.#succeed(["status"], "");
    return statusSchema.parse(JSON.parse(stdout));
  }

  async #succeed(words: readonly string[], input: string): Promise<ExecResult> {
    const result = await this.#run(words, input);
    if (result.code !== 0) throw new CliError(`${this.name}: ${words[0] ?? ""} failed: ${result.stderr.trim()}`);
    return result;
  }

  #run(words: readonly string[], input: string, killAfter?: number): Promise<ExecResult> {
    const command = commandOf(words);
    const killed = killAfter === undefined ? "" : `timeout --foreground -s KILL ${killAfter.toFixed(2)} `;
    return this.#asRoot(killed + command, input);
  }

  #feed(script: string, words: readonly string[]): Promise<ExecResult> {
    return this.#asRoot(["/bin/sh", "-s", ...words].map(shellWord).join(" "), script);
  }

  #asRoot(command: string, stdin: string): Promise<ExecResult> {
    return sharedPool.exec(this.#target, throughRoot(command), { stdin });
  }
}
