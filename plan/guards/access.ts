import type { HostFailure } from "../facts.ts";
import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";

const remedies: Record<HostFailure["failure"], string> = {
  unreachable: "bring the host up, or correct its address in the inventory",
  auth: "put the public key of plinth:sshPrivateKeyFile, or one of the SSH agent's, into the user's authorized_keys, or correct plinth:sshUser",
  "host-key":
    "if the host was reinstalled on purpose, put its new key into plinth:sshKnownHostsFile; if not, somebody may be in between",
  sudo: "give the user passwordless sudo (NOPASSWD: ALL), or its password by PLINTH_SUDO_PASSWORD or the secret plinth:sudoPassword, or use root",
  garbled: "look at what the user's login shell prints and whether the host is healthy",
  refused: "put that right",
};

/** A host that could not be read. */
export function accessFinding(host: Host, reading: HostFailure): Finding {
  return {
    rule: `host-${reading.failure === "host-key" ? "key" : reading.failure}`,
    kind: "input",
    hosts: [host.name],
    message: reading.message,
    remedy: remedies[reading.failure],
  };
}
