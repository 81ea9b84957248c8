/** A command as it is sent, and what its standard input begins with. */
export interface Sent {
  command: string;
  stdin: string;
}

/** A null command in front of others is for forced commands (`command="…"` in authorized_keys), which look there. */
const forForced = /^: [^;\n]*; /;

/**
 * A command that becomes root by sudo with a password. Password and command go by standard input, so that they are in no
 * process list and no log of sudo's:
 *
 * 1. the password, which the shell hands to a sudo that does nothing: a wrong one ends here, before anything else is read;
 * 2. the password again, for the sudo that runs the command. Where none is asked for (NOPASSWD) the shell behind it drops it;
 * 3. an empty line, by which it knows;
 * 4. the command, of so many bytes, and then the command's own input.
 *
 * `-k`: a password that sudo has seen lately is asked for all the same, so that it is always the one or the other.
 *
 * @param password one line, not empty.
 */
export function byPassword(command: string, password: string): Sent {
  if (password === "" || /[\n\r\0]/.test(password)) throw new Error("a password for sudo is one line, and not empty");
  const [forced = ""] = forForced.exec(command) ?? [];
  const rest = command.slice(forced.length);
  const run = `eval "$(dd bs=1 count=${Buffer.byteLength(rest)} 2>/dev/null)"`;
  const lines = [
    "unset plinth_word; IFS= read -r plinth_word",
    // What sudo says is shown where it refuses; else it may be its lecture.
    `plinth_said=$(printf '%s\\n' "$plinth_word" | LC_ALL=C sudo -k -S -p '' /bin/sh -c : 2>&1) || { printf '%s\\n' "$plinth_said" >&2; exit 1; }`,
    "unset plinth_word plinth_said",
    `exec sudo -k -S -p '' /bin/sh -c 'IFS= read -r w; [ -z "$w" ] || IFS= read -r w; unset w; ${run}'`,
  ];
  return { command: `${forced}${lines.join("\n")}`, stdin: `${password}\n${password}\n\n${rest}` };
}
