# Units: systemd. Every call is bounded. A restart is only requested (--no-block) and then watched, because
# `systemctl restart` of a Type=notify service blocks until the service is ready or times out, and says nothing meanwhile.

UNIT_PROPERTIES=Id,LoadState,ActiveState,SubState,UnitFileState,NRestarts,InvocationID,Job,Type,Result,ExecMainCode,ExecMainStatus
TOUCHED=                                   # units that this run has started, restarted or reloaded
TOUCHED_SINCE=                             # when the first of them was, in seconds since the epoch
RESTARTED='' RELOADED='' STARTED=''

# control SECONDS ARGUMENT…: systemctl with a bound.
control() {
  co_limit=$1
  shift
  timeout "$co_limit" systemctl "$@" </dev/null
}

# units_show UNIT…: reads the state of the units into STAGE/units, one line each, for `unit_get`.
units_show() {
  if ! control 20 show -p "$UNIT_PROPERTIES" "$@" >"$STAGE/show"; then
    FAILURE="systemctl does not answer (is the disk or the D-Bus of this host stuck?)"
    return 1
  fi
  us_id=
  {
    while IFS='=' read -r us_key us_value; do
      case $us_key in
        '')
          units_line
          ;;
        Id) us_id=$us_value ;;
        LoadState) us_load=$us_value ;;
        ActiveState) us_active=$us_value ;;
        SubState) us_sub=$us_value ;;
        UnitFileState) us_file=$us_value ;;
        NRestarts) us_restarts=$us_value ;;
        InvocationID) us_invocation=$us_value ;;
        Job) us_job=$us_value ;;
        Type) us_type=$us_value ;;
        Result) us_result=$us_value ;;
        ExecMainCode) us_code=$us_value ;;
        ExecMainStatus) us_status=$us_value ;;
      esac
    done <"$STAGE/show"
    units_line
  } >"$STAGE/units"
}

# units_line: prints what `units_show` has gathered for one unit, and begins the next.
units_line() {
  if [ -n "$us_id" ]; then
    printf '%s\n' "$us_id ${us_load:--} ${us_active:--} ${us_sub:--} ${us_file:--} ${us_restarts:-0} ${us_invocation:--} ${us_job:-0} ${us_type:--} ${us_result:--} ${us_code:-0} ${us_status:-0}"
  fi
  us_id='' us_load='' us_active='' us_sub='' us_file='' us_restarts='' us_invocation='' us_job='' us_type='' us_result='' us_code='' us_status=''
}

# unit_get UNIT: sets UNIT_* from the last `units_show`.
unit_get() {
  UNIT_LOAD=- UNIT_ACTIVE=- UNIT_SUB=- UNIT_FILE=- UNIT_RESTARTS=0 UNIT_INVOCATION='' UNIT_JOB=0 UNIT_TYPE=- UNIT_RESULT=-
  UNIT_CODE=0 UNIT_STATUS=0
  while read -r ug_id ug_load ug_active ug_sub ug_file ug_restarts ug_invocation ug_job ug_type ug_result ug_code ug_status; do
    if [ "$ug_id" = "$1" ]; then
      UNIT_LOAD=$ug_load UNIT_ACTIVE=$ug_active UNIT_SUB=$ug_sub UNIT_FILE=$ug_file UNIT_RESTARTS=$ug_restarts
      UNIT_INVOCATION=${ug_invocation#-} UNIT_JOB=$ug_job UNIT_TYPE=$ug_type UNIT_RESULT=$ug_result
      UNIT_CODE=$ug_code UNIT_STATUS=$ug_status
      return
    fi
  done <"$STAGE/units"
}

# unit_up: whether the unit read last does what a listed unit shall do. A oneshot that has ended well has done it.
unit_up() {
  [ "$UNIT_ACTIVE" = active ] ||
    { [ "$UNIT_ACTIVE" = inactive ] && [ "$UNIT_TYPE" = oneshot ] && [ "$UNIT_RESULT" = success ] && [ -n "$UNIT_INVOCATION" ]; }
}

# unit_drop UNIT: stops and disables a unit that we let go of. Its file is still there.
unit_drop() {
  # The unit's own TimeoutStopSec ends a stop that hangs; this bound is for a systemd that does.
  if ! ud_error=$(control 600 stop "$1" 2>&1); then
    units_show "$1" || return 1
    unit_get "$1"
    if [ "$UNIT_LOAD" != not-found ]; then
      FAILURE="cannot stop $1: ${ud_error##*"$NEWLINE"}"
      return 1
    fi
  fi
  # Nothing to disable (no [Install] section, no file) is fine.
  control 60 disable "$1" >/dev/null 2>&1 || :
  control 20 reset-failed "$1" >/dev/null 2>&1 || :
}

# units_converge UNITS RESTART RELOAD: enables and starts all of UNITS, in order; restarts those that are in RESTART too and
# reloads those in RELOAD, each observed active before the next. Returns 1 with FAILURE and BLAMED set.
units_converge() {
  uc_restart=$2 uc_reload=$3
  if [ -z "$1" ]; then
    return 0
  fi
  # shellcheck disable=SC2086 # a list of words
  units_show $1 || return 1
  uc_enable='' uc_reset=''
  for uc_unit in $1; do
    unit_get "$uc_unit"
    BLAMED=$uc_unit
    case $UNIT_LOAD in
      loaded) ;;
      not-found)
        FAILURE="$uc_unit does not exist on this host: there is no unit file for it (is its package installed?)"
        return 1
        ;;
      masked)
        FAILURE="$uc_unit is masked outside of /etc/systemd/system; run \`systemctl unmask --runtime $uc_unit\` or remove the mask by hand, then run again"
        return 1
        ;;
      *)
        FAILURE="systemd cannot load $uc_unit ($UNIT_LOAD); see \`systemctl status $uc_unit\` and \`systemd-analyze verify $uc_unit\`"
        return 1
        ;;
    esac
    case $UNIT_FILE in
      disabled | - | linked | enabled-runtime) uc_enable="$uc_enable $uc_unit" ;;
    esac
    # shellcheck disable=SC2086 # a list of words
    if has_word "$uc_unit" $uc_restart || ! unit_up; then
      uc_reset="$uc_reset $uc_unit"
    fi
  done
  if [ -n "$uc_enable" ]; then
    # shellcheck disable=SC2086 # a list of words
    if ! uc_error=$(control 60 enable $uc_enable 2>&1); then
      FAILURE="cannot enable$uc_enable: ${uc_error##*"$NEWLINE"}"
      return 1
    fi
  fi
  if [ -n "$uc_reset" ]; then
    # Clears the start limit and the counter of automatic restarts, so that what is counted from now on is ours.
    # shellcheck disable=SC2086 # a list of words
    control 20 reset-failed $uc_reset >/dev/null 2>&1 || :
  fi
  BLAMED=
  cp "$STAGE/units" "$STAGE/units-before"
  for uc_unit in $1; do
    # shellcheck disable=SC2086 # a list of words
    if has_word "$uc_unit" $uc_restart; then
      uc_verb=restart
    elif has_word "$uc_unit" $uc_reload; then
      uc_verb=reload
    else
      uc_verb=keep
    fi
    unit_converge "$uc_unit" "$uc_verb" || return 1
  done
}

# invocation_before UNIT: sets INVOCATION_BEFORE as it was when `units_converge` began.
invocation_before() {
  INVOCATION_BEFORE=
  while read -r ib_id _ _ _ _ _ ib_invocation _; do
    if [ "$ib_id" = "$1" ]; then
      INVOCATION_BEFORE=${ib_invocation#-}
    fi
  done <"$STAGE/units-before"
}

# unit_converge UNIT restart|reload|keep
unit_converge() {
  BLAMED=$1
  if [ -n "$TOUCHED" ]; then
    # Other units have been restarted since the state of all was read.
    units_show "$1" || return 1
  fi
  unit_get "$1"
  if [ "$2" = keep ]; then
    if unit_up; then
      BLAMED=
      return 0
    fi
    case $UNIT_ACTIVE-$UNIT_SUB in
      *-auto-restart) ;;
      activating-* | deactivating-* | reloading-*)
        # On its way without our doing, such as by PartOf= of a unit before.
        touched "$1"
        unit_wait "$1" '' || return 1
        BLAMED=
        return 0
        ;;
    esac
  fi
  touched "$1"
  case $2-$UNIT_ACTIVE in
    reload-active)
      if ! uv_error=$(control 120 reload "$1" 2>&1); then
        FAILURE="$1 refused to reload"
        journal_read "$1"
        journal_reason
        FAILURE="$FAILURE: ${REASON:-${uv_error##*"$NEWLINE"}}"
        return 1
      fi
      RELOADED="$RELOADED $1"
      BLAMED=
      return 0
      ;;
    *-inactive | *-failed) uv_verb=start ;;
    *) uv_verb=restart ;;
  esac
  invocation_before "$1"
  uv_old=$UNIT_INVOCATION
  if [ "$uv_verb" = restart ] && [ "$UNIT_INVOCATION" != "$INVOCATION_BEFORE" ] && [ -n "$UNIT_INVOCATION" ]; then
    # PartOf= or BindsTo= of a unit before has restarted it already, with the new files.
    RESTARTED="$RESTARTED $1"
    uv_old=$INVOCATION_BEFORE
  else
    if ! uv_error=$(control 60 --no-block "$uv_verb" "$1" 2>&1); then
      FAILURE="systemd does not $uv_verb $1: ${uv_error##*"$NEWLINE"}"
      return 1
    fi
    case $uv_verb in
      restart) RESTARTED="$RESTARTED $1" ;;
      start) STARTED="$STARTED $1" ;;
    esac
  fi
  unit_wait "$1" "$uv_old" || return 1
  BLAMED=
}

# touched UNIT: notes that from now on the unit's log is about what this run did.
touched() {
  if [ -z "$TOUCHED_SINCE" ]; then
    TOUCHED_SINCE=$(date +%s)
  fi
  TOUCHED="$TOUCHED $1"
}

# unit_wait UNIT INVOCATION: waits until a process newer than INVOCATION is up. The deadline counts from the start of that
# process: stopping the old one may take its time (an apiserver drains for a while) and has systemd's own bound.
unit_wait() {
  uw_started=
  check_longest "$1"
  DOOM_LOOKED=0
  uptime_seconds
  uw_begin=$UPTIME
  while :; do
    units_show "$1" || return 1
    unit_get "$1"
    uptime_seconds
    if [ -z "$uw_started" ] && [ "$UNIT_INVOCATION" != "$2" ]; then
      uw_started=$UPTIME
    fi
    if [ "$UNIT_JOB" = 0 ]; then
      if unit_up && [ -n "$uw_started" ]; then
        return 0
      fi
      case $UNIT_ACTIVE in
        failed | inactive)
          unit_ended "$1"
          return 1
          ;;
      esac
    fi
    if [ "$UNIT_JOB" = 0 ] && [ -z "$uw_started" ] && unit_up && [ $((UPTIME - uw_begin)) -ge 10 ]; then
      FAILURE="systemd has dropped the restart of $1: it runs on as before (did somebody else start or stop units?)"
      return 1
    fi
    if unit_doomed "$1" "${uw_started:-$UPTIME}" 0; then
      return 1
    fi
    if [ -n "$uw_started" ] && [ $((UPTIME - uw_started)) -ge "$CHECK_LONGEST" ]; then
      FAILURE="$1 did not become active within $CHECK_LONGEST s of its start (it is $UNIT_ACTIVE, $UNIT_SUB)"
      return 1
    fi
    if [ -z "$uw_started" ] && [ $((UPTIME - uw_begin)) -ge "${PLINTH_STOP_SECONDS:-180}" ]; then
      FAILURE="$1 did not stop and start again within ${PLINTH_STOP_SECONDS:-180} s (it is $UNIT_ACTIVE, $UNIT_SUB)"
      return 1
    fi
    sleep 0.3
  done
}

# unit_ended UNIT: sets FAILURE for a unit, read last, that is down for good.
unit_ended() {
  case $UNIT_CODE-$UNIT_STATUS in
    1-*) ue_how="its process ended with exit code $UNIT_STATUS" ;;
    2-* | 3-*) ue_how="its process was killed by signal $UNIT_STATUS" ;;
    *) ue_how="systemd says: $UNIT_RESULT" ;;
  esac
  FAILURE="$1 is $UNIT_ACTIVE, $ue_how"
}

# unit_doomed UNIT SINCE RESTARTS-BEFORE: whether the unit, read last, will not come up however long one waits. SINCE is when it
# was started or watching began. Sets FAILURE. One automatic restart can be a matter of order (what it needs was not up
# yet); it is hopeless when the program rejects its arguments, cannot be executed, or keeps dying within seconds.
unit_doomed() {
  if [ "$UNIT_ACTIVE" = failed ]; then
    unit_ended "$1"
    return 0
  fi
  un_restarts=$UNIT_RESTARTS
  if [ "$un_restarts" -ge "$3" ]; then
    un_restarts=$((un_restarts - $3))
  fi
  if [ "$un_restarts" = 0 ]; then
    return 1
  fi
  FAILURE="$1 does not stay up (automatic restarts: $un_restarts in $((UPTIME - $2)) s)"
  if [ "$UNIT_CODE" = 1 ] && [ "$UNIT_STATUS" -ge 200 ] && [ "$UNIT_STATUS" -le 245 ]; then
    FAILURE="$FAILURE; systemd cannot set up its process (exit code $UNIT_STATUS, see systemd.exec)"
    return 0
  fi
  if [ "$un_restarts" -ge 3 ] && [ $((UPTIME - $2)) -lt $((un_restarts * 10)) ]; then
    return 0
  fi
  if [ "$un_restarts" != "$DOOM_LOOKED" ]; then
    DOOM_LOOKED=$un_restarts
    journal_read "$1"
    if journal_permanent; then
      return 0
    fi
  fi
  return 1
}
