import { encryptionKeys } from "../backup/configsecrets.ts";
import type { Finding } from "../findings.ts";

/** What of a stack's file is nowhere else: how its secrets are encrypted, and the secrets. Keys in any form of YAML. */
const irreplaceable = [...encryptionKeys, "secure"] as const;
const keyOf = (name: string): RegExp => new RegExp(`(^|[\\s{,])["']?${name}["']?\\s*:`, "m");

/**
 * What keeps the files of an import from being written over those that are there. Of a stack that exists the file has the key to its
 * secrets and to its state, which nobody has without it: that is not overwritten even by force.
 *
 * @param folder as people know it.
 * @param there files that are there already, by path below the folder.
 * @param force whether the operator wants them overwritten.
 */
export function overwriteFindings(
  folder: string,
  there: readonly { path: string; text: string }[],
  force: boolean,
): Finding[] {
  const finding = (message: string, remedy: string): Finding => {
    return { rule: "import-overwrite", kind: "input", hosts: [], message, remedy };
  };
  const holds = ({ path, text }: { path: string; text: string }): string[] =>
    /^Pulumi\..+\.yaml$/.test(path) ? irreplaceable.filter((name) => keyOf(name).test(text)) : [];
  const kept = there.filter((file) => holds(file).length > 0);
  const others = there.filter((file) => !kept.includes(file)).map(({ path }) => path);
  return [
    ...kept.map((file) =>
      finding(
        `${file.path} in ${folder} has ${holds(file).join(", ")}, which the secrets and the state of its stack cannot be read without`,
        "choose another --stack; where that stack is gone for good, move its file away",
      ),
    ),
    ...(others.length === 0 || force
      ? []
      : [
          finding(
            `${others.join(", ")} ${others.length === 1 ? "is" : "are"} in ${folder} already, and nothing was written`,
            "choose another --stack, or overwrite by --force",
          ),
        ]),
  ];
}
