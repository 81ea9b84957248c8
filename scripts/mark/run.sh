# Writes down on a host that tells figures when Plinth ran: scripts/metrics/facts.sh reads it. As root.
#
# Usage: KIND[=FOUND]…    KIND: up, drift. FOUND: differences on this host that a look for drift has found.
# PLINTH_ROOT: the directory under which all other paths are, for tests.

set -u
umask 022
STATE=${PLINTH_ROOT:-}$STATE_PATH

# A host that was released meanwhile gets nothing left behind.
[ -r "$STATE/claim" ] || exit 0

mkdir -p "$STATE/runs" || exit 1
now=$(date +%s) || exit 1
for mark; do
  kind=${mark%%=*}
  case $mark in
    *=*) line="$now ${mark#*=}" ;;
    *) line=$now ;;
  esac
  printf '%s\n' "$line" >"$STATE/runs/.$kind" && mv -f "$STATE/runs/.$kind" "$STATE/runs/$kind" || exit 1
done
