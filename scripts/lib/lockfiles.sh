# Lock files: in a directory that root alone may enter. /run/lock is open to everybody on many systems: there others could make a lock's
# file first, and hold it for ever.

LOCKS=${PLINTH_ROOT:-}$STAGING_PATH

# locks_make: makes the directory. Returns 1 when it cannot. A lock file is never removed, because a removed one locks nothing: they go
# when the host boots.
locks_make() {
  [ -d "$LOCKS" ] || mkdir -p "$LOCKS"
}

# lock_can_open FILE: the redirection of `exec` ends the shell when it fails, so it is tried in a subshell first.
lock_can_open() {
  (: >>"$1") 2>/dev/null
}

# lock_sign FILE WHAT: what the holder of a lock writes about itself, for whoever waits.
lock_sign() {
  printf 'pid %s, %s, since %s\n' $$ "$2" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$1"
}

# lock_holder FILE: sets LOCK_HOLDER to what the holder wrote about itself.
lock_holder() {
  LOCK_HOLDER=
  read -r LOCK_HOLDER <"$1" || :
  LOCK_HOLDER=${LOCK_HOLDER:-held by a process that has not said who it is}
}

# lock_former NAME: sets FORMER to the lock file that releases up to the change of the directory know, and makes it for them. A run of
# theirs may still be at work, from another clone or because it was killed while its change of a host went on, and may begin while ours
# is at work. It is empty when that file is somebody else's: theirs make it for root alone, and cannot open one of another user.
# This and its callers go with the second release from that change on.
lock_former() {
  FORMER=${PLINTH_ROOT:-}/run/lock/$1
  [ -d "${FORMER%/*}" ] || mkdir -p "${FORMER%/*}"
  # In one step that follows no link and takes no file that is there.
  (set -C && : >"$FORMER") 2>/dev/null || :
  # What is root's in a directory with the sticky bit cannot be exchanged by others any more.
  case $(stat -c '%u %a %F' "$FORMER" 2>/dev/null) in
    "$(id -u) 600 regular"*) ;;
    *) FORMER= ;;
  esac
}
