import { certificatesProblem } from "./authentication.ts";
import { apiserverFileLimits } from "./apiserverfiles.ts";
import type { ClusterConfig } from "./config.ts";
import type { Finding } from "./findings.ts";

/** A file of the operator's machine whose content goes to hosts. */
export interface OperatorFile {
  /** Where the configuration names it. */
  key: string;
  /** As the configuration has it. */
  file: string;
  holds: "certificates" | "text";
}

/** What was found where an operator's file should be. */
export type OperatorFileReading = { bytes: Uint8Array } | { problem: string };

/** File as the configuration has it → its content. */
export type OperatorTexts = ReadonlyMap<string, string>;

/** The files that a configuration names. */
export function operatorFilesOf({
  authentication,
  apiserverFiles,
}: Pick<ClusterConfig, "authentication" | "apiserverFiles">): OperatorFile[] {
  const authorities = (authentication.jwt ?? []).flatMap(({ issuer }, index): OperatorFile[] =>
    issuer.caFile === undefined
      ? []
      : [
          {
            key: `plinth:authentication.jwt[${index}].issuer.caFile`,
            file: issuer.caFile,
            holds: "certificates",
          },
        ],
  );
  const brought = Object.entries(apiserverFiles).map(([path, { file }]): OperatorFile => ({
    key: `plinth:apiserverFiles["${path}"].file`,
    file,
    holds: "text",
  }));
  return [...authorities, ...brought];
}

/**
 * The content of operator's files, and what is wrong with them.
 *
 * @param readings what was found, by file.
 */
export function judgeOperatorFiles(
  files: readonly OperatorFile[],
  readings: ReadonlyMap<string, OperatorFileReading>,
): { texts: OperatorTexts; findings: Finding[] } {
  const texts = new Map<string, string>();
  const findings: Finding[] = [];
  let all = 0;
  for (const wanted of files) {
    const reading = readings.get(wanted.file) ?? { problem: "was not read" };
    const judged = "bytes" in reading ? judgeBytes(wanted, reading.bytes) : reading;
    if ("problem" in judged) {
      findings.push(finding(wanted, judged.problem, remedies[wanted.holds]));
      continue;
    }
    all += Buffer.byteLength(judged.text);
    texts.set(wanted.file, judged.text);
  }
  if (all > apiserverFileLimits.all) {
    const message = `the files of plinth:authentication and plinth:apiserverFiles have ${all} bytes together, the most are ${apiserverFileLimits.all}`;
    findings.push({
      rule: "operator-file",
      kind: "input",
      hosts: [],
      message,
      remedy: "shorten or remove some of them",
    });
  }
  return { texts, findings };
}

const remedies = {
  certificates: "name a PEM file of this machine with the certificates of the issuer's authorities",
  text: "name a text file of this machine",
};

function finding({ key, file }: OperatorFile, problem: string, remedy: string): Finding {
  return { rule: "operator-file", kind: "input", hosts: [], message: `${key} ${file} ${problem}`, remedy };
}

function judgeBytes({ holds }: OperatorFile, bytes: Uint8Array): { text: string } | { problem: string } {
  if (bytes.length > apiserverFileLimits.one)
    return { problem: `has more than ${apiserverFileLimits.one} bytes, which is the most for one file` };
  if (bytes.length === 0) return { problem: "is empty" };
  const text = textOf(bytes);
  if (text === undefined) return { problem: "is not a text in UTF-8" };
  const problem = holds === "certificates" ? certificatesProblem(text) : undefined;
  return problem === undefined ? { text } : { problem };
}

/** Undefined for what a bundle's text cannot hold. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
