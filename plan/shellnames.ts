import { controlPlaneTaint } from "./addons/placement.ts";
import { stateMost } from "./backup/limits.ts";
import { clockSlack } from "./backup/set.ts";
import { apiserverUnit, kubernetesAuthorityFile } from "./bundles/apiserver.ts";
import { controllerManager, scheduler } from "./bundles/controllers.ts";
import { etcdPki } from "./bundles/etcd.ts";
import { haproxyUnit, keepalivedUnit } from "./bundles/loadbalancer.ts";
import { fewestArguments } from "./conditions.ts";
import { furthestBehind } from "./etcdcare/defragment.ts";
import { familyWords, renamedPackages } from "./distributions.ts";
import {
  annotations,
  binDirectory,
  bootstrappersGroup,
  exitCodes,
  kubeletCredentials,
  nodeBundle,
  nodeLabels,
  paths,
  reader,
  taints,
  ownersNote,
  unitKinds,
} from "./names.ts";
import { ports } from "./ports.ts";
import { exemptingLabel, ownNamespaces } from "./protections.ts";
import { resourceWords } from "./resources.ts";
import { rosterCredentials, rosterGroup, rosterPolicy } from "./rosteraccess.ts";

/** Units by which a host serves others, in the order in which they stop: nothing may be asked of what has stopped already. */
const retiredUnits = [
  keepalivedUnit,
  ...[scheduler, controllerManager].map(({ name }) => `${name}.service`),
  apiserverUnit,
  haproxyUnit,
];

/** Units that use etcd's data, in the order in which they stop before it is replaced. */
const restoredUnits = [...[scheduler, controllerManager].map(({ name }) => `${name}.service`), apiserverUnit];

const header =
  "# Names that the program knows, too. Written by `npm run generate` from plan/shellnames.ts: change them there.";

/**
 * A part of a shell script: one assignment a line. The values are words of ours, of which none needs more than double quotes.
 *
 * @param sections comment → variable → value.
 */
function assignments(sections: Readonly<Record<string, Readonly<Record<string, string | number>>>>): string {
  const blocks = Object.entries(sections).map(([comment, variables]) => [
    `# ${comment}`,
    ...Object.entries(variables).map(
      ([name, value]) => `${name}=${/[^\w./:]/.test(String(value)) ? `"${folded(String(value))}"` : value}`,
    ),
  ]);
  return [header, ...blocks.flatMap((lines) => ["", ...lines]), ""].join("\n");
}

/** A list of words within quotes, in lines that can be read. */
const folded = (words: string): string => words.replaceAll(/(.{100,130}) (?=\S)/g, "$1 \\\n");

const listed = (names: ReadonlyMap<string, number>): string =>
  [...names].map(([name, fewest]) => `${name}:${fewest}`).join(" ");

/** Scripts that have names from here: path below scripts/ → text. */
export const generatedScripts: Readonly<Record<string, string>> = {
  "lib/names.sh": assignments({
    "Paths, without the ROOT of tests.": {
      SOFTWARE_PATH: paths.software,
      SCRIPTS_PATH: paths.scripts,
      STATE_PATH: paths.state,
      KEPT_PATH: paths.kept,
      STAGING_PATH: paths.staging,
      JUDGED_PATH: paths.judged,
      UNITS_PATH: paths.units,
      ETCD_BOOTSTRAP: paths.etcdBootstrap,
      FAILOVER_PATH: paths.failover,
      PROXIES_PATH: paths.proxies,
    },
    "Ports.": { ETCD_CLIENT_PORT: ports.etcdClient },
    "Entries that a member of etcd may be behind when one is defragmented.": { ETCD_LAG: furthestBehind },
    "What the script ends with.": {
      EXIT_FAILED: exitCodes.failed,
      EXIT_BAD_INPUT: exitCodes.badInput,
      EXIT_LOCKED: exitCodes.locked,
      EXIT_REFUSED: exitCodes.refused,
    },
    "Kinds of systemd units that a bundle may have.": { UNIT_KINDS: unitKinds.join("|") },
    "Conditions that a bundle may name, each with the fewest arguments that it takes; `stream_read` refuses others.": {
      CHECK_ARGUMENTS: listed(fewestArguments.check),
      PREPARE_ARGUMENTS: listed(fewestArguments.prepare),
      REQUIRE_ARGUMENTS: listed(fewestArguments.require),
      JUDGE_ARGUMENTS: listed(fewestArguments.judge),
    },
    "Resources that a bundle may have, KIND:PHASE:WORDS: when each is made, and how many words it has after its key.": {
      RESOURCE_KINDS: resourceWords(),
    },
    "Units that `retire` stops, in this order.": { RETIRED_UNITS: retiredUnits.join(" ") },
    "Units that a restore stops before etcd, in this order.": { RESTORED_UNITS: restoredUnits.join(" ") },
    "Distributions: FAMILY:ID of os-release, and packages that have another name than in bundles, FAMILY:NAME=OTHER.": {
      FAMILY_IDS: familyWords(),
      PACKAGE_NAMES: renamedPackages(),
    },
  }),
  "backup/names.sh": assignments({
    "Paths, without the ROOT of tests.": { FAILOVER_PATH: paths.failover },
    "Seconds by which the clocks of members and operators may differ.": { AHEAD: clockSlack },
    "KiB of a set of state, with its description: operators open nothing larger.": { STATE_MOST: stateMost / 1024 },
  }),
  "look/names.sh": assignments({
    "Paths, without the ROOT of tests.": {
      SOFTWARE_PATH: paths.software,
      SCRIPTS_PATH: paths.scripts,
      STATE_PATH: paths.state,
      UNITS_PATH: paths.units,
      RULE_SETS_PATH: paths.ruleSets,
      FORMER_ADDRESSES_PATH: paths.formerAddresses,
      FAILOVER_PATH: paths.failover,
      ROSTER_PATH: rosterCredentials,
      KUBELET_CLIENT_PATH: kubeletCredentials.client,
      KUBELET_SERVING_PATH: kubeletCredentials.serving,
    },
    "First word of a look at a host that carries roles alone.": { MACHINE_WORD: reader.machine },
    "The bundle with the kubelet.": { NODE_BUNDLE: nodeBundle },
    "Distributions: FAMILY:ID of os-release.": { FAMILY_IDS: familyWords() },
    "Labels, annotations and taints of Nodes.": {
      OWNER_LABEL: nodeLabels.owner,
      OWNER_ANNOTATION: annotations.owner,
      LEAVING_ANNOTATION: annotations.leaving,
      LEAVING_TAINT: taints.leaving,
      DRAINED_ANNOTATION: annotations.drained,
    },
  }),
  "look/protection-names.sh": assignments({
    "What decides on the protections of the API.": {
      OWN_NAMESPACES: ownNamespaces.join(" "),
      CONTROL_PLANE_TAINT: controlPlaneTaint,
      POD_SECURITY_LABEL: "pod-security.kubernetes.io/enforce",
      HOSTS_LABEL: exemptingLabel("control-plane-hosts"),
      PRIORITIES_LABEL: exemptingLabel("system-priorities"),
    },
  }),
  "reader/names.sh": assignments({
    "Where it is, without the ROOT of tests, and what it is asked.": {
      READER_PATH: reader.directory,
      READER_QUESTION: reader.question,
      MACHINE_WORD: reader.machine,
    },
    "What it ends with.": { EXIT_REFUSED: exitCodes.refused },
  }),
  "roster/names.sh": assignments({
    "Paths.": {
      BIN_PATH: binDirectory,
      CREDENTIALS_PATH: rosterCredentials,
      ETCD_PKI_PATH: etcdPki,
      AUTHORITY_PATH: kubernetesAuthorityFile,
    },
    "Ports.": { KUBELET_PORT: ports.kubelet },
    "Labels, annotations and taints of Nodes.": {
      OWNER_LABEL: nodeLabels.owner,
      ADDRESS_LABEL: nodeLabels.address,
      TAINTS_LABEL: nodeLabels.taints,
      OWNER_ANNOTATION: annotations.owner,
      TAINTS_ANNOTATION: annotations.taints,
      RUNTIME_ANNOTATION: annotations.runtime,
      DRAINED_ANNOTATION: annotations.drained,
      LEAVING_ANNOTATION: annotations.leaving,
      UNINITIALIZED_TAINT: taints.uninitialized,
      LEAVING_TAINT: taints.leaving,
    },
    "Who asks for certificates, and what keeps the roster to tokens.": {
      BOOTSTRAPPERS: bootstrappersGroup,
      ROSTER_POLICY: rosterPolicy,
      ROSTER_ROLE: rosterGroup,
      OWNERS_NOTE: ownersNote,
    },
  }),
};
