# Resource: a unit whose file is somebody else's. That it runs is seen to by the bundle's units; this remembers how it was before, and
# brings it back once the files from before are there. `before` tells whether it was enabled, and whether it was active.

# resource_service VERB UNIT
resource_service() {
  local error
  case $1 in
    differs) return 1 ;;
    before)
      units_show "$2" || return 1
      unit_get "$2"
      printf '%s %s\n' "$UNIT_FILE" "$UNIT_ACTIVE"
      ;;
    drop)
      case $BEFORE in
        'enabled '*)
          if ! error=$(control 60 enable "$2" 2>&1); then
            FAILURE="cannot enable $2 again: ${error##*"$NEWLINE"}"
            return 1
          fi
          ;;
      esac
      if service_ran; then
        service_again "$2"
      fi
      ;;
  esac
}

# service_ran: whether the unit that BEFORE is of ran before us.
service_ran() {
  case $BEFORE in
    *' active' | *' reloading') return 0 ;;
    *) return 1 ;;
  esac
}

# service_again UNIT: it runs, with the files from before: restarted or reloaded where HIT_RESTART or HIT_RELOAD have it, started where it is
# down. Returns 1 with FAILURE set.
service_again() {
  local verb error
  verb=start
  # shellcheck disable=SC2086 # lists of words
  if has_word "$1" $HIT_RESTART; then
    verb=restart
  elif has_word "$1" $HIT_RELOAD; then
    # Started where it is down.
    verb="reload-or-restart"
  fi
  if ! error=$(control 120 "$verb" "$1" 2>&1); then
    FAILURE="cannot $verb $1, with the files from before: ${error##*"$NEWLINE"}"
    return 1
  fi
  case $verb in
    restart) RESTARTED="$RESTARTED $1" ;;
    reload-or-restart) RELOADED="$RELOADED $1" ;;
  esac
}

# unit_let_go UNIT: a unit that we have brought is stopped and disabled, while its file is still there. One that ran before us runs on, and
# starts at boot as it did then; what changes for it is for `drop`. Returns 1 with FAILURE set.
unit_let_go() {
  local error
  before_read service "$1"
  if ! service_ran; then
    unit_drop "$1"
    return
  fi
  case $BEFORE in
    'disabled '*)
      if ! error=$(control 60 disable "$1" 2>&1); then
        FAILURE="cannot disable $1 again: ${error##*"$NEWLINE"}"
        return 1
      fi
      ;;
  esac
}
