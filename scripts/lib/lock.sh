# Lock: one change of this host at a time. The kernel drops the lock when its holder dies, however it dies.

LOCK=$ROOT/run/lock/plinth.lock

# lock_take WHAT: waits up to PLINTH_LOCK_SECONDS (default 120) and says who is in the way.
lock_take() {
  local limit
  limit=${PLINTH_LOCK_SECONDS:-120}
  case $limit in
    '' | *[!0-9]*) die "$EXIT_BAD_INPUT" "PLINTH_LOCK_SECONDS must be a number of seconds, not '$limit'" ;;
  esac
  if [ ! -d "${LOCK%/*}" ]; then
    mkdir -p "${LOCK%/*}" || die "$EXIT_FAILED" "cannot make ${LOCK%/*}"
  fi
  # The redirection of `exec` ends the shell when it fails, so it is tried in a subshell first.
  if ! (: >>"$LOCK") 2>/dev/null; then
    die "$EXIT_FAILED" "cannot open the lock $LOCK (is this running as root?)"
  fi
  exec 9>>"$LOCK"
  if ! flock -n 9; then
    lock_holder
    say "waiting up to $limit s for another run on this host: $LOCK_HOLDER"
    if ! flock -w "$limit" 9; then
      lock_holder
      die "$EXIT_LOCKED" "another run still holds $LOCK after $limit s: $LOCK_HOLDER; wait for it or look at that process, then run again"
    fi
  fi
  printf 'pid %s, %s, since %s\n' "$$" "$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$LOCK"
}

# lock_holder: sets LOCK_HOLDER to what the holder wrote about itself.
lock_holder() {
  LOCK_HOLDER=
  read -r LOCK_HOLDER <"$LOCK" || :
  LOCK_HOLDER=${LOCK_HOLDER:-held by a process that has not said who it is}
}
