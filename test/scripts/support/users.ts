/** A user database of one host, for hosts in a directory: lines of passwd, and when accounts end. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FakeHost } from "./fake-host.ts";

const shared = `
cd "$PLINTH_FAKES" || exit 2
touch passwd groups expires
say() { printf '%s\\n' "$*" >>log; }
`;

const commands: Readonly<Record<string, string>> = {
  getent: `${shared}
database=$1 code=0; shift
for name in "$@"; do
  case $database in
    passwd) grep "^$name:" passwd || /usr/bin/getent passwd "$name" || code=2 ;;
    group) grep "^$name:" groups || /usr/bin/getent group "$name" || code=2 ;;
    shadow) echo "$name:!:::::::" | sed "s|^\\([^:]*:[^:]*:::::\\):|\\1:$(sed -n "s|^$name ||p" expires):|" ;;
  esac
done
exit $code`,
  groupadd: `${shared}
gid=4500
for word in "$@"; do case $word in --gid=*) gid=\${word#--gid=} ;; --*) ;; *) name=$word ;; esac; done
say "groupadd $*"
echo "$name:x:$gid:" >>groups`,
  useradd: `${shared}
say "useradd $*"
gid=1000 comment= home= shell=
while [ $# -gt 1 ]; do
  case $1 in
    --comment) comment=$2; shift ;; --home-dir) home=$2; shift ;; --shell) shell=$2; shift ;;
    --groups=*) also=\${1#--groups=} ;;
  esac
  shift
done
echo "$1:x:1300:1300:$comment:$home:$shell" >>passwd
echo "$1:x:1300:" >>groups
echo "$1 $1 \${also-}" >>members`,
  usermod: `${shared}
say "usermod $*"
for name in "$@"; do :; done
while [ $# -gt 1 ]; do
  case $1 in
    --comment) comment=$2; shift ;; --home) shift ;; --shell) shell=$2; shift ;;
    --gid)
      entry=$(getent group "$2") || exit 6
      gid=\${entry#*:*:}
      sed -i "s|^\\($name:[^:]*:[^:]*\\):[^:]*|\\1:\${gid%%:*}|" passwd
      sed -i "s|^$name [^ ]*|$name \${entry%%:*}|" members
      shift
      ;;
    --groups) echo "$name $(sed -n "s|^$name \\([^ ]*\\).*|\\1|p" members) $2" | tr , ' ' >members.new; shift ;;
    --groups=*) also=\${1#--groups=} ;;
    --expiredate) sed -i "/^$name /d" expires; echo "$name $2" >>expires; shift ;;
  esac
  shift
done
if [ -n "\${shell-}" ]; then sed -i "s|^\\($name:.*:\\)[^:]*$|\\1$shell|" passwd; fi
if [ -n "\${also-}" ]; then sed -i "s|^$name .*|& $also|" members; fi
if [ -e members.new ]; then sed -i "/^$name /d" members; cat members.new >>members; rm members.new; fi`,
  id: `${shared}
case $1 in
  -gn) sed -n "s|^$2 \\([^ ]*\\).*|\\1|p" members | grep . || exec /usr/bin/id "$@" ;;
  -Gn) sed -n "s|^$2 ||p" members | grep . || exec /usr/bin/id "$@" ;;
  *) exec /usr/bin/id "$@" ;;
esac`,
};

export function userDatabase(host: FakeHost) {
  for (const [name, text] of Object.entries(commands)) host.command(name, text);
  const file = (name: string): string => {
    const path = join(host.fakes, name);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  };
  return {
    /**
     * A user that was there before.
     *
     * @param group those that it is in, its own first, with blanks between.
     * @param expires day on which it ends. Default: never.
     */
    add(line: string, group: string, expires = ""): void {
      writeFileSync(join(host.fakes, "expires"), `${file("expires")}${line.split(":")[0] ?? ""} ${expires}\n`);
      writeFileSync(join(host.fakes, "passwd"), `${file("passwd")}${line}\n`);
      writeFileSync(join(host.fakes, "members"), `${file("members")}${line.split(":")[0] ?? ""} ${group}\n`);
    },
    line: (name: string): string =>
      file("passwd")
        .split("\n")
        .find((line) => line.startsWith(`${name}:`)) ?? "",
    /** Gives a user another shell. */
    change(name: string, shell: string): void {
      const lines = file("passwd").split("\n");
      const changed = lines.map((line) => (line.startsWith(`${name}:`) ? line.replace(/[^:]*$/, shell) : line));
      writeFileSync(join(host.fakes, "passwd"), changed.join("\n"));
    },
    /** The groups of a user, its own first. */
    groups: (name: string): string =>
      file("members")
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1)
        .trim() ?? "",
    /** Day on which a user ends; empty: never. */
    expires: (name: string): string =>
      file("expires")
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1) ?? "",
  };
}
