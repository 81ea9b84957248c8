# Lock: one change of this host at a time. The kernel drops the lock when its holder dies, however it dies.

LOCK=$LOCKS/host.lock

# lock_take WHAT [TOTAL]: waits up to PLINTH_LOCK_SECONDS (default 120) for each run that has it, and says who is in the way. TOTAL: seconds
# for all of them together, ten times as many where it is not given.
lock_take() {
  local limit total begin
  limit=${PLINTH_LOCK_SECONDS:-120}
  case $limit in
    '' | *[!0-9]*) die "$EXIT_BAD_INPUT" "PLINTH_LOCK_SECONDS must be a number of seconds, not '$limit'" ;;
  esac
  total=${2:-$((limit * 10))}
  locks_make || die "$EXIT_FAILED" "cannot make $LOCKS"
  if ! lock_can_open "$LOCK"; then
    die "$EXIT_FAILED" "cannot open the lock $LOCK (is this running as root?)"
  fi
  uptime_seconds
  begin=$UPTIME
  exec 9>>"$LOCK"
  lock_wait 9 "$LOCK" "$limit" "$total"
  lock_sign "$LOCK" "$1"
  lock_former plinth.lock
  if [ -n "$FORMER" ]; then
    exec 8>>"$FORMER"
    uptime_seconds
    lock_wait 8 "$FORMER" "$limit" $((total + begin - UPTIME))
    lock_sign "$FORMER" "$1"
  fi
}

# lock_wait DESCRIPTOR FILE EACH TOTAL: EACH seconds for each run that has the lock, TOTAL for all of them, and a second at the end. Bundles
# of one host take turns, and one that waits for two others, each of which goes on, has not waited in vain; but it does not wait for ever.
lock_wait() {
  local begin left seconds which before
  if flock -n "$1"; then
    return 0
  fi
  lock_holder "$2"
  uptime_seconds
  begin=$UPTIME left=$4 which=another
  while :; do
    seconds=$3
    if [ "$left" -lt "$seconds" ]; then
      seconds=$((left > 0 ? left : 0))
    fi
    say "waiting up to $seconds s for $which run on this host: $LOCK_HOLDER"
    before=$LOCK_HOLDER
    # A second more: a run that has just got the lock has not written its line yet, and would be taken for the one before.
    if flock -w "$seconds" "$1" || flock -w 1 "$1"; then
      return 0
    fi
    lock_holder "$2"
    if [ "$LOCK_HOLDER" = "$before" ]; then
      die "$EXIT_LOCKED" "another run still holds $2 after $seconds s: $LOCK_HOLDER; wait for it or look at that process, then run again"
    fi
    uptime_seconds
    left=$(($4 + begin - UPTIME)) which='the next'
    if [ "$left" -le 0 ]; then
      die "$EXIT_LOCKED" "one run after the other holds $2, for $4 s by now, the last one: $LOCK_HOLDER; wait for them, then run again"
    fi
  done
}
