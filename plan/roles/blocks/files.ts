import { z } from "zod";
import { BlockError, type Block } from "../block.ts";
import { Secret, SecretText, type Content } from "../secrets.ts";
import type { FileValidation, SecretTextPart } from "../../bundle.ts";
import { checked, judgeOf, modeOf, ownerOf, pathOf, unitsOf, type Units } from "./words.ts";

export interface FileOptions {
  /** Text in UTF-8; a last line's end is added where there is none. A secret, or text with secrets, is shown nowhere. */
  content: Content;
  /** Octal, four digits. Default: `0644`, with a secret in it `0600`; then it must not be open to everyone. */
  mode?: string;
  /** `user:group`, both of which must exist or be made by the role. Default: `root:root`. */
  owner?: string;
  /** Units that are restarted when the file changes, and run from then on. */
  restart?: Units;
  /** Units that are reloaded when the file changes, and run from then on. */
  reload?: Units;
  /**
   * A command that must end with 0 for the new file before it takes the old one's place, in words without quotes; `%` is where the new file
   * is meanwhile. It is asked only when the file changes. What it says goes into the error; of files with secrets that is left out.
   */
  validate?: string | readonly [string, ...string[]];
  /** Seconds that `validate` may take. Default: 30. */
  validateSeconds?: number;
}

/**
 * A file with exactly this content.
 *
 * Drift: another content, mode or owner, or no such file. Removal: what was there before comes back, byte for byte.
 */
export function file(path: string, options: FileOptions): Block {
  const { content, owner = "root:root", restart, reload } = options;
  const isSecret = typeof content !== "string";
  const mode = modeOf(options.mode ?? (isSecret ? "0600" : "0644"));
  if (isSecret && !mode.endsWith("0"))
    throw new BlockError(`${path} has a secret and the mode ${mode}: everyone could read it; use 0600 or 0640`);
  const common = {
    path: pathOf(path),
    mode,
    owner: ownerOf(owner),
    ...unitsOf({ ...(restart === undefined ? {} : { restart }), ...(reload === undefined ? {} : { reload }) }),
    ...validation(path, options),
  };
  if (isSecret) return { secrets: [{ ...common, source: { kind: "role", text: partsOf(content) } }] };
  return { files: [{ ...common, content: textOf(path, content) }] };
}

function textOf(path: string, content: string): string {
  if (content.includes("\0")) throw new BlockError(`the content of ${path} must have no character 0`);
  return content === "" || content.endsWith("\n") ? content : `${content}\n`;
}

function partsOf(content: Secret | SecretText): readonly SecretTextPart[] {
  return content instanceof Secret ? [{ secret: content.name }] : content.parts;
}

function validation(path: string, { validate, validateSeconds = 30 }: FileOptions): { validate?: FileValidation } {
  if (validate === undefined) return {};
  return { validate: { words: judgeOf(path, validate), deadline: validateSeconds } };
}

/**
 * A directory, with those above it.
 *
 * Drift: another mode or owner, or no such directory. Removal: it goes when it is empty, and when we have made it; what is in it stays.
 */
export function directory(
  path: string,
  { mode = "0755", owner = "root:root" }: { mode?: string; owner?: string } = {},
): Block {
  return { directories: [{ path: pathOf(path), mode: modeOf(mode), owner: ownerOf(owner) }] };
}

const linkTarget = z
  .string()
  .regex(/^[A-Za-z0-9._@:+=,~%/-]+$/, "must be a path of A-Z a-z 0-9 . _ @ : + = , ~ % - and /");

/**
 * A symbolic link.
 *
 * @param target where it leads; without a `/` in front from the directory of the link.
 *
 * Drift: another target, or no such link. Removal: what was there before comes back.
 */
export function symlink(path: string, target: string, options: { restart?: Units; reload?: Units } = {}): Block {
  return {
    links: [{ path: pathOf(path), target: checked(linkTarget, target, `the target of ${path}`), ...unitsOf(options) }],
  };
}
