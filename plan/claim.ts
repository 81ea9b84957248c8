import type { FetchedBinary } from "./bundle.ts";
import { hostScriptPath } from "./names.ts";
import { installScript } from "./scripts.ts";
import { asRoot, shellQuote, shellWord } from "./shell.ts";

const delimiter = "END_OF_PLINTH_TEXT";

/**
 * The text that claims a host: it installs the host script, by its digest, and runs it. Who claims it comes by standard
 * input ({@link renderClaimant}).
 *
 * @param generation see `claimGeneration` in facts.ts. In the text, so that a preview shows why a host is claimed again.
 */
export function renderClaim(script: FetchedBinary, generation: number): string {
  return [
    `install=$(cat <<'${delimiter}'`,
    installScript().replace(/\n$/, ""),
    delimiter,
    ")",
    `{ echo generation ${generation}; cat; } |`,
    `  ${asRoot} /bin/sh -c "$install" install.sh ${shellWord(script.sha256)} ${shellQuote(script.url)} claim`,
    "",
  ].join("\n");
}

/** Whose host it becomes. */
export interface Claimant {
  cluster: string;
  clusterId: string;
  host: string;
  stack: string;
}

/** The standard input of a claim. */
export function renderClaimant({ cluster, clusterId, host, stack }: Claimant): string {
  return `cluster ${cluster}\ncluster-id ${clusterId}\nhost ${host}\nstack ${stack}\nend\n`;
}

/** The text that takes everything of ours off a host, unless it has been claimed under another name since. */
export function renderRelease(host: string): string {
  const nothing = `echo '{"released":false,"reason":"nothing of Plinth is on this host"}'`;
  return `if test -x ${hostScriptPath}; then ${asRoot} ${hostScriptPath} release --host ${shellWord(host)}; else ${nothing}; fi\n`;
}
