#!/bin/sh
# Acts on the processes of the lab's hosts through their cgroups. Run in a private mount namespace.
# Usage: control.sh freeze|thaw|kill INSTANCE HOST
#        control.sh remove INSTANCE         removes the empty cgroups of the whole lab
#        control.sh list INSTANCE           one line per host that has processes: HOST running|frozen INIT-PID|-
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=cgroups.sh source-path=SCRIPTDIR disable=SC1091
. "$here/cgroups.sh"
deadline_seconds=15

# until_true WHAT COMMAND…: polls COMMAND until it is true; fails with a sentence about WHAT after the deadline.
until_true() {
  until_what=$1
  shift
  until_end=$(($(date +%s) + deadline_seconds))
  until "$@"; do
    if [ "$(date +%s)" -ge "$until_end" ]; then
      echo "$until_what within $deadline_seconds s" >&2
      exit 1
    fi
    sleep 0.05
  done
}

# kill_all PATH: sends SIGKILL to everything below PATH; true when nothing was left to kill.
kill_all() {
  # The group may hold a process that was born since: the caller repeats until it is empty.
  kill_processes=$(cgroup_processes "$1")
  [ -n "$kill_processes" ] || return 0
  # shellcheck disable=SC2086  # one word per process; one that is gone by now is what we want
  kill -9 $kill_processes 2>/dev/null || :
  # Frozen processes of version 1 die only when they thaw; with the signal pending they do nothing else.
  ! cgroup_frozen "$1" || cgroup_thaw "$1"
  return 1
}

# has_none PATH: true when no process is below PATH.
has_none() {
  [ -z "$(cgroup_processes "$1")" ]
}

# power_off PATH: everything in the host stands still, dies, and is gone; its supervisor sees that and ends.
power_off() {
  power_top=$(cgroup_freezer)/$1
  [ -d "$power_top" ] || return 0
  if [ -e "$power_top/machine/cgroup.kill" ]; then
    # Version 2 kills a whole group at once, frozen or not; but a frozen supervisor would not see it.
    echo 1 >"$power_top/machine/cgroup.kill"
  else
    cgroup_freeze "$1"
    # shellcheck disable=SC2046  # one word per process
    kill -9 $(cgroup_processes "$1/machine") 2>/dev/null || :
  fi
  cgroup_thaw "$1"
  # Whoever was born in between, and a supervisor that does not end by itself.
  (deadline_seconds=3 until_true "the supervisor of $1 did not end" has_none "$1") 2>/dev/null || :
  until_true "processes of $1 did not end" kill_all "$1"
  until_true "the cgroup $1 could not be removed" cgroup_remove "$1"
}

# init_of PATH: the process that is number 1 inside the host, as numbered outside; `-` when there is none.
init_of() {
  for init_candidate in $(cgroup_processes "$1"); do
    if awk '$1 == "NSpid:" && NF == 3 && $3 == 1 { found = 1 } END { exit !found }' \
      "/proc/$init_candidate/status" 2>/dev/null; then
      echo "$init_candidate"
      return
    fi
  done
  echo -
}

verb=$1 instance=$2 host=${3:-}
cgroup_mount
case $verb in
  freeze)
    cgroup_freeze "$instance/$host"
    until_true "the processes of host $host did not stand still" cgroup_settled "$instance/$host"
    ;;
  thaw) cgroup_thaw "$instance/$host" ;;
  kill) power_off "$instance/$host" ;;
  remove) until_true "the cgroup $instance could not be removed" cgroup_remove "$instance" ;;
  list)
    for directory in "$(cgroup_freezer)/$instance"/*/; do
      [ -d "$directory" ] || continue
      host=$(basename "$directory")
      [ -n "$(cgroup_processes "$instance/$host")" ] || continue
      if cgroup_frozen "$instance/$host"; then state=frozen; else state=running; fi
      echo "$host $state $(init_of "$instance/$host")"
    done
    ;;
  *)
    echo "control.sh: unknown verb $verb" >&2
    exit 64
    ;;
esac
