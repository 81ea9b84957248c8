import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { hostKeyFile } from "../../../lab/identity.ts";
import { LabPaths } from "../../../lab/paths.ts";
import { shellQuote } from "../../../plan/shell.ts";
import type { Project } from "./project.ts";

const host = "w2";
const address = "10.27.0.22";
const account = "vault";
const folder = "/srv/vault/lab";

/** An SSH key pair of its own. */
function keyPair(): { privateKey: string; publicKey: string } {
  const place = mkdtempSync(path.join(tmpdir(), "plinth-vault-"));
  try {
    const file = path.join(place, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "members", "-f", file]);
    return { privateKey: readFileSync(file, "utf8"), publicKey: readFileSync(`${file}.pub`, "utf8").trim() };
  } finally {
    rmSync(place, { recursive: true });
  }
}

/**
 * Makes an account of a lab host that takes sets and deletes none, as docs/backup.md says. Needs hosts that have rclone.
 *
 * @returns the target, as `plinth:backup` has it.
 */
export async function makeVault(project: Project) {
  const { privateKey, publicKey } = keyPair();
  const line = `restrict,command="umask 007; exec rclone serve restic --stdio --append-only ${folder}" ${publicKey}`;
  await project.read(
    host,
    [
      `useradd --create-home --shell /bin/sh ${account}`,
      // Operators come by the account that they have.
      `usermod --append --groups ${account} plinth`,
      `install -d -o ${account} -g ${account} -m 2770 ${folder}`,
      `install -d -o ${account} -g ${account} -m 700 /home/${account}/.ssh`,
      `echo ${shellQuote(line)} >/home/${account}/.ssh/authorized_keys`,
    ].join(" && "),
  );
  const [algorithm = "", key = ""] = readFileSync(
    `${hostKeyFile(new LabPaths(project.dir).ssh, host)}.pub`,
    "utf8",
  ).split(" ");
  const hostKey = `${algorithm} ${key.trim()}`;
  return {
    name: "vault",
    ssh: { host: address, user: account, privateKey, hostKey, path: folder, operatorUser: "plinth" },
  };
}
