import { delimiter, join } from "node:path";
import { exists } from "./files.ts";
import { run } from "./run.ts";
import { LabError } from "./types.ts";

/** What the lab needs on the operator's machine: a program or file, and the Debian package that has it. */
const needs: readonly { program?: string; file?: string; package: string }[] = [
  { program: "systemd-nspawn", package: "systemd-container" },
  { program: "mmdebstrap", package: "mmdebstrap" },
  { program: "ip", package: "iproute2" },
  { program: "bridge", package: "iproute2" },
  { program: "nft", package: "nftables" },
  { program: "ssh", package: "openssh-client" },
  { program: "flock", package: "util-linux" },
  { program: "unshare", package: "util-linux" },
  { file: "/usr/share/keyrings/debian-archive-keyring.gpg", package: "debian-archive-keyring" },
];

function searchPath(): string[] {
  return [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
}

/** The file of a program, in the first directory that has it. */
async function find(program: string, directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    const file = join(directory, program);
    if (await exists(file)) return file;
  }
  return undefined;
}

/** Packages whose programs are missing on this machine. */
export async function missingPackages(directories: readonly string[] = searchPath()): Promise<string[]> {
  const missing = new Set<string>();
  for (const need of needs) {
    const there =
      need.program === undefined
        ? await exists(need.file ?? "")
        : (await find(need.program, directories)) !== undefined;
    if (!there) missing.add(need.package);
  }
  return [...missing].sort();
}

/**
 * Installs what is missing, with one line that says so.
 * @param directories where to look for programs
 * @throws LabError when this is not root, or not a machine with apt-get
 */
export async function ensureTools(
  onProgress: (line: string) => void,
  directories: readonly string[] = searchPath(),
): Promise<void> {
  requireRoot();
  const packages = await missingPackages(directories);
  if (packages.length === 0) return;
  const list = packages.join(" ");
  const aptGet = await find("apt-get", directories);
  if (aptGet === undefined) {
    throw new LabError(`the lab needs the programs of these Debian packages, install them first: ${list}`);
  }
  onProgress(`installing on this machine for the lab: ${list}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const lock = "DPkg::Lock::Timeout=300";
  await run("updating the package lists", [aptGet, "update", "-q"], { env });
  await run(`installing ${list}`, [aptGet, "install", "-q", "-y", "--no-install-recommends", "-o", lock, ...packages], {
    env,
  });
}

/** @throws LabError unless this process is root */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) {
    throw new LabError("the lab makes network namespaces, mounts and containers, which needs root: run it with sudo");
  }
}
