#!/bin/sh
# Run lock: one run at a time changes the cluster that this host is a control-plane host of. The lock lives as long as this
# script does, and this script as long as its standard input delivers a byte now and then: it ends at once when the
# operator's process does, and soon after the operator's machine has lost its power or its way here.
#
# Usage: run-lock.sh HOLDER [SECONDS]   HOLDER: one line that tells others who holds the lock
#                                       SECONDS: how long to wait for the next byte, default 45
# Prints `locked`, and then a dot for every byte that comes; or `held LINE`, what the other holder says of itself.
# PLINTH_ROOT: the directory under which all paths are, for tests.

set -u
umask 077
PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export PATH

lock=${PLINTH_ROOT:-}/run/lock/plinth-run.lock
[ -d "${lock%/*}" ] || mkdir -p "${lock%/*}" || exit 1
# The redirection of `exec` ends the shell when it fails, so it is tried in a subshell first.
if ! (: >>"$lock"); then
  echo "cannot open the lock $lock (is this running as root?)" >&2
  exit 1
fi
exec 9>>"$lock"
# A little patience: the lock of a run that has just been killed is gone as soon as its host has noticed.
if ! flock -w 2 9; then
  # The holder writes its line after it has got the lock.
  sleep 1
  holder=
  read -r holder <"$lock" || :
  printf 'held %s\n' "${holder:-by a run that has not said who it is}"
  exit 0
fi
printf '%s\n' "$1" >"$lock"
echo locked
# Children must not have the lock: one that outlives this script would hold it.
while [ -n "$(timeout "${2:-45}" head -c 1 9>&- 2>/dev/null)" ]; do
  printf . || exit
done
: >"$lock"
