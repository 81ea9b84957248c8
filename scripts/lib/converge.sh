# Converge: brings the host to a plan, whether the plan is a new bundle or, on the way back, the previous one.

# intent_read: sets what an unfinished run has left: INTENT_RESTART, INTENT_RELOAD, INTENT_DAEMON_RELOAD; empty when none.
intent_read() {
  local kind value
  INTENT_RESTART='' INTENT_RELOAD='' INTENT_DAEMON_RELOAD=''
  if [ -e "$HOME_DIR/intent" ]; then
    while read -r kind value; do
      case $kind in
        restart) INTENT_RESTART="$INTENT_RESTART $value" ;;
        reload) INTENT_RELOAD="$INTENT_RELOAD $value" ;;
        daemon-reload) INTENT_DAEMON_RELOAD=yes ;;
      esac
    done <"$HOME_DIR/intent"
  fi
}

# hits_merge: adds what STAGE/hits says to the intent's lists, each unit once; a restart takes the place of a reload.
hits_merge() {
  local reload kind unit
  HIT_RESTART=$INTENT_RESTART HIT_RELOAD='' HIT_DAEMON_RELOAD=$INTENT_DAEMON_RELOAD
  reload=$INTENT_RELOAD
  while read -r kind unit; do
    case $kind in
      restart)
        # shellcheck disable=SC2086 # a list of words
        has_word "$unit" $HIT_RESTART || HIT_RESTART="$HIT_RESTART $unit"
        ;;
      reload)
        # shellcheck disable=SC2086 # a list of words
        has_word "$unit" $reload || reload="$reload $unit"
        ;;
      daemon-reload) HIT_DAEMON_RELOAD=yes ;;
    esac
  done <"$STAGE/hits"
  for unit in $reload; do
    # shellcheck disable=SC2086 # a list of words
    has_word "$unit" $HIT_RESTART || HIT_RELOAD="$HIT_RELOAD $unit"
  done
}

# intent_write [REASON]: the note that a change is under way; with REASON, that it has failed and the host is half done.
intent_write() {
  local unit
  {
    printf 'plinth-intent 1\nbundle %s\ngeneration %s\n' "$BUNDLE" "$GENERATION"
    for unit in $HIT_RESTART; do
      printf 'restart %s\n' "$unit"
    done
    for unit in $HIT_RELOAD; do
      printf 'reload %s\n' "$unit"
    done
    if [ -n "$HIT_DAEMON_RELOAD" ]; then
      printf 'daemon-reload\n'
    fi
    cat "$STAGE/owns"
    if [ -n "${1-}" ]; then
      printf 'failed %s\n' "$1"
    fi
    printf 'end\n'
  } >"$STAGE/intent" && write_atomic "$HOME_DIR/intent" 0600 <"$STAGE/intent"
}

# plan_units: sets UNITS to the plan's units in order.
plan_units() {
  local kind unit
  UNITS=
  while read -r kind unit _; do
    if [ "$kind" = unit ]; then
      UNITS="$UNITS $unit"
    fi
  done <"$STAGE/manifest"
}

# units_drop: lets go of the units that are no longer wanted; their files are still there.
units_drop() {
  local op unit
  DROPPED=
  while read -r op unit _; do
    if [ "$op" = drop-unit ]; then
      unit_let_go "$unit" || return 1
      DROPPED="$DROPPED $unit"
    fi
  done <"$STAGE/ops"
}

# units_left RESTART RELOAD: sets UNITS_LEFT to the units that another bundle still has, and that read what this one gives up.
units_left() {
  local op unit
  UNITS_LEFT=
  while read -r op unit _; do
    # shellcheck disable=SC2086 # lists of words
    if [ "$op" = leave-unit ] && has_word "$unit" $1 $2; then
      UNITS_LEFT="$UNITS_LEFT $unit"
    fi
  done <"$STAGE/ops"
}

# units_enable_written: enables units whose files this run has written before systemd reads all of its units again. Whoever enables one
# afterwards has it read them once more, which takes more than the rest of a small change. Not where something has to come before the unit may
# start: a host that boots meanwhile would start it. What cannot be enabled here is told of by `units_converge`.
units_enable_written() {
  local op path written
  if grep -q '^prepare ' "$STAGE/manifest" || grep -q '^make-resource late ' "$STAGE/ops"; then
    return
  fi
  written=
  while read -r op _ path _; do
    # shellcheck disable=SC2086 # a list of words
    if [ "$op" = write ] && [ "${path%/*}" = "$UNITS_PATH" ] && has_word "${path##*/}" $UNITS && grep -q '^\[Install\]' "$ROOT$path"; then
      written="$written ${path##*/}"
    fi
  done <"$STAGE/ops"
  if [ -n "$written" ]; then
    # shellcheck disable=SC2086 # a list of words
    control 60 --no-reload enable $written >/dev/null 2>&1 || :
  fi
}

SPARED=                                    # the first reason for which something is not as it was there

# spared: whether what has failed, in FAILURE, is left until the rest is as it was: only on the way back.
spared() {
  if [ -z "$BACK" ]; then
    return 1
  fi
  SPARED=${SPARED:-$FAILURE} FAILURE=''
}

# converge RESTART RELOAD: carries out STAGE/ops, then the prepares of STAGE/manifest, and ends when its checks have passed. Returns 1
# with FAILURE, and where a unit, a check or a prepare is the cause BLAMED, FAILED_CHECK or FAILED_PREPARE, and FAILED_AFTER set.
converge() {
  local error
  FAILURE='' BLAMED='' FAILED_CHECK='' FAILED_PREPARE='' FAILED_AFTER=''
  plan_units
  CHANGED_RESOURCES=
  units_drop || return 1
  resources_make early || return 1
  # Those that have just been made, or come with a package.
  if [ -n "$CHANGED_RESOURCES" ]; then
    owners_exist "$STAGE/manifest" || spared || return 1
  fi
  validations_run early || return 1
  files_write || return 1
  if [ -n "$HIT_DAEMON_RELOAD" ]; then
    units_enable_written
    if ! error=$(control 90 daemon-reload 2>&1); then
      FAILURE="systemctl daemon-reload failed: ${error##*"$NEWLINE"}"
      return 1
    fi
  fi
  resources_make late || return 1
  resources_drop || return 1
  validations_run late || return 1
  prepares_run || return 1
  effects_lost
  units_left "$1" "$2"
  units_converge "$UNITS$UNITS_LEFT" "$1 $EFFECTS_LOST" "$2" && checks_run
}
