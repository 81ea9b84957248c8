# Converge: brings the host to a plan, whether the plan is a new bundle or, on the way back, the previous one.

# intent_read: sets what an unfinished run has left: INTENT_RESTART, INTENT_RELOAD, INTENT_DAEMON_RELOAD; empty when none.
intent_read() {
  INTENT_RESTART='' INTENT_RELOAD='' INTENT_DAEMON_RELOAD=''
  if [ -e "$HOME_DIR/intent" ]; then
    while read -r ir_kind ir_value; do
      case $ir_kind in
        restart) INTENT_RESTART="$INTENT_RESTART $ir_value" ;;
        reload) INTENT_RELOAD="$INTENT_RELOAD $ir_value" ;;
        daemon-reload) INTENT_DAEMON_RELOAD=yes ;;
      esac
    done <"$HOME_DIR/intent"
  fi
}

# hits_merge: adds what STAGE/hits says to the intent's lists, each unit once; a restart takes the place of a reload.
hits_merge() {
  HIT_RESTART=$INTENT_RESTART HIT_RELOAD='' HIT_DAEMON_RELOAD=$INTENT_DAEMON_RELOAD
  hm_reload=$INTENT_RELOAD
  while read -r hm_kind hm_unit; do
    case $hm_kind in
      restart)
        # shellcheck disable=SC2086 # a list of words
        has_word "$hm_unit" $HIT_RESTART || HIT_RESTART="$HIT_RESTART $hm_unit"
        ;;
      reload)
        # shellcheck disable=SC2086 # a list of words
        has_word "$hm_unit" $hm_reload || hm_reload="$hm_reload $hm_unit"
        ;;
      daemon-reload) HIT_DAEMON_RELOAD=yes ;;
    esac
  done <"$STAGE/hits"
  for hm_unit in $hm_reload; do
    # shellcheck disable=SC2086 # a list of words
    has_word "$hm_unit" $HIT_RESTART || HIT_RELOAD="$HIT_RELOAD $hm_unit"
  done
}

# intent_write [REASON]: the note that a change is under way; with REASON, that it has failed and the host is half done.
intent_write() {
  {
    printf 'plinth-intent 1\nbundle %s\ngeneration %s\n' "$BUNDLE" "$GENERATION"
    for iw_unit in $HIT_RESTART; do
      printf 'restart %s\n' "$iw_unit"
    done
    for iw_unit in $HIT_RELOAD; do
      printf 'reload %s\n' "$iw_unit"
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
  UNITS=
  while read -r pu_kind pu_unit _; do
    if [ "$pu_kind" = unit ]; then
      UNITS="$UNITS $pu_unit"
    fi
  done <"$STAGE/manifest"
}

# units_drop: stops and disables the units that are no longer wanted; their files are still there.
units_drop() {
  DROPPED=
  while read -r ul_op ul_unit _; do
    if [ "$ul_op" = drop-unit ]; then
      unit_drop "$ul_unit" || return 1
      DROPPED="$DROPPED $ul_unit"
    fi
  done <"$STAGE/ops"
}

# converge RESTART RELOAD: carries out STAGE/ops, then the prepares of STAGE/manifest, and ends when its checks have passed. Returns 1
# with FAILURE, and where a unit, a check or a prepare is the cause BLAMED, FAILED_CHECK or FAILED_PREPARE, and FAILED_AFTER set.
converge() {
  FAILURE='' BLAMED='' FAILED_CHECK='' FAILED_PREPARE='' FAILED_AFTER=''
  plan_units
  units_drop || return 1
  files_write || return 1
  if [ -n "$HIT_DAEMON_RELOAD" ]; then
    if ! cv_error=$(control 90 daemon-reload 2>&1); then
      FAILURE="systemctl daemon-reload failed: ${cv_error##*"$NEWLINE"}"
      return 1
    fi
  fi
  prepares_run || return 1
  effects_lost
  units_converge "$UNITS" "$1 $EFFECTS_LOST" "$2" && checks_run
}
