# Units: systemd. Every call is bounded. A restart is only requested (--no-block) and then watched, because
# `systemctl restart` of a Type=notify service blocks until the service is ready or times out, and says nothing meanwhile.

UNIT_PROPERTIES=Id,LoadState,ActiveState,SubState,UnitFileState,NRestarts,InvocationID,Job,Type,Result,ExecMainCode,ExecMainStatus,RemainAfterExit
TOUCHED=                                   # units that this run has started, restarted or reloaded
TOUCHED_SINCE=                             # when the first of them was, in seconds since the epoch
RESTARTED='' RELOADED='' STARTED=''

# control SECONDS ARGUMENT…: systemctl with a bound.
control() {
  local limit
  limit=$1
  shift
  timeout "$limit" systemctl "$@" </dev/null
}

# units_show UNIT…: reads the state of the units into STAGE/units, one line each, for `unit_get`.
units_show() {
  if ! control 20 show -p "$UNIT_PROPERTIES" "$@" >"$STAGE/show"; then
    FAILURE="systemctl does not answer (is the disk or the D-Bus of this host stuck?)"
    return 1
  fi
  awk '
    function known(key, otherwise) { return value[key] == "" ? otherwise : value[key] }
    function unit() {
      if (known("Id", "") != "") {
        print value["Id"], known("LoadState", "-"), known("ActiveState", "-"), known("SubState", "-"), known("UnitFileState", "-"),
          known("NRestarts", 0), known("InvocationID", "-"), known("Job", 0), known("Type", "-"), known("Result", "-"),
          known("ExecMainCode", 0), known("ExecMainStatus", 0), known("RemainAfterExit", "no")
      }
      split("", value)
    }
    /^$/ { unit(); next }
    { at = index($0, "="); value[substr($0, 1, at - 1)] = substr($0, at + 1) }
    END { unit() }' "$STAGE/show" >"$STAGE/units"
}

# unit_get UNIT: sets UNIT_* from the last `units_show`.
unit_get() {
  local id load active sub file restarts invocation job type result code status remains
  UNIT_LOAD=- UNIT_ACTIVE=- UNIT_SUB=- UNIT_FILE=- UNIT_RESTARTS=0 UNIT_INVOCATION='' UNIT_JOB=0 UNIT_TYPE=- UNIT_RESULT=-
  UNIT_CODE=0 UNIT_STATUS=0 UNIT_REMAINS=no
  while read -r id load active sub file restarts invocation job type result code status remains; do
    if [ "$id" = "$1" ]; then
      UNIT_LOAD=$load UNIT_ACTIVE=$active UNIT_SUB=$sub UNIT_FILE=$file UNIT_RESTARTS=$restarts
      UNIT_INVOCATION=${invocation#-} UNIT_JOB=$job UNIT_TYPE=$type UNIT_RESULT=$result
      UNIT_CODE=$code UNIT_STATUS=$status UNIT_REMAINS=$remains
      return
    fi
  done <"$STAGE/units"
}

# unit_up: whether the unit read last does what a listed unit shall do. A oneshot that has ended well has done it, unless it remains active
# then: somebody has stopped it.
unit_up() {
  [ "$UNIT_ACTIVE" = active ] ||
    { [ "$UNIT_ACTIVE-$UNIT_TYPE-$UNIT_REMAINS-$UNIT_RESULT" = inactive-oneshot-no-success ] && [ -n "$UNIT_INVOCATION" ]; }
}

# unit_drop UNIT: stops and disables a unit that we let go of. Its file is still there.
unit_drop() {
  local error
  # The unit's own TimeoutStopSec ends a stop that hangs; this bound is for a systemd that does.
  if ! error=$(control 600 stop "$1" 2>&1); then
    units_show "$1" || return 1
    unit_get "$1"
    if [ "$UNIT_LOAD" != not-found ]; then
      FAILURE="cannot stop $1: ${error##*"$NEWLINE"}"
      return 1
    fi
  fi
  # Nothing to disable (no [Install] section, no file) is fine. systemd reads all of its units once for it, or for all that changes.
  control 60 ${HIT_DAEMON_RELOAD:+--no-reload} disable "$1" >/dev/null 2>&1 || :
  control 20 reset-failed "$1" >/dev/null 2>&1 || :
}

# units_converge UNITS RESTART RELOAD: enables and starts all of UNITS, in order; restarts those that are in RESTART too and
# reloads those in RELOAD, each observed active before the next. Returns 1 with FAILURE and BLAMED set.
units_converge() {
  local restart reload enable reset unit error verb
  restart=$2 reload=$3
  if [ -z "$1" ]; then
    return 0
  fi
  # shellcheck disable=SC2086 # a list of words
  units_show $1 || return 1
  enable='' reset=''
  for unit in $1; do
    unit_get "$unit"
    BLAMED=$unit
    case $UNIT_LOAD in
      loaded) ;;
      not-found)
        FAILURE="$unit does not exist on this host: there is no unit file for it (is its package installed?)"
        return 1
        ;;
      masked)
        FAILURE="$unit is masked outside of $UNITS_PATH; run \`systemctl unmask --runtime $unit\` or remove the mask by hand, then run again"
        return 1
        ;;
      *)
        FAILURE="systemd cannot load $unit ($UNIT_LOAD); see \`systemctl status $unit\` and \`systemd-analyze verify $unit\`"
        return 1
        ;;
    esac
    case $UNIT_FILE in
      disabled | - | linked | enabled-runtime) enable="$enable $unit" ;;
    esac
    # shellcheck disable=SC2086 # a list of words
    if has_word "$unit" $restart || ! unit_up; then
      reset="$reset $unit"
    fi
  done
  if [ -n "$enable" ]; then
    # shellcheck disable=SC2086 # a list of words
    if ! error=$(control 60 enable $enable 2>&1); then
      FAILURE="cannot enable$enable: ${error##*"$NEWLINE"}"
      return 1
    fi
  fi
  if [ -n "$reset" ]; then
    # Clears the start limit and the counter of automatic restarts, so that what is counted from now on is ours.
    # shellcheck disable=SC2086 # a list of words
    control 20 reset-failed $reset >/dev/null 2>&1 || :
  fi
  BLAMED=
  cp "$STAGE/units" "$STAGE/units-before"
  for unit in $1; do
    # shellcheck disable=SC2086 # a list of words
    if has_word "$unit" $restart; then
      verb=restart
    elif has_word "$unit" $reload; then
      verb=reload
    else
      verb=keep
    fi
    unit_converge "$unit" "$verb" || return 1
  done
}

# invocation_before UNIT: sets INVOCATION_BEFORE as it was when `units_converge` began.
invocation_before() {
  local id invocation
  INVOCATION_BEFORE=
  while read -r id _ _ _ _ _ invocation _; do
    if [ "$id" = "$1" ]; then
      INVOCATION_BEFORE=${invocation#-}
    fi
  done <"$STAGE/units-before"
}

# unit_converge UNIT restart|reload|keep
unit_converge() {
  local error verb old
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
      if ! error=$(control 120 reload "$1" 2>&1); then
        FAILURE="$1 refused to reload"
        journal_read "$1"
        journal_reason
        FAILURE="$FAILURE: ${REASON:-${error##*"$NEWLINE"}}"
        return 1
      fi
      RELOADED="$RELOADED $1"
      BLAMED=
      return 0
      ;;
    *-inactive | *-failed) verb=start ;;
    *) verb=restart ;;
  esac
  invocation_before "$1"
  old=$UNIT_INVOCATION
  if [ "$verb" = restart ] && [ "$UNIT_INVOCATION" != "$INVOCATION_BEFORE" ] && [ -n "$UNIT_INVOCATION" ]; then
    # PartOf= or BindsTo= of a unit before has restarted it already, with the new files.
    RESTARTED="$RESTARTED $1"
    old=$INVOCATION_BEFORE
  else
    if ! error=$(control 60 --no-block "$verb" "$1" 2>&1); then
      FAILURE="systemd does not $verb $1: ${error##*"$NEWLINE"}"
      return 1
    fi
    case $verb in
      restart) RESTARTED="$RESTARTED $1" ;;
      start) STARTED="$STARTED $1" ;;
    esac
  fi
  unit_wait "$1" "$old" || return 1
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
  local started begin
  started=
  check_longest "$1"
  DOOM_LOOKED=0
  uptime_seconds
  begin=$UPTIME
  while :; do
    units_show "$1" || return 1
    unit_get "$1"
    uptime_seconds
    if [ -z "$started" ] && [ "$UNIT_INVOCATION" != "$2" ]; then
      started=$UPTIME
    fi
    if [ "$UNIT_JOB" = 0 ]; then
      if unit_up && [ -n "$started" ]; then
        return 0
      fi
      case $UNIT_ACTIVE in
        failed | inactive)
          unit_ended "$1"
          return 1
          ;;
      esac
    fi
    if [ "$UNIT_JOB" = 0 ] && [ -z "$started" ] && unit_up && [ $((UPTIME - begin)) -ge 10 ]; then
      FAILURE="systemd has dropped the restart of $1: it runs on as before (did somebody else start or stop units?)"
      return 1
    fi
    if unit_doomed "$1" "${started:-$UPTIME}" 0; then
      return 1
    fi
    if [ -n "$started" ] && [ $((UPTIME - started)) -ge "$CHECK_LONGEST" ]; then
      FAILURE="$1 did not become active within $CHECK_LONGEST s of its start (it is $UNIT_ACTIVE, $UNIT_SUB)"
      return 1
    fi
    if [ -z "$started" ] && [ $((UPTIME - begin)) -ge "${PLINTH_STOP_SECONDS:-180}" ]; then
      FAILURE="$1 did not stop and start again within ${PLINTH_STOP_SECONDS:-180} s (it is $UNIT_ACTIVE, $UNIT_SUB)"
      return 1
    fi
    sleep 0.3
  done
}

# unit_ended UNIT: sets FAILURE for a unit, read last, that is down for good.
unit_ended() {
  local how
  case $UNIT_CODE-$UNIT_STATUS in
    1-*) how="its process ended with exit code $UNIT_STATUS" ;;
    2-* | 3-*) how="its process was killed by signal $UNIT_STATUS" ;;
    *) how="systemd says: $UNIT_RESULT" ;;
  esac
  FAILURE="$1 is $UNIT_ACTIVE, $how"
}

# unit_doomed UNIT SINCE RESTARTS-BEFORE: whether the unit, read last, will not come up however long one waits. SINCE is when it
# was started or watching began. Sets FAILURE. One automatic restart can be a matter of order (what it needs was not up
# yet); it is hopeless when the program rejects its arguments, cannot be executed, or keeps dying within seconds.
unit_doomed() {
  local restarts
  if [ "$UNIT_ACTIVE" = failed ]; then
    unit_ended "$1"
    return 0
  fi
  restarts=$UNIT_RESTARTS
  if [ "$restarts" -ge "$3" ]; then
    restarts=$((restarts - $3))
  fi
  if [ "$restarts" = 0 ]; then
    return 1
  fi
  FAILURE="$1 does not stay up (automatic restarts: $restarts in $((UPTIME - $2)) s)"
  if [ "$UNIT_CODE" = 1 ] && [ "$UNIT_STATUS" -ge 200 ] && [ "$UNIT_STATUS" -le 245 ]; then
    FAILURE="$FAILURE; systemd cannot set up its process (exit code $UNIT_STATUS, see systemd.exec)"
    return 0
  fi
  if [ "$restarts" -ge 3 ] && [ $((UPTIME - $2)) -lt $((restarts * 10)) ]; then
    return 0
  fi
  if [ "$restarts" != "$DOOM_LOOKED" ]; then
    DOOM_LOOKED=$restarts
    journal_read "$1"
    if journal_permanent; then
      return 0
    fi
  fi
  return 1
}
