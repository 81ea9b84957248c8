import { open } from "node:fs/promises";
import { apiserverFileLimits } from "../plan/apiserverfiles.ts";
import type { ClusterConfig } from "../plan/config.ts";
import type { Finding } from "../plan/findings.ts";
import {
  judgeOperatorFiles,
  operatorFilesOf,
  type OperatorFileReading,
  type OperatorTexts,
} from "../plan/operatorfiles.ts";
import { expandHome } from "./host/sshfiles.ts";

/** Reads the files of this machine that a configuration names for hosts, each once, and judges what they hold. */
export async function readOperatorFiles(config: ClusterConfig): Promise<{ texts: OperatorTexts; findings: Finding[] }> {
  const files = operatorFilesOf(config);
  const names = [...new Set(files.map(({ file }) => file))];
  const readings = await Promise.all(
    names.map(async (file): Promise<[string, OperatorFileReading]> => [file, await readOperatorFile(expandHome(file))]),
  );
  return judgeOperatorFiles(files, new Map(readings));
}

/** Reads at most one byte more than a file may have. */
async function readOperatorFile(path: string): Promise<OperatorFileReading> {
  try {
    await using file = await open(path, "r");
    if (!(await file.stat()).isFile()) return { problem: "is not a file" };
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(apiserverFileLimits.one + 1), position: 0 });
    return { bytes: buffer.subarray(0, bytesRead) };
  } catch (error) {
    return { problem: `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})` };
  }
}
