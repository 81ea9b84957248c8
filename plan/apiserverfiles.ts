import { z } from "zod";
import type { Finding } from "./findings.ts";

/** Directory of the operator's files on control-plane hosts. The API server may read it, other users may not. */
export const apiserverFilesDirectory = "/etc/kubernetes/apiserver";

/** Names without a dot in front: those are for files that are being written. */
const name = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}";
const hostPath = new RegExp(`^${apiserverFilesDirectory}(/${name}){1,4}$`);

const apiserverFile = z.strictObject({
  /** On the operator's machine; `~` is the home directory. */
  file: z.string().min(1),
  /**
   * A secret reaches a host by standard input, is readable by the API server alone, and never shows in a preview. The lines
   * of other files show in previews, reviews and the state.
   */
  secret: z.boolean().default(true),
});

/** Files that the API servers are given: path on the hosts → where it comes from. */
export const apiserverFilesSchema = z.record(
  z
    .string()
    .regex(
      hostPath,
      `must be ${apiserverFilesDirectory}/ and up to four names of letters, digits, dots, dashes and underlines`,
    ),
  apiserverFile,
);

export type ApiserverFiles = z.output<typeof apiserverFilesSchema>;

/**
 * Bytes of one file, and of all together. They are part of a command's text, of which a shell takes 128 KiB, and of the
 * state, once for each control-plane host (see the budgets in test/unit/plan/budgets.test.ts).
 */
export const apiserverFileLimits = { one: 32 * 1024, all: 36 * 1024 };

function finding(message: string, remedy: string): Finding {
  return { rule: "apiserver-files", kind: "input", hosts: [], message, remedy };
}

/**
 * What is wrong with config `apiserverFiles` in view of what names files.
 *
 * @param readers config key → values of arguments and plugins, however deep.
 */
export function validateApiserverFiles(files: ApiserverFiles, readers: Readonly<Record<string, unknown>>): Finding[] {
  const paths = Object.keys(files);
  const nested = paths.flatMap((path) =>
    paths
      .filter((other) => other.startsWith(`${path}/`))
      .map((other) =>
        finding(
          `plinth:apiserverFiles has ${path} as a file and, with ${other}, as a directory`,
          "give one of them another name",
        ),
      ),
  );
  const missing = Object.entries(readers).flatMap(([key, value]) =>
    textsIn(value)
      .filter((text) => text.startsWith(`${apiserverFilesDirectory}/`) && !paths.includes(text))
      .map((text) =>
        finding(`${key} names ${text}, which plinth:apiserverFiles does not have`, "add it there, or correct the path"),
      ),
  );
  return [...nested, ...missing];
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
