# Lock: one change of this host at a time. The kernel drops the lock when its holder dies, however it dies.

LOCK=$LOCKS/host.lock

# lock_take WHAT: waits up to PLINTH_LOCK_SECONDS (default 120) for each run that has it, and says who is in the way.
lock_take() {
  local limit line
  limit=${PLINTH_LOCK_SECONDS:-120}
  case $limit in
    '' | *[!0-9]*) die "$EXIT_BAD_INPUT" "PLINTH_LOCK_SECONDS must be a number of seconds, not '$limit'" ;;
  esac
  locks_make || die "$EXIT_FAILED" "cannot make $LOCKS"
  if ! lock_can_open "$LOCK"; then
    die "$EXIT_FAILED" "cannot open the lock $LOCK (is this running as root?)"
  fi
  exec 9>>"$LOCK"
  lock_wait 9 "$LOCK" "$limit"
  line="pid $$, $1, since $(date -u +%Y-%m-%dT%H:%M:%SZ)"
  printf '%s\n' "$line" >"$LOCK"
  lock_former plinth.lock
  if [ -n "$FORMER" ]; then
    exec 8>>"$FORMER"
    lock_wait 8 "$FORMER" "$limit"
    printf '%s\n' "$line" >"$FORMER"
  fi
}

# lock_wait DESCRIPTOR FILE SECONDS: so long for each run that has the lock. Bundles of one host take turns, and one that waits for two
# others, each of which goes on, has not waited in vain.
lock_wait() {
  local before
  if flock -n "$1"; then
    return 0
  fi
  lock_holder "$2"
  say "waiting up to $3 s for another run on this host: $LOCK_HOLDER"
  while ! flock -w "$3" "$1"; do
    before=$LOCK_HOLDER
    lock_holder "$2"
    if [ "$LOCK_HOLDER" = "$before" ]; then
      die "$EXIT_LOCKED" "another run still holds $2 after $3 s: $LOCK_HOLDER; wait for it or look at that process, then run again"
    fi
    say "waiting up to $3 s for the next run on this host: $LOCK_HOLDER"
  done
}

# lock_holder FILE: sets LOCK_HOLDER to what the holder wrote about itself.
lock_holder() {
  LOCK_HOLDER=
  read -r LOCK_HOLDER <"$1" || :
  LOCK_HOLDER=${LOCK_HOLDER:-held by a process that has not said who it is}
}
