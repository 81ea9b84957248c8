import { bytesOf } from "../quantity.ts";
import { kubeletConfiguration } from "../bundles/kubelet.ts";
import type { HostFacts } from "../facts.ts";
import { isNode } from "../inventory.ts";
import { isObject } from "../merge.ts";
import { directoriesOf } from "../settings/directories.ts";
import { guard, mebibytes, type HostRule } from "./rule.ts";

/** What the kubelet has where nothing is set (k8s.io/kubernetes v1.36.3, pkg/kubelet/eviction/defaults_linux.go). */
const defaults: Readonly<Record<string, string>> = {
  "nodefs.available": "10%",
  "nodefs.inodesFree": "5%",
  "imagefs.available": "15%",
  "imagefs.inodesFree": "5%",
};

/**
 * What a threshold of the kubelet comes to.
 *
 * @param text a percentage of `whole`, or a quantity such as `1Gi`.
 * @returns undefined where it is neither, or a percentage of what is not known.
 */
export function thresholdOf(text: string, whole: number | undefined): number | undefined {
  const [, share] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  if (share !== undefined) return whole === undefined ? undefined : (whole * Number(share)) / 100;
  return /^\d+(\.\d+)?([kMGTP]|[KMGTP]i)?$/.test(text) ? bytesOf(text) : undefined;
}

interface Amounts {
  free: number | undefined;
  whole: number | undefined;
  show: (amount: number) => string;
}

/** In bytes, or numbers of files. */
function amountsOf(facts: HostFacts, directory: string, what: string | undefined): Amounts | undefined {
  const bytes = (kibibytes: number | undefined) => (kibibytes === undefined ? undefined : kibibytes * 1024);
  if (what === "available") {
    const show = (amount: number) => mebibytes(amount / 1024);
    return { free: bytes(facts.diskFreeKiB[directory]), whole: bytes(facts.diskSizeKiB[directory]), show };
  }
  if (what !== "inodesFree") return undefined;
  const show = (amount: number) => `${Math.ceil(amount)} more files`;
  return { free: facts.inodesFree[directory], whole: facts.inodes[directory], show };
}

/** Thresholds by signal, e.g. `nodefs.available`; of two, the one that is reached first is judged as well. */
function thresholdsOf(
  configuration: Readonly<Record<string, unknown>>,
): [setting: string, signal: string, text: string][] {
  const hard = configuration["evictionHard"];
  const own = isObject(hard) ? hard : undefined;
  const fills = own === undefined || configuration["mergeDefaultEvictionSettings"] === true;
  const soft = configuration["evictionSoft"];
  const entries = (setting: string, values: Readonly<Record<string, unknown>>) =>
    Object.entries(values).map(([signal, text]): [string, string, string] => [setting, signal, String(text)]);
  return [
    ...entries("evictionHard", { ...(fills ? defaults : {}), ...own }),
    ...(isObject(soft) ? entries("evictionSoft", soft) : []),
  ];
}

/**
 * File systems of a Node on which less is free than the kubelet wants to have: it would take the Node out of service
 * (`DiskPressure`) as soon as it is there.
 */
export const pressureFindings: HostRule = (host, facts, config) => {
  if (!isNode(host)) return [];
  const { kubelet, containerd } = directoriesOf(config);
  // What the kubelet looks at, by what is there.
  const directories: Readonly<Record<string, string>> = { nodefs: kubelet, imagefs: containerd };
  const configuration = kubeletConfiguration({ host, hosts: [host], config });
  return thresholdsOf(configuration).flatMap(([setting, signal, text]) => {
    const [name = "", what] = signal.split(".");
    const directory = directories[name];
    const amounts = directory === undefined ? undefined : amountsOf(facts, directory, what);
    const least = thresholdOf(text, amounts?.whole);
    if (directory === undefined || amounts?.free === undefined || least === undefined || amounts.free >= least)
      return [];
    const message = `the file system of ${directory} has ${amounts.show(amounts.free)} free and the kubelet wants ${amounts.show(least)} (${setting} ${signal}: ${text}), below which the Node takes no pods (DiskPressure)`;
    const remedy = `make room there, or lower ${signal} of ${setting} in plinth:kubeletConfig, which takes amounts such as 2Gi, too`;
    return [guard("disk-pressure", [host.name], message, remedy)];
  });
};
