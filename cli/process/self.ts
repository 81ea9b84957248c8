import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { ProcessName } from "../../plan/loadtest/claim.ts";
import { findProcess } from "./identity.ts";

/** The machine since its boot, and the space of its process ids; undefined where there is no /proc. What the machine keeps to itself is not told. */
function machineName(): string | undefined {
  try {
    const parts = [
      readFileSync("/proc/sys/kernel/random/boot_id", "utf8"),
      hostname(),
      readlinkSync("/proc/self/ns/pid"),
    ];
    return createHash("sha256")
      .update(`plinth ${parts.join(" ")}`)
      .digest("hex")
      .slice(0, 16);
  } catch (error) {
    if (["ENOENT", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** This process by a name that no other has, here or elsewhere. */
export function thisProcess(): ProcessName | undefined {
  const machine = machineName();
  const found = findProcess(process.pid);
  return machine === undefined || found === undefined
    ? undefined
    : { machine, pid: found.pid, started: found.startTicks };
}

/** Whether a process lives; undefined where that cannot be told: it is another machine's. */
export function lives({ machine, pid, started }: ProcessName): boolean | undefined {
  if (machine !== machineName()) return undefined;
  return findProcess(pid)?.startTicks === started;
}

/** Who runs this, for people. */
export function operatorName(): string {
  const { USER: user = `user ${process.getuid?.() ?? "unknown"}` } = process.env;
  return `${user} on ${hostname()}`;
}
