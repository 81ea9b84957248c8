#!/bin/sh
# A failover drill: takes services of this host away for a while, and has systemd start them again whatever becomes of who asked. It is
# fed to a shell as root. See docs/availability.md.
#
# failover begin SECONDS UNIT…   stops those of the units that run; SECONDS later they start. Units in the order in which they start
# failover end                   starts them now, where they are stopped
#
# Prints `until EPOCH` and a line `stopped UNIT` for each. Ends with 1 when units do not stop or cannot be started, which leaves them
# started as far as that goes, with 65 for wrong words, and with 75 when a drill is under way here.
#
# The mark is there while services are away: lines `until EPOCH`, `unit NAME`. It is in memory: a host that reboots starts its units
# by itself. A timer without a file starts them: it needs neither this script nor the operator's machine.
set -u
umask 077
export LC_ALL=C
PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export PATH

MARK=${PLINTH_ROOT:-}/run/plinth-failover
TIMER=plinth-failover
# What was not started before must not be started by what wants it.
START="systemctl --no-block --job-mode=ignore-requirements start"

die() {
  printf 'failover: %s\n' "$2" >&2
  exit "$1"
}

# state UNIT: as systemd says it.
state() {
  timeout 20 systemctl show -p ActiveState "$1" </dev/null | sed -n 's/^ActiveState=//p'
}

# marked KEY: values of its lines in the mark.
marked() {
  sed -n "s/^$1 //p" "$MARK" 2>/dev/null
}

# bring_back: starts what the mark names. The mark stays where systemd takes no job.
bring_back() {
  local units
  units=$(marked unit)
  # shellcheck disable=SC2086 # lists of words
  if [ -n "$units" ] && ! timeout 60 $START $units </dev/null; then
    die 1 "systemd does not start $(printf '%s' "$units" | tr '\n' ' '): start them by hand"
  fi
  rm -f "$MARK"
  timeout 20 systemctl stop "$TIMER.timer" </dev/null 2>/dev/null || :
}

# arm SECONDS UNIT…: the timer that starts them, and tries again where systemd does not.
arm() {
  local seconds
  seconds=$1
  shift
  timeout 20 systemd-run --quiet --collect --unit "$TIMER" --description "Plinth: ends a failover drill" --on-active "${seconds}s" \
    --timer-property AccuracySec=100ms --property Restart=on-failure --property RestartSec=5 \
    -- /bin/sh -c "$START $* && rm -f '$MARK'" </dev/null
}

begin() {
  local seconds unit running now error
  seconds=$1
  shift
  for unit in "$@"; do
    case $unit in
      *[!A-Za-z0-9:.@_-]* | -* | '') die 65 "$unit is no name of a unit" ;;
    esac
  done
  if [ "$(state "$TIMER.timer")" = active ]; then
    die 75 "a failover drill is under way on this host"
  fi
  # Of one whose timer was stopped by hand.
  if [ -e "$MARK" ]; then
    bring_back
  fi
  running=
  for unit in "$@"; do
    case $(state "$unit") in
      active | activating | reloading) running="$running $unit" ;;
    esac
  done
  [ -n "$running" ] || die 1 "none of $* runs: nothing was stopped"
  now=$(date +%s)
  # shellcheck disable=SC2086 # a list of words
  if ! { printf 'until %s\n' $((now + seconds)) && printf 'unit %s\n' $running; } >"$MARK"; then
    rm -f "$MARK"
    die 1 "cannot write $MARK: nothing was stopped"
  fi
  # Before anything stops: from here on nothing can keep them away for good.
  # shellcheck disable=SC2086 # a list of words
  if ! error=$(arm "$seconds" $running 2>&1); then
    rm -f "$MARK"
    die 1 "systemd takes no timer that would start the services again, so nothing was stopped: $error"
  fi
  # shellcheck disable=SC2086 # a list of words
  error=$(timeout "$seconds" systemctl stop $running </dev/null 2>&1)
  for unit in $running; do
    case $(state "$unit") in
      inactive | failed) ;;
      *)
        bring_back
        die 1 "$unit did not stop, and all are started again${error:+: $error}"
        ;;
    esac
  done
  marked until | sed 's/^/until /'
  # shellcheck disable=SC2086 # a list of words
  printf 'stopped %s\n' $running
}

case ${1-}-$# in
  begin-[012] | -0) die 65 "usage: failover begin SECONDS UNIT…|end" ;;
  begin-*)
    case $2 in
      *[!0-9]* | '' | 0*) die 65 "the seconds are not a number: $2" ;;
    esac
    shift
    begin "$@"
    ;;
  end-1)
    if [ -e "$MARK" ]; then
      bring_back
    fi
    ;;
  *) die 65 "usage: failover begin SECONDS UNIT…|end" ;;
esac
