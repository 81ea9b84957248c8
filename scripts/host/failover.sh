# A failover drill: takes services of this host away for a while, and has systemd start them again whatever becomes of who asked. It is
# fed to a shell as root, behind the parts that failover.parts names. See docs/availability.md.
#
# failover begin SECONDS UNIT…   stops those of the units that run; SECONDS later they start. Units in the order in which they start
# failover end                   starts them now, where they are stopped
#
# Prints `until EPOCH` and a line `stopped UNIT` for each. Ends with 1 when units do not stop or cannot be started, which leaves them
# started as far as that goes, with 65 for wrong words, and with 75 when a drill is under way here or something else changes this host.
#
# The mark is there while services are away: lines `until EPOCH`, `drill ID`, `unit NAME`. It is in memory: a host that reboots starts its
# units by itself. A timer without a file starts them: it needs neither this script nor the operator's machine.
#
# Whoever stops or starts them holds one lock, the timer, too, and the timer acts for its own drill alone: whatever comes first, the units
# run in the end, and the mark is gone.
set -u
umask 077
export LC_ALL=C
PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export PATH

MARK=${PLINTH_ROOT:-}$FAILOVER_PATH
LOCK=$LOCKS/failover.lock
# Seconds for a drill that begins or ends to let go of the lock: less than who asks waits for an answer.
PATIENCE=${PLINTH_FAILOVER_PATIENCE:-45}
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

# lock_take: until this script ends.
lock_take() {
  if ! { locks_make && lock_can_open "$LOCK"; } 2>/dev/null; then
    die 1 "cannot open $LOCK: nothing was changed"
  fi
  exec 9>>"$LOCK"
  flock -w "$PATIENCE" 9 || die 75 "a drill has been beginning or ending on this host for $PATIENCE s; its timer starts the services"
}

# host_lock_take: the lock of changes of this host, as plinth-host has it, and that of former releases. What is under way may need what a
# drill stops.
host_lock_take() {
  exec 8>>"$LOCKS/host.lock"
  flock -w 10 8 || host_held "$LOCKS/host.lock"
  lock_sign "$LOCKS/host.lock" "a failover drill"
  lock_former plinth.lock
  if [ -n "$FORMER" ]; then
    exec 7>>"$FORMER"
    flock -w 10 7 || host_held "$FORMER"
    lock_sign "$FORMER" "a failover drill"
  fi
}

# host_held FILE: ends, and says who is in the way.
host_held() {
  lock_holder "$1"
  die 75 "another run changes this host, so nothing was stopped: $LOCK_HOLDER"
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
  # What it has started waits for the lock, or for another try.
  timeout 20 systemctl stop "$TIMER.service" </dev/null 2>/dev/null || :
}

# arm SECONDS ID UNIT…: the timer that starts them, and tries again where systemd does not, or somebody keeps the lock.
arm() {
  local seconds id locked
  seconds=$1 id=$2
  shift 2
  locked="mkdir -p '$LOCKS' && exec 9>>'$LOCK' && flock -w 30 9 || exit 1"
  timeout 20 systemd-run --quiet --collect --unit "$TIMER" --description "Plinth: ends a failover drill" --on-active "${seconds}s" \
    --timer-property AccuracySec=100ms --property Restart=on-failure --property RestartSec=5 \
    -- /bin/sh -c "umask 077; $locked; [ ! -e '$MARK' ] || grep -qx 'drill $id' '$MARK' || exit 0; $START $* && rm -f '$MARK'" </dev/null
}

begin() {
  local seconds unit running now id error
  seconds=$1
  shift
  for unit in "$@"; do
    case $unit in
      *[!A-Za-z0-9:.@_-]* | -* | '') die 65 "$unit is no name of a unit" ;;
    esac
  done
  lock_take
  for unit in "$TIMER.timer" "$TIMER.service"; do
    case $(state "$unit") in
      active | activating | deactivating) die 75 "a failover drill is under way on this host" ;;
    esac
  done
  host_lock_take
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
  id=$now-$$
  # shellcheck disable=SC2086 # a list of words
  if ! { printf 'until %s\ndrill %s\n' $((now + seconds)) "$id" && printf 'unit %s\n' $running; } >"$MARK"; then
    rm -f "$MARK"
    die 1 "cannot write $MARK: nothing was stopped"
  fi
  # Before anything stops: from here on nothing can keep them away for good.
  # shellcheck disable=SC2086 # a list of words
  if ! error=$(arm "$seconds" "$id" $running 2>&1); then
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
    lock_take
    if [ -e "$MARK" ]; then
      bring_back
    fi
    ;;
  *) die 65 "usage: failover begin SECONDS UNIT…|end" ;;
esac
