import { spawn, spawnSync } from "node:child_process";

/** A user id without rights, as `nobody` has it. */
const nobody = "65534";

/** Whether processes of another user can be started: only root can. */
export const canBeOther = process.geteuid?.() === 0;

/** `self`: a process of ours; `other`: one of another user of this machine. */
export type Who = "self" | "other";

/** Says to a port of 127.0.0.1 what a client of gRPC says first: the preface of HTTP/2, and settings. */
const greeting = (port: number): string => `trap '' PIPE # A server that refuses may be gone before everything is said.
exec 3<>/dev/tcp/127.0.0.1/${port} || exit 1
printf 'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\0\\0\\0\\4\\0\\0\\0\\0\\0' >&3`;

function bash(who: Who, script: string): [string, string[]] {
  if (who === "self") return ["bash", ["-c", script]];
  return ["setpriv", [`--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", "bash", "-c", script]];
}

/** How many bytes a process gets to read once it has greeted a port, of the 9 at least that a server answers with. */
export async function greet(port: number, who: Who): Promise<number> {
  const child = spawn(...bash(who, `${greeting(port)}\ntimeout 5 head -c 9 <&3 2>/dev/null | wc -c`), { cwd: "/" });
  let [printed, complaint] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`the client failed: ${complaint}`);
  return Number(printed.trim() || "0");
}

/**
 * Greets a port and is gone again, while this process does nothing: the kernel accepts connections for it meanwhile. It is over once
 * the kernel has no owner for the socket any more, and tells 0, root's user id.
 */
export function greetAndLeave(port: number, who: Who): void {
  const farEnd = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const leave = `exec 3>&-\nwhile grep -q ' ${farEnd} 0[14] ' /proc/net/tcp; do :; done`;
  const [command, args] = bash(who, `${greeting(port)}\n${leave}`);
  const { status, stderr } = spawnSync(command, args, { cwd: "/", encoding: "utf8" });
  if (status !== 0) throw new Error(`the client failed: ${stderr}`);
}
