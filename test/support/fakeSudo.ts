import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What sudo does with a password, as sudo(8) has it: asked for by line, three times, and not at all where it is not needed. */
const script = `#!/bin/sh
here=$(dirname "$0")
printf '%s\\n' "$*" >>"$here/log"
tr '\\0' ' ' </proc/$PPID/cmdline >>"$here/parents"
input= never= known=yes
while :; do
  case $1 in
    -k) known= ;;
    -S) input=yes ;;
    -n) never=yes ;;
    -p) shift ;;
    *) break ;;
  esac
  shift
done
let_in() { exec env -i PATH="$PATH" HOME=/root BEHIND_SUDO=yes "$@"; }
if [ -e "$here/nopasswd" ]; then let_in "$@"; fi
if [ -n "$known" ] && [ -e "$here/seen" ]; then let_in "$@"; fi
if [ -n "$never" ]; then echo 'sudo: a password is required' >&2; exit 1; fi
[ -n "$input" ] || { echo 'sudo: a terminal is required to read the password' >&2; exit 1; }
[ -e "$here/lectured" ] || { echo 'We trust you have received the usual lecture.' >&2; : >"$here/lectured"; }
for try in 1 2 3; do
  IFS= read -r line || { echo 'sudo: no password was provided' >&2; exit 1; }
  if [ "$line" = "$(cat "$here/password")" ]; then : >"$here/seen"; let_in "$@"; fi
  echo 'Sorry, try again.' >&2
done
echo 'sudo: 3 incorrect password attempts' >&2
exit 1
`;

/** A sudo for commands that a test server runs; behind it BEHIND_SUDO is yes. */
export class FakeSudo {
  /** To be in front of PATH. */
  readonly folder: string;

  /** @param password none: it asks for none. */
  constructor(folder: string, password: string | undefined) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "sudo"), script);
    chmodSync(join(folder, "sudo"), 0o755);
    writeFileSync(join(folder, password === undefined ? "nopasswd" : "password"), password ?? "");
  }

  get path(): string {
    return `${this.folder}:${process.env["PATH"] ?? ""}`;
  }

  /** All that process lists and sudo's log have seen. */
  get seen(): string {
    return ["log", "parents"].map((name) => readFileSync(join(this.folder, name), "utf8")).join("\n");
  }
}
