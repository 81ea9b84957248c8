#!/bin/sh
# Tells what a host has of the ten tasks, a line for each thing: a word, a blank, what it is (nothing where it is missing).
# Usage: look.sh NAME, as root.
set -eu

name=$1

say() {
  printf '%s %s\n' "$1" "$2"
}

digest() {
  if [ -f "$1" ]; then sha256sum <"$1" | cut -d ' ' -f 1; fi
}

say user "$(id -gn "$name" 2>/dev/null || :)"
say directory "$(stat -c '%a %U:%G' "/etc/$name" 2>/dev/null || :)"
for file in one.conf two.conf three.conf service.conf; do
  say "$file" "$(digest "/etc/$name/$file")"
done
say unit "$(digest "/etc/systemd/system/$name.service")"
say active "$(systemctl is-active "$name.service" || :)"
say enabled "$(systemctl is-enabled "$name.service" 2>/dev/null || :)"
say read "$(digest "/run/$name/read")"
say start "$(systemctl show --property InvocationID --value "$name.service")"
